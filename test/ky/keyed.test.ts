import {isHTTPError, isNetworkError} from 'ky';
import {describe, expect, test} from 'vitest';
import {stripe} from '../../src/dialects/stripe.ts';
import type {ClientOptions} from '../../src/ky/client.ts';
import {answer, drop, lose} from '../support/fake-server.ts';
import {json, openClient, uuid} from './client.ts';

describe('what is keyed and what is retried', () => {
	test.each(['get', 'put', 'delete', 'head'] as const)(
		'%s is retried as an idempotent method, without a key',
		async method => {
			const {api, server, finish} = openClient();
			server.script(drop, answer(503), answer(429));
			const response = await finish(api[method]('orders/7'));
			expect(response.ok).toBe(true);
			expect(server.keys()).toEqual([undefined, undefined, undefined, undefined]);
		},
	);

	test('a body of a PUT is the same at every attempt', async () => {
		const {api, server, finish} = openClient();
		server.script(drop, answer(500));
		await finish(api.put('orders/7', {json}));
		const bodies = await Promise.all(server.requests.map(async ({body}) => new Response(body as BodyInit).text()));
		expect(bodies).toEqual(Array(3).fill('{"cart":42}'));
	});

	test('an idempotent call that fails for good fails as with ky', async () => {
		const {api, server, finish} = openClient({retry: 1});
		server.script(drop, drop);
		await expect(finish(api.get('orders'))).rejects.toSatisfy(isNetworkError);
		server.script(answer(503), answer(503, {}, 'down'));
		const error: unknown = await finish(api.get('orders').catch((it: unknown) => it));
		expect(isHTTPError(error) && error.data).toBe('down');
	});

	test.each(['post', 'patch'] as const)('%s without an operation is neither keyed nor retried', async method => {
		const {api, server, finish} = openClient();
		server.script(drop);
		await expect(finish(api[method]('orders', {json}))).rejects.toSatisfy(isNetworkError);
		expect(server.keys()).toEqual([undefined]);
	});

	test.each<[string, ClientOptions]>([
		['keyed', {keyed: true}],
		['a declared dialect', {dialect: stripe}],
	])('with %s, POST and PATCH are', async (_, options) => {
		const {api, server, finish} = openClient(options);
		server.script(drop);
		await finish(api.post('orders', {json}));
		await finish(api.patch('orders/7', {json}));
		await finish(api.get('orders'));
		const [one, two, three, four] = server.keys();
		expect(one).toMatch(uuid);
		expect(two).toBe(one);
		expect(three).toMatch(uuid);
		expect(three).not.toBe(one);
		expect(four).toBeUndefined();
	});

	test('keyed: false goes before a declared dialect', async () => {
		const {api, server, finish} = openClient({dialect: stripe, keyed: false});
		await finish(api.post('orders', {json}));
		expect(server.keys()).toEqual([undefined]);
	});

	test('an own key is sent as it is', async () => {
		const {api, server, finish} = openClient();
		server.script(lose);
		await finish(api.post('orders', {json, idempotencyKey: 'my-key'}));
		await finish(api.post('orders', {json, headers: {'Idempotency-Key': 'my-header'}}));
		expect(server.keys()).toEqual(['my-key', 'my-key', 'my-header']);
	});

	test('an id that is missing is a TypeError, and nothing is sent', async () => {
		const {api, server} = openClient();
		const missing = undefined as unknown as string;
		await expect(api.post('orders', {json, operation: missing})).rejects.toThrow(TypeError);
		await expect(api.post('orders', {json, operation: ['checkout', missing]})).rejects.toThrow(/operation\[1\]/);
		expect(server.requests).toHaveLength(0);
	});
});
