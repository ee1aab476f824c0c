import type {FetchOptions, RetryOptions, SharedOptions} from './options.ts';
import type {Kind} from './validate.ts';

/** The name of a method or a header (RFC 9110 §5.6.2). */
export const token: RegExp = /^[!#$%&'*+.^_`|~\w-]+$/;

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isFunction = (value: unknown): boolean => typeof value === 'function';
// A timer that is set for longer fires at once.
const isTime = (value: unknown): boolean => typeof value === 'number' && value > 0 && value < 2 ** 31;
const isCount = (value: unknown): boolean =>
	Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100;
const isCure = ({on, ask}: {on?: unknown; ask?: unknown}): boolean =>
	isFunction(ask) && Array.isArray(on) && on.every(status => Number.isInteger(status) && status >= 400 && status < 500);

const MILLISECONDS = 'milliseconds above 0 and up to 2147483647';
const COUNT = 'a whole number from 0 to 100';

const flag: Kind = {takes: 'a boolean', fits: value => typeof value === 'boolean'};
const callback: Kind = {takes: 'a function', fits: isFunction};
const headerName: Kind = {takes: 'a header name', fits: value => isText(value) && token.test(value)};
/** A time that a timer can be set for. */
export const time: Kind = {takes: MILLISECONDS, fits: isTime};
const timeLimit: Kind = {
	takes: `${MILLISECONDS}, or false`,
	fits: value => value === false || isTime(value),
};

/** How long a server keeps keys. */
export const retention: Kind = {
	takes: 'milliseconds above 0',
	fits: value => Number.isFinite(value) && (value as number) > 0,
};

/** What `retry` may say. */
export const retryKinds: Readonly<Record<keyof RetryOptions, Kind>> = {
	limit: {takes: COUNT, fits: isCount},
	backoffLimit: time,
	delay: callback,
	maxRetryAfter: time,
};

/** What a call may say. */
export const sharedKinds: Readonly<Record<keyof SharedOptions, Kind>> = {
	timeout: timeLimit,
	totalTimeout: timeLimit,
	retry: {
		takes: `${COUNT}, or an object`,
		fits: value => isCount(value) || isObject(value),
		may: retryKinds,
	},
	judge: callback,
	reconcile: callback,
	fingerprint: callback,
	fingerprintHeaders: {
		takes: 'an array of header names',
		fits: value => Array.isArray(value) && value.every(headerName.fits),
	},
	attemptHeaders: callback,
	reauthorize: {
		takes: 'a function, or {on: 4xx statuses, ask: a function}',
		fits: value => isFunction(value) || (isObject(value) && isCure(value as {on?: unknown; ask?: unknown})),
	},
	keepResponse: flag,
	keepRequest: flag,
};

/** What `createFetch` takes besides. */
export const fetchKinds: Readonly<Record<Exclude<keyof FetchOptions, keyof SharedOptions>, Kind>> = {
	fetch: callback,
	store: {
		takes: 'a store',
		fits: isObject,
		needs: {claim: callback, renew: callback, settle: callback, forget: callback, list: callback, sweep: callback},
	},
	scope: {
		takes: 'a string, null or a function',
		fits: value => value === null || isText(value) || isFunction(value),
	},
	dialect: {
		takes: 'a dialect',
		fits: isObject,
		needs: {header: headerName, isReplay: callback},
		may: {shouldRetryHeader: headerName, formatKey: callback, saves: callback, read: callback, retention},
	},
	keyed: {
		takes: 'a boolean, an array of methods or a function',
		fits: value => typeof value === 'boolean' || isFunction(value) || (Array.isArray(value) && value.every(isText)),
	},
	keyFrom: callback,
	keySenders: {
		takes: `'this-store' or 'anywhere'`,
		fits: value => value === 'this-store' || value === 'anywhere',
	},
	onEvent: callback,
	onStoreError: {takes: `'fail' or 'degrade'`, fits: value => value === 'fail' || value === 'degrade'},
};
