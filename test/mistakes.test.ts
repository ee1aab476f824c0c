import {describe, expect, test} from 'vitest';
import {isMistake, mistake} from '../src/mistake.ts';
import {createClientIn} from '../src/ky/client.ts';
import {ietf} from '../src/dialects/ietf.ts';
import {fromContent} from '../src/request/identity.ts';
import {outcomeOf} from '../src/operation/outcome.ts';
import type {CallOptions, FetchOptions} from '../src/options.ts';
import {untyped, url, watched} from './input/watched.ts';
import {openShop} from './operation/shop.ts';
import {answer, drop, lose, unreachable} from './support/fake-server.ts';
import {operationOf} from '../src/operation/handle.ts';
import {unfinished} from '../src/operation/unfinished.ts';

const ORDERS = 'https://shop.test/orders';
const post = {method: 'POST', body: '{"cart":42}'} as const;
const named = {...post, operation: ['checkout', '42']} as const;

/** What `outcomeOf` throws; undefined where it gives a report. */
async function thrownBy(call: Promise<Response>): Promise<unknown> {
	return outcomeOf(call).then(
		() => undefined,
		(error: unknown) => error,
	);
}

function isOurs(error: unknown): boolean {
	return isMistake(error) && /^(Type|Range)Error: latchkey: ./.test(String(error));
}

function isOursOfRange(error: unknown): boolean {
	return isOurs(error) && error instanceof RangeError;
}

describe('a mistake in a call is thrown by outcomeOf, and nothing was sent or written', () => {
	const form = new FormData();
	const rows: Array<[string, Record<string, unknown>, FetchOptions?]> = [
		['an option of the wrong kind', {operation: 'pay', judge: 'yes'}],
		['a field of an option of the wrong kind', {operation: 'pay', retry: {delay: 100}}],
		['an option that is misspelt', {operation: 'pay', totalTimout: 5}],
		['an option of createFetch', {operation: 'pay', scope: 'user-1'}],
		['a field that is misspelt', {operation: 'pay', retry: {limits: 5}}],
		['a name with a missing id', {operation: ['checkout', undefined]}],
		['a name that is too long', {operation: 'x'.repeat(2000)}],
		['a name for a GET', {operation: 'pay', method: 'GET', body: undefined}],
		['a key with a space', {idempotencyKey: 'two words'}],
		['a key with a space in its header', {headers: {'idempotency-key': 'two words'}}],
		['two keys', {idempotencyKey: 'a', headers: {'idempotency-key': 'b'}}],
		['a time that is none', {idempotencyKey: {key: 'a', since: '2026'}}],
		['a method that fetch does not send', {operation: 'pay', method: 'TRACE'}],
		['a body with a GET', {idempotencyKey: 'a', method: 'GET'}],
		['a mode that drops the key', {operation: 'pay', mode: 'no-cors'}],
		['what fetch does not know', {operation: 'pay', cache: 'bogus'}],
		['a header that is none', {operation: 'pay', headers: {'a b': 'c'}}],
		['headers that are none', {operation: 'pay', headers: 5}],
		['a body that is an object', {operation: 'pay', body: {cart: 42}}],
		['a body that was an object', {operation: fromContent(), body: '[object Object]'}],
		['a controller for its signal', {operation: 'pay', signal: new AbortController()}],
		['no scope, and no answer to it', {operation: 'pay'}, {scope: () => 7 as unknown as string}],
		['a key of keyFrom with a space', {operation: 'pay'}, {keyFrom: () => 'two words', keySenders: 'anywhere'}],
		['a form, and a key of keyFrom', {operation: 'pay', body: form}, {keyFrom: () => '', keySenders: 'anywhere'}],
	];

	test.each(rows)('%s', async (_, init, options = {}) => {
		const {fetch, sent} = watched(options);
		expect(await thrownBy(fetch(url, untyped(init)))).toSatisfy(isOurs);
		expect(sent).toEqual([]);
		expect(await unfinished(fetch).catch(() => [])).toEqual([]);
	});

	test.each([
		['an option out of range', {operation: 'pay', timeout: -1}],
		['a field out of range', {operation: 'pay', retry: {limit: 0.5}}],
		['a time that is none', {idempotencyKey: {key: 'a', since: -1}}],
	])('%s, a RangeError', async (_, init) => {
		const {fetch, sent} = watched();
		expect(await thrownBy(fetch(url, untyped(init)))).toSatisfy(isOursOfRange);
		expect(sent).toEqual([]);
	});

	test.each(['/orders', 'https://user:secret@api.test/', 'data:,x'])('the URL %s', async wrong => {
		const {fetch} = watched({fetch: undefined as never}, {baseUrl: () => undefined});
		expect(await thrownBy(fetch(wrong, named))).toSatisfy(isOurs);
	});

	test('the body of a Request, which is read late', async () => {
		const {fetch, sent} = watched();
		const request = new Request(url, {method: 'POST', body: '[object Object]'});
		expect(await thrownBy(fetch(request, {operation: 'pay'}))).toSatisfy(isOurs);
		expect(sent).toEqual([]);
	});

	test('on a server, no scope', async () => {
		const {fetch} = watched({scope: undefined as never}, {shared: true});
		expect(await thrownBy(fetch(url, named))).toSatisfy(isOurs);
	});

	test('through a handle', async () => {
		const {fetch} = watched();
		expect(await thrownBy(operationOf(fetch, 'pay').fetch(url, untyped({totaltimeout: 5})))).toSatisfy(isOurs);
		expect(() => operationOf(fetch, '')).toThrow(expect.toSatisfy(isMistake));
	});

	test('another key than that of the record, or than that of a flight', async () => {
		const {environment, realm, server} = openShop();
		const {fetch} = realm({retry: 0});
		server.script(lose);
		const pay = async (idempotencyKey: string) => fetch(ORDERS, {...named, idempotencyKey});
		const [first, joiner] = await environment.finish(Promise.all([outcomeOf(pay('a')), thrownBy(pay('b'))]));
		expect(first.outcome).toBe('unknown');
		expect(joiner).toSatisfy(isOurs);
		expect(await environment.finish(thrownBy(pay('c')))).toSatisfy(isOurs);
		expect(server.keys()).toEqual(['a']);
	});

	test('a key that was spent, of the caller or of keyFrom', async () => {
		for (const [options, call] of [
			[{}, {idempotencyKey: 'a'}],
			[{keyFrom: () => 'a', keySenders: 'this-store'}, {}],
		] satisfies Array<[FetchOptions, CallOptions]>) {
			const {environment, realm, server} = openShop();
			const {fetch, handle} = realm(options);
			await environment.finish(fetch(ORDERS, {...named, ...call}));
			await environment.finish(handle.complete());
			expect(await environment.finish(thrownBy(fetch(ORDERS, {...named, ...call})))).toSatisfy(isOurs);
			expect(server.requests).toHaveLength(1);
		}
	});

	test.each<[string, HeadersInit]>([
		['sets the key', {'idempotency-key': 'x'}],
		['gives a header that is none', {'a b': 'c'}],
	])('attemptHeaders that %s', async (_, headers) => {
		for (const operation of ['pay', true] as const) {
			const {environment, realm, server} = openShop();
			const {fetch} = realm({attemptHeaders: () => headers});
			expect(await environment.finish(thrownBy(fetch(ORDERS, {...post, operation})))).toSatisfy(isOurs);
			expect(server.requests).toEqual([]);
		}
	});

	test('what was kept, with another header that counts', async () => {
		const {environment, realm, server} = openShop();
		server.script(lose);
		const {fetch, pay} = realm({retry: 0, keepRequest: true, fingerprintHeaders: ['x-tenant']});
		await environment.finish(pay({headers: {'x-tenant': 'a'}}));
		const [open] = await environment.finish(unfinished(fetch));
		for (const init of [{headers: {'x-tenant': 'b'}}, {headers: {'a b': 'c'}}, {retrys: 1}])
			expect(await environment.finish(thrownBy(open!.resume!(init as object)))).toSatisfy(isOurs);
		expect(server.requests).toHaveLength(1);
	});

	test('through a client, keyed or not', async () => {
		const {settings, environment, sent} = watched();
		const api = createClientIn(environment, settings);
		expect(await thrownBy(api.post(url, untyped({operation: null})))).toSatisfy(isOurs);
		expect(await thrownBy(api.get(url, {timeout: -1}))).toSatisfy(isOursOfRange);
		expect(await thrownBy(api.put(url, untyped({fingerprint: 1})))).toSatisfy(isOurs);
		const retry = {methods: ['get']} as never;
		expect(() => api.get(url, {retry})).toThrow(expect.toSatisfy(isMistake));
		expect(sent).toEqual([]);
	});

	test('but in createFetch and createClient it is thrown at once', () => {
		const {environment, settings} = watched();
		for (const options of [
			{timeout: 0},
			{onevent() {}},
			{keyFrom: () => 'a'},
			{keySenders: 'this-store'},
			{dialect: {...ietf(), formatKey: () => ''}},
		] as FetchOptions[]) {
			expect(() => watched(options)).toThrow(expect.toSatisfy(isMistake));
			expect(() => createClientIn(environment, {...settings, ...options})).toThrow(expect.toSatisfy(isMistake));
		}
	});
});

describe('nothing else is thrown by outcomeOf: it stays a report', () => {
	const failures: Array<[string, unknown]> = [
		['a network error, which is a TypeError', new TypeError('fetch failed')],
		['a TypeError that speaks of latchkey', new TypeError('latchkey: timeout takes milliseconds')],
		['a RangeError', new RangeError('out of range')],
		['nothing', undefined],
		['null', null],
		['a text', 'latchkey.mistake'],
	];

	test.each(failures)('%s, of a call that is not keyed', async (_, failure) => {
		const {fetch} = watched({fetch: async () => Promise.reject(failure)});
		expect(await outcomeOf(fetch(url, post))).toMatchObject({outcome: 'unknown', error: failure});
	});

	test.each(failures)('%s, as the reason of an abort', async (_, reason) => {
		const {fetch} = watched();
		const signal = AbortSignal.abort(reason);
		const outcome = Object(signal.reason) === signal.reason ? 'not-sent' : 'unknown';
		expect(await outcomeOf(fetch(url, {...named, signal}))).toMatchObject({outcome, error: signal.reason});
	});

	test.each(['scope', 'keyFrom', 'keyed', 'fingerprint'] as const)('what %s throws', async option => {
		const failure = new TypeError('not signed in');
		const ask = () => {
			throw failure;
		};
		const {fetch} = watched({keySenders: 'anywhere', [option]: ask});
		const call = fetch(url, option === 'keyed' ? post : named);
		expect(await outcomeOf(call)).toMatchObject({outcome: 'unknown', error: failure});
	});

	test("ky's own errors, and those of its hooks", async () => {
		const {settings, environment, answers} = watched();
		const failure = new TypeError('no token');
		const hooks = {
			beforeRequest: [
				() => {
					throw failure;
				},
			],
		};
		const api = createClientIn(environment, settings);
		answers.push(() => new Response(null, {status: 404}));
		expect(await outcomeOf(api.get(url))).toMatchObject({outcome: 'refused', error: {name: 'HTTPError'}});
		expect(await outcomeOf(api.get(url, {hooks}))).toMatchObject({outcome: 'unknown', error: failure});
	});

	test('a body of another call by then', async () => {
		const {environment, realm, server} = openShop();
		server.script(lose);
		const {fetch} = realm({retry: 0});
		await environment.finish(outcomeOf(fetch(ORDERS, named)));
		const changed = await environment.finish(outcomeOf(fetch(ORDERS, {...named, body: '{"cart":43}'})));
		expect(changed).toMatchObject({outcome: 'unknown', error: {code: 'PAYLOAD_CHANGED'}});
	});
});

describe('what is found after something was sent is a report', () => {
	test('a judge that answers nonsense', async () => {
		const {environment, realm} = openShop();
		const {fetch} = realm({judge: () => 'yes' as never});
		expect(await environment.finish(outcomeOf(fetch(ORDERS, named)))).toMatchObject({outcome: 'unknown', attempts: 1});
	});

	test.each<[string, RequestInit & CallOptions, object]>([
		['a named call', named, {outcome: 'unknown', attempts: 1, error: {code: 'OUTCOME_UNKNOWN'}}],
		['a call without a name', {...post, operation: true}, {outcome: 'unknown', error: new TypeError('fetch failed')}],
	])('attemptHeaders that sets the key in a second attempt of %s', async (_, init, report) => {
		const {environment, realm, server} = openShop();
		server.script(drop);
		const {fetch} = realm({attemptHeaders: ({attempt}) => (attempt === 1 ? {} : {'idempotency-key': 'x'})});
		expect(await environment.finish(outcomeOf(fetch(ORDERS, init)))).toMatchObject(report);
		expect(server.requests).toHaveLength(1);
	});

	test('the same for a GET of a client', async () => {
		const {environment, server, store} = openShop();
		for (const step of [drop, answer(503)]) {
			server.script(step);
			const api = createClientIn(environment, {
				store,
				scope: null,
				fetch: server.fetch,
				attemptHeaders: ({attempt}) => (attempt === 1 ? {} : {'content-length': '5'}),
			});
			const report = await environment.finish(outcomeOf(api.get(ORDERS)));
			expect(report).toMatchObject({outcome: 'unknown', error: {message: expect.stringContaining('attemptHeaders')}});
		}
	});

	test('the same where no connection was made: not sent, as far as can be known', async () => {
		const {environment, realm, server} = openShop();
		server.script(unreachable);
		const {fetch} = realm({attemptHeaders: ({attempt}) => (attempt === 1 ? {} : {'idempotency-key': 'x'})});
		const report = await environment.finish(outcomeOf(fetch(ORDERS, named)));
		expect(report).toMatchObject({outcome: 'not-sent', error: {code: 'NOT_SENT'}});
	});

	test('another key in the store, once the lease was lost', async () => {
		const {environment, realm, server, store} = openShop();
		server.script(lose);
		let claims = 0;
		const page = realm(
			{},
			{
				async claim(...of) {
					const result = await store.claim(...of);
					return claims++ > 0 && 'record' in result
						? {status: 'other-key', record: {...result.record, key: 'other'}, now: result.now}
						: result;
				},
				renew: async () => ({status: 'lost'}),
			},
		);
		const report = await environment.finish(outcomeOf(page.fetch(ORDERS, {...named, idempotencyKey: 'mine'})));
		expect(report).toMatchObject({outcome: 'unknown', attempts: 1, error: {code: 'OUTCOME_UNKNOWN'}});
		expect(report.error).toMatchObject({cause: {message: 'fetch failed'}});
	});

	test('a mistake of a fetch that this one is given, in a later attempt', async () => {
		for (const operation of ['pay', true] as const) {
			const {environment, realm, server} = openShop();
			const inner = async (...given: Parameters<typeof server.fetch>) => {
				if (server.requests.length === 0) return server.fetch(...given);
				throw mistake('timeout takes milliseconds');
			};
			server.script(lose);
			const {fetch} = realm({fetch: inner, retry: 1});
			const report = await environment.finish(outcomeOf(fetch(ORDERS, {...post, operation})));
			expect(report.outcome).toBe('unknown');
		}
	});
});

test('two copies of the package agree', async () => {
	const ofAnother = Object.defineProperty(new TypeError('x'), Symbol.for('latchkey.mistake'), {value: true});
	expect(await thrownBy(Promise.reject(ofAnother))).toBe(ofAnother);
	expect(Object.keys(mistake('x'))).toEqual([]);
	expect(JSON.stringify(mistake('x'))).toBe('{}');
});
