import {describe, expect, test} from 'vitest';
import {createFetchIn} from '../../src/fetch.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {CallOptions} from '../../src/options.ts';
import {answer, drop, lose} from '../support/fake-server.ts';
import {openShop} from '../operation/shop.ts';

const ORDERS = 'https://shop.test/orders';
const reused = answer(422, {}, 'idempotency key reused');

function unnamedShop() {
	const {environment, server, store} = openShop();
	const fetch = createFetchIn(environment, {fetch: server.fetch, store, retry: {delay: () => 10}});
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

	test('given as a header it gets the server’s Response, as from fetch', async () => {
		const {environment, server, post} = unnamedShop();
		server.script(reused);
		const response = await environment.finish(post({headers: {'idempotency-key': 'order-42'}}));
		expect(response.status).toBe(422);
		expect(await response.text()).toBe('idempotency key reused');
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
