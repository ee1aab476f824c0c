import type {FetchOptions, SharedOptions} from './options.ts';
import type {Kind} from './validate.ts';

/** The name of a method or a header (RFC 9110 §5.6.2). */
export const token: RegExp = /^[!#$%&'*+.^_`|~\w-]+$/;

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isFunction = (value: unknown) => typeof value === 'function';
// A timer that is set for longer fires at once.
const isTime = (value: unknown) => typeof value === 'number' && value > 0 && value < 2 ** 31;
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100;

const MILLISECONDS = 'milliseconds above 0 and up to 2147483647';
const COUNT = 'a whole number from 0 to 100';

const callback: Kind = {takes: 'a function', fits: isFunction};
const headerName: Kind = {takes: 'a header name', fits: value => isText(value) && token.test(value)};
const time: Kind = {takes: MILLISECONDS, fits: isTime};
const timeLimit: Kind = {
	takes: `${MILLISECONDS}, or false`,
	fits: value => value === false || isTime(value),
};

/** How long a server keeps keys. */
export const retention: Kind = {
	takes: 'milliseconds above 0',
	fits: value => Number.isFinite(value) && (value as number) > 0,
};

/** What a call may say. */
export const sharedKinds = {
	timeout: timeLimit,
	totalTimeout: timeLimit,
	retry: {
		takes: `${COUNT}, or an object`,
		fits: value => isCount(value) || isObject(value),
		may: {
			limit: {takes: COUNT, fits: isCount},
			backoffLimit: time,
			delay: callback,
			maxRetryAfter: time,
		},
	},
	judge: callback,
	reconcile: callback,
	fingerprint: callback,
	keepResponse: {takes: 'a boolean', fits: value => typeof value === 'boolean'},
} satisfies Record<keyof SharedOptions, Kind>;

/** What `createFetch` takes besides. */
export const fetchKinds = {
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
		needs: {header: headerName, saves: callback, isReplay: callback},
		may: {shouldRetryHeader: headerName, formatKey: callback, read: callback, retention},
	},
	keyed: {
		takes: 'a boolean, an array of methods or a function',
		fits: value => typeof value === 'boolean' || isFunction(value) || (Array.isArray(value) && value.every(isText)),
	},
	keyFrom: callback,
	onEvent: callback,
	onStoreError: {takes: `'fail' or 'degrade'`, fits: value => value === 'fail' || value === 'degrade'},
} satisfies Record<Exclude<keyof FetchOptions, keyof SharedOptions>, Kind>;
