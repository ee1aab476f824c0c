import {describe, expect, test} from 'vitest';
import {createFetchIn} from '../../src/fetch.ts';
import type {FetchOptions} from '../../src/options.ts';
import {answer, drop} from '../support/fake-server.ts';
import {openShop} from '../operation/shop.ts';

const ORDERS = 'https://shop.test/orders';

function spiedShop(options: FetchOptions = {}) {
	const {environment, server, store} = openShop();
	const calls: unknown[][] = [];
	const fetch = createFetchIn(environment, {
		store,
		...options,
		fetch: async (...given) => {
			calls.push(given);
			return server.fetch(...given);
		},
	});
	return {environment, server, fetch, calls};
}

describe('a call that is not keyed', () => {
	test('passes as it is: the very same input and init, without a key', async () => {
		const {fetch, calls, server} = spiedShop();
		const init = {method: 'POST', body: 'x'};
		await fetch(ORDERS, init);
		expect(calls[0]?.[0]).toBe(ORDERS);
		expect(calls[0]?.[1]).toBe(init);
		expect(server.keys()).toEqual([undefined]);
	});

	test('a Request passes unread', async () => {
		const {fetch, calls} = spiedShop();
		const request = new Request(ORDERS, {method: 'POST', body: 'x'});
		await fetch(request);
		expect(calls[0]?.[0]).toBe(request);
	});

	test('is not retried', async () => {
		const {fetch, server} = spiedShop();
		server.script(answer(503), drop);
		expect((await fetch(ORDERS, {method: 'POST', body: 'x'})).status).toBe(503);
		await expect(fetch(ORDERS)).rejects.toEqual(new TypeError('fetch failed'));
		expect(server.requests).toHaveLength(2);
	});

	test('goes on without our options', async () => {
		const {fetch, calls} = spiedShop();
		await fetch(ORDERS, {method: 'POST', body: 'x', timeout: 1000, retry: 2});
		expect(calls[0]?.[1]).toEqual({method: 'POST', body: 'x'});
	});
});

describe('keyed', () => {
	const all: Array<[string, FetchOptions['keyed'], string, boolean]> = [
		['true', true, 'POST', true],
		['true', true, 'DELETE', true],
		['true', true, 'GET', false],
		['a list of methods', ['post'], 'POST', true],
		['a list of methods', ['post'], 'PATCH', false],
		['a function', ({url}) => url === ORDERS, 'POST', true],
		['a function', ({method}) => method === 'PUT', 'POST', false],
		['false', false, 'POST', false],
	];
	test.each(all)('%s (%s) with %s: %s', async (_, keyed, method, has) => {
		const {environment, fetch, server} = spiedShop({keyed: keyed!});
		await environment.finish(fetch(ORDERS, {method}));
		expect(server.keys()[0] !== undefined).toBe(has);
	});

	test('calls are retried under one key, and each has its own', async () => {
		const {environment, fetch, server} = spiedShop({keyed: true});
		server.script(drop);
		const post = async () => fetch(ORDERS, {method: 'POST', body: 'x'});
		await environment.finish(post());
		await environment.finish(post());
		expect(server.keys()).toHaveLength(3);
		expect(new Set(server.keys()).size).toBe(2);
	});
});
