import {describe, expect, test} from 'vitest';
import {createFetch} from '../src/fetch.ts';
import {createClient} from '../src/ky/client.ts';
import {settingsOf, withCall} from '../src/normalize-options.ts';
import type {FetchOptions} from '../src/options.ts';
import {ietf} from '../src/dialects/ietf.ts';
import {stripe} from '../src/dialects/stripe.ts';
import {contentKey} from '../src/request/content-key.ts';
import {memoryStore} from '../src/stores/memory.ts';

const dialect = ietf();
const longest = 2 ** 31 - 1;

function problemOf(options: object): unknown {
	try {
		settingsOf(options);
		return undefined;
	} catch (error) {
		return error;
	}
}

describe('the defaults', () => {
	test('are 20 s for an attempt, 60 s in all and 3 retries', () => {
		expect(settingsOf({})).toMatchObject({
			timeout: 20_000,
			totalTimeout: 60_000,
			retry: {limit: 3, backoffLimit: 8_000, maxRetryAfter: 30_000},
			keepResponse: false,
			keepRequest: false,
			onStoreError: 'fail',
			keySenders: 'anywhere',
			dialect: {name: 'ietf'},
		});
	});

	test('stand where an option is undefined', () => {
		const nothing = {timeout: undefined, retry: undefined, scope: undefined, dialect: undefined, keyed: undefined};
		expect(settingsOf(nothing as object)).toEqual(settingsOf({}));
	});
});

describe('an option of the wrong kind', () => {
	const ms = 'milliseconds above 0 and up to 2147483647';
	const count = 'a whole number from 0 to 100';
	const words: Array<[option: object, words: string]> = [
		...['fetch', 'keyFrom', 'onEvent', 'judge', 'reconcile', 'fingerprint', 'attemptHeaders'].map(
			(name): [object, string] => [{[name]: 'no'}, `${name} takes a function, not "no"`],
		),
		...['keepResponse', 'keepRequest'].map((name): [object, string] => [
			{[name]: 'no'},
			`${name} takes a boolean, not "no"`,
		]),
		[{timeout: 'no'}, `timeout takes ${ms}, or false, not "no"`],
		[{totalTimeout: 'no'}, `totalTimeout takes ${ms}, or false, not "no"`],
		[{retry: 'no'}, `retry takes ${count}, or an object, not "no"`],
		[{retry: {limit: 'no'}}, `retry.limit takes ${count}, not "no"`],
		[{retry: {backoffLimit: 'no'}}, `retry.backoffLimit takes ${ms}, not "no"`],
		[{retry: {maxRetryAfter: 'no'}}, `retry.maxRetryAfter takes ${ms}, not "no"`],
		[{retry: {delay: 'no'}}, 'retry.delay takes a function, not "no"'],
		[{fingerprintHeaders: 'no'}, 'fingerprintHeaders takes an array of header names, not "no"'],
		[{reauthorize: 'no'}, 'reauthorize takes a function, or {on: 4xx statuses, ask: a function}, not "no"'],
		[{store: 'no'}, 'store takes a store, not "no"'],
		[{scope: true}, 'scope takes a string, null or a function, not true'],
		[{dialect: 'no'}, 'dialect takes a dialect, not "no"'],
		[{dialect: {...dialect, header: 'a b'}}, 'dialect.header takes a header name, not "a b"'],
		[{dialect: {...dialect, retention: 'no'}}, 'dialect.retention takes milliseconds above 0, not "no"'],
		[{keyed: 'no'}, 'keyed takes a boolean, an array of methods or a function, not "no"'],
		[{keySenders: 'no'}, "keySenders takes 'this-store' or 'anywhere', not \"no\""],
		[{onStoreError: 'no'}, "onStoreError takes 'fail' or 'degrade', not \"no\""],
	];
	test.each(words)('%o is told what it takes', (options, told) => {
		expect(String(problemOf(options))).toBe(`TypeError: latchkey: ${told}`);
	});

	const anything = [null, 'no', 1, true, {}, []];
	const wrong: Array<[string, readonly unknown[]]> = [
		['fetch', anything],
		['keyFrom', anything],
		['onEvent', anything],
		['judge', anything],
		['reconcile', anything],
		['fingerprint', anything],
		['fingerprintHeaders', [null, 'X-Tenant', 1, {}, [1], [''], ['X Tenant'], ['X-Tenant:'], ['X-Tenant', null]]],
		['attemptHeaders', anything],
		['reauthorize', [...anything, {on: [401]}, {ask() {}}, {on: 401, ask() {}}, {on: [200], ask() {}}]],
		[
			'reauthorize',
			[
				{on: [500], ask() {}},
				{on: ['401'], ask() {}},
				{on: [401.5], ask() {}},
				{on: [401], ask: 'x'},
			],
		],
		['scope', [1, true, {}, []]],
		['onStoreError', [null, '', 'retry', true, {}]],
		['keySenders', [null, '', 'nobody', true, {}, ['this-store']]],
		['keepResponse', [null, 1, 'true', {}]],
		['keepRequest', [null, 1, 'true', {}]],
		['keyed', [null, 'POST', 1, {}, [1], ['POST', null]]],
		['timeout', [null, true, '20', {}, [], 5n]],
		['totalTimeout', [null, true, '20', {}, Symbol('t')]],
		['retry', [null, true, '3', [3]]],
		['store', [null, 'indexeddb', 1, {}, [], {...memoryStore(), claim: undefined}]],
		['dialect', [null, 'stripe', 1, {}, []]],
	];
	const rows = wrong.flatMap(([name, values]) => values.map(value => ({name, value})));

	test.each(rows)('$name: $value is a TypeError that names it', ({name, value}) => {
		const problem = problemOf({[name]: value});
		expect(problem).toBeInstanceOf(TypeError);
		expect((problem as Error).message).toMatch(new RegExp(`^latchkey: ${name}(\\.\\w+)? takes `));
	});

	test.each<[string, object]>([
		['retry.limit', {limit: '3'}],
		['retry.limit', {limit: null}],
		['retry.backoffLimit', {backoffLimit: false}],
		['retry.backoffLimit', {backoffLimit: '1'}],
		['retry.maxRetryAfter', {maxRetryAfter: false}],
		['retry.delay', {delay: 100}],
		['retry.delay', {delay: null}],
	])('%s in %o is a TypeError that names it', (name, retry) => {
		const problem = problemOf({retry});
		expect(problem).toBeInstanceOf(TypeError);
		expect((problem as Error).message).toContain(`latchkey: ${name} takes `);
	});

	test('what a store lacks is named', () => {
		const store = {...memoryStore(), settle: undefined};
		expect(() => settingsOf({store} as object)).toThrow('latchkey: store.settle takes a function, not undefined');
		const other = {...memoryStore(), sweep: 1};
		expect(() => settingsOf({store: other} as object)).toThrow('latchkey: store.sweep takes a function, not 1');
	});
});

describe('a number out of range', () => {
	test.each(['timeout', 'totalTimeout'])('%s is a RangeError that names it', name => {
		for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, longest + 1]) {
			const problem = problemOf({[name]: value});
			expect(problem).toBeInstanceOf(RangeError);
			expect((problem as Error).message).toMatch(new RegExp(`^latchkey: ${name} takes .*or false, not ${value}$`));
		}
	});

	test.each(['backoffLimit', 'maxRetryAfter'])('retry.%s is a RangeError that names it', name => {
		for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, longest + 1]) {
			expect(() => settingsOf({retry: {[name]: value}})).toThrow(RangeError);
			expect(() => settingsOf({retry: {[name]: value}})).toThrow(`latchkey: retry.${name} takes`);
		}
	});

	test.each([-1, 0.5, 101, Number.NaN, Number.POSITIVE_INFINITY])('%d retries are a RangeError', limit => {
		expect(() => settingsOf({retry: limit})).toThrow(RangeError);
		expect(() => settingsOf({retry: limit})).toThrow(/^latchkey: retry takes/);
		expect(() => settingsOf({retry: {limit}})).toThrow(/^latchkey: retry\.limit takes/);
	});
});

describe('a dialect', () => {
	test.each<[string, object]>([
		['dialect.header', {header: undefined}],
		['dialect.header', {header: ''}],
		['dialect.header', {header: 'Idempotency Key'}],
		['dialect.header', {header: 'X-Key:'}],
		['dialect.shouldRetryHeader', {shouldRetryHeader: 'a b'}],
		['dialect.formatKey', {formatKey: 'quoted'}],
		['dialect.read', {read: {}}],
		['dialect.saves', {saves: true}],
		['dialect.saves', {saves: null}],
		['dialect.retention', {retention: '24h'}],
	])('%s in %o is a TypeError that names it', (name, change) => {
		const problem = problemOf({dialect: {...dialect, ...change}});
		expect(problem).toBeInstanceOf(TypeError);
		expect((problem as Error).message).toContain(`latchkey: ${name} takes `);
	});

	test.each<[string, (key: string) => string]>([
		['nothing', () => ''],
		['blanks', () => '  '],
		['a line break', key => `${key}\nx`],
		['another script', key => `ключ-${key}`],
	])('whose formatKey gives %s is a TypeError at once', (_, formatKey) => {
		expect(() => createFetch({dialect: {...dialect, formatKey}, scope: null})).toThrow(TypeError);
		expect(() => createFetch({dialect: {...dialect, formatKey: key => `"${key}"`}, scope: null})).not.toThrow();
	});

	test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a retention of %d is a RangeError', retention => {
		expect(() => settingsOf({dialect: {...dialect, retention}})).toThrow(RangeError);
		expect(() => settingsOf({dialect: {...dialect, retention}})).toThrow(/dialect\.retention/);
	});

	test('need not declare what is saved', () => {
		expect(() => settingsOf({dialect: {...dialect, saves: undefined}})).not.toThrow();
	});

	test('that lacks its functions is a TypeError that says which', () => {
		expect(() => settingsOf({dialect: {...dialect, isReplay: undefined} as never})).toThrow(
			'latchkey: dialect.isReplay takes a function, not undefined',
		);
	});
});

describe('who sends the keys', () => {
	const durable = {...memoryStore(), durable: true};
	const keyFrom = () => 'order-42';

	test.each<[string, FetchOptions]>([
		['a memory store, which does not say that it is durable', {store: memoryStore()}],
		['a store that is not durable', {store: {...memoryStore(), durable: false}}],
	])("'this-store' with %s is a TypeError that says why", (_, options) => {
		for (const more of [{}, {keyFrom}]) {
			const problem = problemOf({keySenders: 'this-store', ...options, ...more});
			expect(problem).toBeInstanceOf(TypeError);
			expect((problem as Error).message).toMatch(/^latchkey: keySenders 'this-store' needs a durable store/);
		}
	});

	test.each<[string, FetchOptions]>([
		["'this-store' with a durable one", {keySenders: 'this-store', store: durable}],
		["'this-store' with a durable one and keyFrom", {keySenders: 'this-store', store: durable, keyFrom}],
		["'anywhere' with keyFrom", {keySenders: 'anywhere', keyFrom}],
		["'anywhere' with a memory store", {keySenders: 'anywhere', store: memoryStore()}],
		['keyFrom with a dialect that says that errors are saved', {keyFrom, dialect: ietf({saves: 'errors'})}],
		['keyFrom with a dialect that says that they are not', {keyFrom, dialect: ietf({saves: 'success'})}],
		['keyFrom with the dialect of a provider', {keyFrom, dialect: stripe}],
	])('%s is taken', (_, options) => {
		expect(() => createFetch({scope: null, ...options})).not.toThrow();
	});

	test.each<[string, FetchOptions]>([
		['no dialect', {}],
		['a dialect that does not say what is saved', {dialect: ietf({retention: 1000})}],
		['a durable store, which does not say who else sends', {store: durable}],
		['a word that is left out', {keySenders: undefined as unknown as 'anywhere'}],
	])('keyFrom with %s is a TypeError of createFetch that names both cures', (_, options) => {
		for (const made of [keyFrom, contentKey()]) {
			const problem = problemOf({keyFrom: made, ...options});
			expect(problem).toBeInstanceOf(TypeError);
			expect((problem as Error).message).toContain("keySenders: 'this-store'");
			expect((problem as Error).message).toContain("ietf({saves: 'errors'})");
			expect(() => createFetch({scope: null, keyFrom: made, ...options})).toThrow(TypeError);
		}
	});

	test('the same is said by a client', () => {
		expect(() => createClient({keyFrom})).toThrow("keySenders: 'this-store'");
		expect(() => createClient({keyFrom, keySenders: 'this-store', store: memoryStore()})).toThrow(/durable/);
	});
});

describe('what is taken', () => {
	test.each<[string, FetchOptions]>([
		['no time-outs', {timeout: false, totalTimeout: false}],
		['the longest time-out', {timeout: longest}],
		['no retries', {retry: 0}],
		['a hundred retries', {retry: {limit: 100}}],
		['callers that are all one', {scope: null}],
		['a scope that is asked for', {scope: () => undefined}],
		['a cure', {reauthorize: () => true}],
		['a cure for other answers', {reauthorize: {on: [401, 403, 428], ask: async () => false}}],
		['an empty scope', {scope: ''}],
		['methods', {keyed: ['POST', 'patch']}],
		['a predicate', {keyed: ({method}) => method === 'POST'}],
	])('%s', (_, options) => {
		expect(() => settingsOf(options)).not.toThrow();
	});

	test('false stands for an endless time', () => {
		expect(settingsOf({timeout: false, totalTimeout: false})).toMatchObject({
			timeout: Number.POSITIVE_INFINITY,
			totalTimeout: Number.POSITIVE_INFINITY,
		});
	});

	test('a number of retries is short for its limit; other fields keep what they were', () => {
		const settings = settingsOf({retry: {backoffLimit: 100, delay: () => 5}});
		expect(withCall(settings, {retry: 7}).retry).toMatchObject({limit: 7, backoffLimit: 100});
		expect(withCall(settings, {retry: {maxRetryAfter: 9}}).retry).toMatchObject({backoffLimit: 100, maxRetryAfter: 9});
		expect(withCall(settings, {retry: {limit: 1}}).retry.delay).toBe(settings.retry.delay);
	});
});

describe('the options of a call', () => {
	const settings = settingsOf({timeout: 1000, judge: () => undefined});

	test('go before the defaults', () => {
		const own = withCall(settings, {timeout: 5, keepResponse: true});
		expect(own).toMatchObject({timeout: 5, keepResponse: true, totalTimeout: 60_000});
		expect(own.judge).toBe(settings.judge);
	});

	test('without any, the settings are the very same object', () => {
		expect(withCall(settings, {})).toBe(settings);
		expect(withCall(settings, {timeout: undefined, retry: undefined} as object)).toBe(settings);
	});

	test.each([{timeout: null}, {judge: null}, {keepResponse: 0}])('%o is a TypeError', call => {
		expect(() => withCall(settings, call as never)).toThrow(TypeError);
	});

	test('that are wrong reject the call, and nothing is sent', async () => {
		let sent = 0;
		const fetch = createFetch({
			scope: null,
			store: memoryStore(),
			fetch: async () => {
				sent++;
				return new Response();
			},
		});
		const call = fetch('https://shop.test/pay', {method: 'POST', operation: 'pay', timeout: Number.NaN});
		await expect(call).rejects.toThrow(/^latchkey: timeout/);
		expect(sent).toBe(0);
	});
});
