import type {Dialect} from './dialect/dialect.ts';
import type {FetchOptions, SharedOptions} from './options.ts';

/** Throws a TypeError for an option of the wrong kind and a RangeError for a number out of range, by its name. */
export function validateFetchOptions(options: FetchOptions): void {
	const {store, scope, dialect, keyed, onStoreError} = options;
	for (const name of ['fetch', 'keyFrom', 'onEvent'] as const) functionOr(name, options[name]);
	if (scope !== undefined && scope !== null && typeof scope !== 'string' && typeof scope !== 'function')
		throw wrong('scope', 'a string, null or a function', scope);
	if (onStoreError !== undefined && onStoreError !== 'fail' && onStoreError !== 'degrade')
		throw wrong('onStoreError', `'fail' or 'degrade'`, onStoreError);
	if (keyed !== undefined && typeof keyed !== 'boolean' && typeof keyed !== 'function' && !isStrings(keyed))
		throw wrong('keyed', 'a boolean, an array of methods or a function', keyed);
	if (store !== undefined) shape('store', store, ['claim', 'renew', 'settle', 'forget', 'list', 'sweep']);
	if (dialect !== undefined) validateDialect(dialect);
}

/** The same for what a call may say. */
export function validateSharedOptions(options: SharedOptions): void {
	const {timeout, totalTimeout, retry, keepResponse} = options;
	if (timeout !== undefined && timeout !== false) duration('timeout', timeout, ', or false');
	if (totalTimeout !== undefined && totalTimeout !== false) duration('totalTimeout', totalTimeout, ', or false');
	for (const name of ['judge', 'reconcile', 'fingerprint'] as const) functionOr(name, options[name]);
	if (keepResponse !== undefined && typeof keepResponse !== 'boolean')
		throw wrong('keepResponse', 'a boolean', keepResponse);
	if (typeof retry === 'number') limitOf('retry', retry);
	else if (retry !== undefined) {
		if (typeof retry !== 'object' || retry === null || Array.isArray(retry))
			throw wrong('retry', 'a number or an object', retry);
		const {limit, backoffLimit, delay, maxRetryAfter} = retry;
		if (limit !== undefined) limitOf('retry.limit', limit);
		if (backoffLimit !== undefined) duration('retry.backoffLimit', backoffLimit);
		if (maxRetryAfter !== undefined) duration('retry.maxRetryAfter', maxRetryAfter);
		functionOr('retry.delay', delay);
	}
}

function validateDialect(dialect: Dialect): void {
	shape('dialect', dialect, ['saves', 'isReplay']);
	const {header, retention, shouldRetryHeader} = dialect;
	headerName('dialect.header', header);
	if (shouldRetryHeader !== undefined) headerName('dialect.shouldRetryHeader', shouldRetryHeader);
	functionOr('dialect.formatKey', dialect.formatKey);
	functionOr('dialect.read', dialect.read);
	if (retention === undefined) return;
	if (typeof retention !== 'number') throw wrong('dialect.retention', 'a number of milliseconds', retention);
	if (!(retention > 0 && Number.isFinite(retention)))
		throw new RangeError(`latchkey: dialect.retention takes milliseconds above 0, not ${retention}`);
}

/** The longest time that a timer can hold: a longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

function duration(name: string, value: unknown, more = ''): void {
	if (typeof value !== 'number') throw wrong(name, `milliseconds${more}`, value);
	if (!(value > 0 && value <= LONGEST))
		throw new RangeError(`latchkey: ${name} takes milliseconds above 0 and up to ${LONGEST}${more}, not ${value}`);
}

function limitOf(name: string, value: unknown): void {
	if (typeof value !== 'number') throw wrong(name, 'a whole number', value);
	if (!(Number.isInteger(value) && value >= 0 && value <= 100))
		throw new RangeError(`latchkey: ${name} takes a whole number from 0 to 100, not ${value}`);
}

function headerName(name: string, value: unknown): void {
	if (typeof value !== 'string' || !/^[!#$%&'*+.^_`|~\w-]+$/.test(value)) throw wrong(name, 'a header name', value);
}

function functionOr(name: string, value: unknown): void {
	if (value !== undefined && typeof value !== 'function') throw wrong(name, 'a function', value);
}

function shape(name: string, value: unknown, methods: readonly string[]): void {
	if (typeof value !== 'object' || value === null) throw wrong(name, 'an object', value);
	const missing = methods.filter(method => typeof (value as Record<string, unknown>)[method] !== 'function');
	if (missing.length > 0) throw new TypeError(`latchkey: ${name} lacks ${missing.join(', ')}`);
}

function isStrings(value: unknown): boolean {
	return Array.isArray(value) && value.every(one => typeof one === 'string');
}

function wrong(name: string, takes: string, value: unknown): TypeError {
	return new TypeError(`latchkey: ${name} takes ${takes}, not ${describe(value)}`);
}

function describe(value: unknown): string {
	if (typeof value === 'string') return JSON.stringify(value);
	if (Array.isArray(value)) return 'an array';
	if (typeof value === 'object' && value !== null) return 'an object';
	return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value);
}
