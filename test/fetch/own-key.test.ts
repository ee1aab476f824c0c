import {describe, expect, test} from 'vitest';
import type {FetchOptions} from '../../src/options.ts';
import {NotSentError} from '../../src/errors.ts';
import {createFetchIn} from '../../src/fetch.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {CallOptions} from '../../src/options.ts';
import {answer, drop, lose, redirected, swallow, unreachable, type Step} from '../support/fake-server.ts';
import {START} from '../support/virtual-environment.ts';
import {openShop} from '../operation/shop.ts';

const ORDERS = 'https://shop.test/orders';
const reused = answer(422, {}, 'idempotency key reused');

function unnamedShop(options: FetchOptions = {}) {
	const {environment, server, store} = openShop();
	const fetch = createFetchIn(environment, {fetch: server.fetch, store, retry: {delay: () => 10}, ...options});
	const post = async (init: RequestInit & CallOptions) => fetch(ORDERS, {method: 'POST', body: '{"cart":42}', ...init});
	return {environment, server, store, fetch, post};
}

describe('an own key without a name', () => {
	const ways: Array<[string, RequestInit & CallOptions]> = [
		['idempotencyKey', {idempotencyKey: 'order-42'}],
		['a header', {headers: {'Idempotency-Key': 'order-42'}}],
		['a header in pairs', {headers: [['idempotency-key', 'order-42']]}],
		['a Headers object', {headers: new Headers({'idempotency-key': 'order-42'})}],
	];
	test.each(ways)('as %s is sent on every attempt, never another', async (_, own) => {
		const {environment, server, post, store} = unnamedShop();
		server.script(lose, drop);
		const response = await environment.finish(post(own));
		expect(response.status).toBe(201);
		expect(server.keys()).toEqual(['order-42', 'order-42', 'order-42']);
		expect(server.charges()).toBe(1);
		expect(await store.list('')).toEqual([]);
	});

	const once: Array<[string, (pairs: Array<[string, string]>) => unknown]> = [
		['an iterator of a Map', pairs => new Map(pairs).entries()],
		['an iterator of Headers', pairs => new Headers(pairs).entries()],
		[
			'a generator',
			pairs =>
				(function* () {
					yield* pairs;
				})(),
		],
		[
			'what can be gone through once',
			pairs => {
				const left = pairs.values();
				return {[Symbol.iterator]: () => left};
			},
		],
	];
	test.each(once)('in headers that are %s is the key on the wire, and the others arrive', async (_, headersOf) => {
		const {environment, server, fetch} = unnamedShop({scope: null, keyed: true});
		for (const [call, key] of [
			[{}, 'order-42'],
			[{operation: 'pay'}, 'order-43'],
			[{operation: 'refund', idempotencyKey: 'order-44'}, 'order-44'],
		] as const) {
			server.script(lose);
			const pairs: Array<[string, string]> = [
				['Idempotency-Key', key],
				['x-tenant', 'a'],
			];
			const init = {method: 'POST', body: 'x', headers: headersOf(pairs) as HeadersInit, ...call};
			expect((await environment.finish(fetch(ORDERS, init))).status).toBe(201);
		}
		expect(server.keys()).toEqual(['order-42', 'order-42', 'order-43', 'order-43', 'order-44', 'order-44']);
		expect(server.requests.map(({headers}) => headers.get('x-tenant'))).toEqual(Array(6).fill('a'));
		expect(server.charges()).toBe(3);
	});

	test.each(once)('headers that are %s arrive with a call that is not keyed, too', async (_, headersOf) => {
		const {environment, server, fetch} = unnamedShop();
		const headers = headersOf([['x-tenant', 'a']]) as HeadersInit;
		await environment.finish(fetch(ORDERS, {method: 'POST', body: 'x', headers}));
		expect(server.keys()).toEqual([undefined]);
		expect(server.requests[0]?.headers.get('x-tenant')).toBe('a');
	});

	test('of a Request is honoured too', async () => {
		const {environment, server, fetch} = unnamedShop();
		const headers = {'idempotency-key': 'order-42'};
		await environment.finish(fetch(new Request(ORDERS, {method: 'POST', body: 'x', headers})));
		expect(server.keys()).toEqual(['order-42']);
	});

	test.each(['', 'two words', 'né', 'x'.repeat(256), 'line\nbreak'])(
		'%j is a TypeError, and nothing is sent',
		async key => {
			const {server, post} = unnamedShop();
			await expect(post({idempotencyKey: key})).rejects.toBeInstanceOf(TypeError);
			await expect(post({idempotencyKey: undefined as unknown as string})).rejects.toBeInstanceOf(TypeError);
			expect(server.requests).toHaveLength(0);
		},
	);

	test('two different ones are a TypeError', async () => {
		const {server, post} = unnamedShop();
		const both = {idempotencyKey: 'order-42', headers: {'idempotency-key': 'order-43'}};
		await expect(post(both)).rejects.toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(0);
	});

	test('is the identity of the call while it is in flight: two clicks are one exchange', async () => {
		const {environment, server, post} = unnamedShop();
		const [way] = ways[0]!.slice(1) as [CallOptions];
		const [one, two] = await environment.finish(Promise.all([post(way), post(way)]));
		expect(await one.json()).toEqual({key: 'order-42', charges: 1});
		expect(await two.json()).toEqual({key: 'order-42', charges: 1});
		expect(server.requests).toHaveLength(1);
	});

	test('with another payload while in flight is PayloadChangedError; afterwards it is the server that decides', async () => {
		const {environment, server, post} = unnamedShop();
		const key = {idempotencyKey: 'order-42'};
		const first = post(key);
		await expect(environment.finish(post({...key, body: 'other'}))).rejects.toMatchObject({code: 'PAYLOAD_CHANGED'});
		await environment.finish(first);
		expect(server.requests).toHaveLength(1);
		expect((await environment.finish(post({...key, body: 'other'}))).status).toBe(422);
		expect(server.requests).toHaveLength(2);
	});

	test('on a server that knows no scope is not joined by anybody', async () => {
		const {environment, server, post} = unnamedShop();
		environment.shared = true;
		await environment.finish(Promise.all([post({idempotencyKey: 'k'}), post({idempotencyKey: 'k'})]));
		expect(server.requests.length).toBeGreaterThan(1);
	});

	test('that the server holds for another payload gets its Response, and is not known to have had no effect', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(reused);
		const report = await environment.finish(outcomeOf(post({idempotencyKey: 'order-42'})));
		expect(report).toMatchObject({outcome: 'unknown', key: 'order-42', error: undefined, keyKept: true});
		expect(report.response?.status).toBe(422);
		expect(server.requests).toHaveLength(1);
	});

	const told: Array<[string, Step, number, string]> = [
		['that the key was reused', reused, 422, 'unknown'],
		['a 401', answer(401), 401, 'unknown'],
		['a 402', answer(402), 402, 'unknown'],
		['a 403', answer(403), 403, 'unknown'],
		['a bare 409', answer(409), 409, 'unknown'],
		['a 429', answer(429), 429, 'unknown'],
		['a 500', answer(500), 500, 'unknown'],
		['a replayed 500', answer(500, {'idempotent-replayed': 'true'}), 500, 'unknown'],
		['a redirect that was followed', redirected(), 200, 'unknown'],
		['a replayed 402', answer(402, {'idempotent-replayed': 'true'}), 402, 'refused'],
		['a success', answer(201), 201, 'succeeded'],
	];
	describe.each(ways)('as %s', (_, own) => {
		test.each(told)('gets the Response whatever the outcome: %s', async (_name, step, status, outcome) => {
			for (const keySenders of ['anywhere', 'this-store'] as const) {
				const {environment, server, post} = unnamedShop({keySenders, store: {...openShop().store, durable: true}});
				server.script(...Array.from({length: 5}, () => step));
				const report = await environment.finish(outcomeOf(post(own)));
				expect(report).toMatchObject({outcome, error: undefined, key: 'order-42', keyKept: outcome !== 'refused'});
				expect(report.response?.status).toBe(status);
			}
		});

		test('that reached nobody is not known not to be sent by others', async () => {
			const {environment, server, post} = unnamedShop();
			server.script(...Array.from({length: 4}, () => unreachable));
			const report = await environment.finish(outcomeOf(post(own)));
			expect(report).toMatchObject({outcome: 'unknown', response: undefined, key: 'order-42', keyKept: true});
			expect(report.error).toMatchObject({code: 'OUTCOME_UNKNOWN', cause: {code: 'NOT_SENT'}, attempts: 4});
		});
	});

	test('that others may have sent: a repeat of it may be refused for good, where the server says that it saves that', async () => {
		const {environment, server, post} = unnamedShop({dialect: ietf({saves: 'errors'})});
		server.script(drop, answer(402));
		const report = await environment.finish(outcomeOf(post({idempotencyKey: 'order-42'})));
		expect(report).toMatchObject({outcome: 'refused', keyKept: false});
	});
});

describe('when an own key was made', () => {
	const HOUR = 3_600_000;
	const made = (hoursAgo: number) => ({idempotencyKey: {key: 'order-42', since: START - hoursAgo * HOUR}});

	test('a young one is sent', async () => {
		const {environment, server, post} = unnamedShop();
		expect((await environment.finish(post(made(23)))).status).toBe(201);
		expect(server.keys()).toEqual(['order-42']);
	});

	test('one that the server may have forgotten is not sent: OutcomeUnknownError, expired', async () => {
		const {environment, server, post} = unnamedShop();
		const refusal = {code: 'OUTCOME_UNKNOWN', reason: 'expired', expired: true, key: 'order-42', attempts: 0};
		await expect(environment.finish(post(made(24)))).rejects.toMatchObject(refusal);
		expect(server.requests).toHaveLength(0);
	});

	test('the retention that is declared counts', async () => {
		const {environment, server, post} = unnamedShop({dialect: ietf({retention: HOUR})});
		await expect(environment.finish(post(made(1)))).rejects.toMatchObject({reason: 'expired'});
		expect((await environment.finish(post(made(0.5)))).status).toBe(201);
		expect(server.requests).toHaveLength(1);
	});

	test('no attempt begins past its end; what it was told last is returned', async () => {
		const {environment, server, post} = unnamedShop({
			retry: {limit: 10, delay: () => 20_000, backoffLimit: 20_000},
			totalTimeout: false,
		});
		server.script(...Array.from({length: 11}, () => answer(503)));
		// The margin is one hundredth of a day.
		const since = START - 24 * HOUR + 864_000 + 50_000;
		const response = await environment.finish(post({idempotencyKey: {key: 'order-42', since}}));
		expect(response.status).toBe(503);
		expect(server.requests).toHaveLength(3);
	});

	test('a call that joins is told what the one is that it has joined', async () => {
		const {environment, server, post} = unnamedShop();
		const calls = [post(made(1)), post({idempotencyKey: 'order-42'}), post(made(2))];
		const responses = await environment.finish(Promise.all(calls));
		expect(responses.map(({status}) => status)).toEqual([201, 201, 201]);
		expect(server.requests).toHaveLength(1);
	});

	test('the same key in a header is one key, another one is a TypeError', async () => {
		const {environment, server, post} = unnamedShop();
		await environment.finish(post({...made(1), headers: {'idempotency-key': 'order-42'}}));
		await expect(post({...made(1), headers: {'idempotency-key': 'order-43'}})).rejects.toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(1);
	});

	test.each<[unknown, typeof TypeError | typeof RangeError]>([
		[undefined, TypeError],
		[null, TypeError],
		[new Date(START), TypeError],
		['2026-11-25', TypeError],
		[String(START), TypeError],
		[BigInt(START), TypeError],
		[Number.NaN, RangeError],
		[-1, RangeError],
		[0, RangeError],
		[Number.POSITIVE_INFINITY, RangeError],
		[START * 1_000, RangeError],
	])('since: %o is an error that says what it takes, and nothing is sent', async (since, Problem) => {
		const {server, post} = unnamedShop();
		const call = post({idempotencyKey: {key: 'order-42', since: since as number}});
		await expect(call).rejects.toBeInstanceOf(Problem);
		await expect(call).rejects.toThrow(/^latchkey: idempotencyKey\.since takes milliseconds since the epoch/);
		expect(server.requests).toHaveLength(0);
	});

	test.each(['', 'two words', undefined])('a key of %j beside it is a TypeError', async key => {
		const {server, post} = unnamedShop();
		await expect(post({idempotencyKey: {key: key as string, since: START}})).rejects.toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(0);
	});
});

describe('an unnamed call that is not settled', () => {
	test('returns the last Response', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(answer(503), answer(503), answer(503), answer(503, {}, 'the last'));
		const response = await environment.finish(post({operation: true}));
		expect(response.status).toBe(503);
		expect(await response.text()).toBe('the last');
	});

	const copies: Array<[string, (response: Response) => Response]> = [
		['a clone', response => response.clone()],
		['a clone of a clone', response => response.clone().clone()],
		['what was cloned', response => (void response.clone(), response)],
	];
	const pressed: Array<[RequestInit & CallOptions, Step[]]> = [
		[{idempotencyKey: 'order-42'}, [lose, answer(401, {}, 'who?')]],
		[{operation: 'pay', idempotencyKey: 'order-42'}, []],
		[{operation: 'pay'}, [answer(401, {}, 'who?')]],
	];
	test.each(copies)('is told the same by %s of its Response', async (_, copy) => {
		for (const [own, steps] of pressed) {
			const told = async (change: (response: Response) => Response) => {
				const {environment, server, post} = unnamedShop({scope: null});
				server.script(...steps);
				const report = await environment.finish(outcomeOf(post(own).then(change)));
				return {...report, response: await report.response?.text()};
			};
			expect(await told(copy)).toEqual(await told(it => it));
		}
	});

	test('is told as unknown by a clone, under a key that is kept', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(lose, answer(401, {}, 'who?'));
		const report = await environment.finish(outcomeOf(post({idempotencyKey: 'order-42'}).then(it => it.clone())));
		expect(report).toMatchObject({outcome: 'unknown', key: 'order-42', attempts: 2, keyKept: true});
		expect(await report.response?.text()).toBe('who?');
	});

	test('keeps its key where nothing is left to tell it by', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(lose, answer(401));
		const rebuilt = post({idempotencyKey: 'order-42'}).then(it => new Response(it.body, it));
		expect(await environment.finish(outcomeOf(rebuilt))).toMatchObject({key: undefined, keyKept: true});
		const aborted = post({idempotencyKey: 'order-42', signal: AbortSignal.abort()});
		expect(await outcomeOf(aborted)).toMatchObject({outcome: 'not-sent', keyKept: true});
	});

	test('whose last Response goes to another caller is not told that it succeeded', async () => {
		const {environment, server, post} = unnamedShop();
		const busy = answer(503, {'content-type': 'text/event-stream'}, 'busy');
		server.script(busy, busy, busy, busy);
		const key = {idempotencyKey: 'order-42'};
		const [first, joiner] = await environment.finish(Promise.allSettled([post(key), post(key)]));
		expect(first).toMatchObject({value: {status: 503}});
		expect(joiner).toMatchObject({reason: {code: 'OUTCOME_UNKNOWN', key: 'order-42', status: 503}});
	});

	test("throws fetch's own error", async () => {
		const {environment, server, post} = unnamedShop();
		server.script(drop, drop, drop, drop);
		await expect(environment.finish(post({operation: true}))).rejects.toEqual(new TypeError('fetch failed'));
	});

	test('is told as not sent only if no attempt was', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(unreachable, unreachable, unreachable, unreachable);
		const unsent = await environment.finish(outcomeOf(post({operation: true})));
		expect(unsent).toMatchObject({outcome: 'not-sent', error: {code: 'NOT_SENT'}});
		server.script(lose, unreachable, unreachable, unreachable);
		const lost = await environment.finish(outcomeOf(post({operation: true})));
		expect(lost).toMatchObject({outcome: 'unknown', error: {code: 'OUTCOME_UNKNOWN', attempts: 4}});
		expect((lost.error as Error).cause).toEqual(new TypeError('fetch failed'));
		expect(server.charges()).toBe(1);
	});

	test('that was not sent says nothing of another request, whose fetch has made it', async () => {
		const unsent = async () => Promise.reject(new NotSentError());
		const audit = unnamedShop({fetch: unsent, retry: 0});
		for (const own of [{operation: true}, {idempotencyKey: 'audit-1'}] as const) {
			const {environment, server, post} = unnamedShop({
				scope: null,
				retry: 0,
				async fetch(input, init) {
					const response = await server.fetch(input, init);
					await audit.post(own);
					return response;
				},
			});
			const report = await environment.finish(outcomeOf(post({operation: 'pay'})));
			expect(report).toMatchObject({outcome: 'unknown', keyKept: true});
			expect(server.charges()).toBe(1);
		}
	});

	test('nor is it told so when its time is over while another attempt is on its way', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(unreachable, swallow);
		const call = environment.finish(outcomeOf(post({operation: true, totalTimeout: 3000})));
		expect(await call).toMatchObject({outcome: 'unknown', error: {name: 'TimeoutError'}});
		expect(server.charges()).toBe(1);
	});

	test('ends with its caller: no linger', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(async () => new Promise(() => undefined));
		const leaving = new AbortController();
		const call = post({operation: true, signal: leaving.signal});
		await environment.settle();
		leaving.abort(new Error('left'));
		await expect(call).rejects.toMatchObject({message: 'left'});
		expect(server.requests[0]?.signal?.aborted).toBe(true);
	});
});
