import type {FetchOptions, SharedOptions} from './options.ts';
import type {RetryOptions} from './retry-options.ts';
import {callback, flag, isFunction, isTime, retention, time} from './specs.ts';
import type {OptionSpec} from './validate.ts';

/** The name of a method or a header (RFC 9110 §5.6.2). */
export const token: RegExp = /^[!#$%&'*+.^_`|~\w-]+$/;

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): boolean =>
	Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100;
const isCure = ({on, ask}: {on?: unknown; ask?: unknown}): boolean =>
	isFunction(ask) && Array.isArray(on) && on.every(status => Number.isInteger(status) && status >= 400 && status < 500);

const COUNT = 'a whole number from 0 to 100';

const headerName: OptionSpec = {expects: 'a header name', test: value => isText(value) && token.test(value)};
const timeLimit: OptionSpec = {
	expects: `${time.expects}, or false`,
	test: value => value === false || isTime(value),
};

/** What `retry` may say. */
export const retrySpecs: Readonly<Record<keyof RetryOptions, OptionSpec>> = {
	limit: {expects: COUNT, test: isCount},
	backoffLimit: time,
	delay: callback,
	maxRetryAfter: time,
};

/** What a call may say. */
export const sharedSpecs: Readonly<Record<keyof SharedOptions, OptionSpec>> = {
	timeout: timeLimit,
	totalTimeout: timeLimit,
	retry: {
		expects: `${COUNT}, or an object`,
		test: value => isCount(value) || isObject(value),
		optional: retrySpecs,
	},
	judge: callback,
	pending: callback,
	matches: callback,
	reconcile: callback,
	fingerprint: callback,
	fingerprintHeaders: {
		expects: 'an array of header names',
		test: value => Array.isArray(value) && value.every(headerName.test),
	},
	attemptHeaders: callback,
	reauthorize: {
		expects: 'a function, or {on: 4xx statuses, ask: a function}',
		test: value => isFunction(value) || (isObject(value) && isCure(value as {on?: unknown; ask?: unknown})),
	},
	keepResponse: flag,
	keepRequest: flag,
};

/** What `createFetch` takes besides. */
export const fetchSpecs: Readonly<Record<Exclude<keyof FetchOptions, keyof SharedOptions>, OptionSpec>> = {
	fetch: callback,
	store: {
		expects: 'a store',
		test: isObject,
		required: {claim: callback, renew: callback, settle: callback, forget: callback, list: callback, sweep: callback},
	},
	scope: {
		expects: 'a string, null or a function',
		test: value => value === null || isText(value) || isFunction(value),
	},
	dialect: {
		expects: 'a dialect',
		test: isObject,
		required: {header: headerName, isReplay: callback},
		optional: {
			shouldRetryHeader: headerName,
			formatKey: callback,
			saves: callback,
			read: callback,
			checkKey: callback,
			headersWith: callback,
			retention,
		},
	},
	keyed: {
		expects: 'a boolean, an array of methods or a function',
		test: value => typeof value === 'boolean' || isFunction(value) || (Array.isArray(value) && value.every(isText)),
	},
	keyFrom: callback,
	keySenders: {
		expects: `'this-store' or 'anywhere'`,
		test: value => value === 'this-store' || value === 'anywhere',
	},
	onEvent: callback,
	onStoreError: {expects: `'fail' or 'degrade'`, test: value => value === 'fail' || value === 'degrade'},
};
