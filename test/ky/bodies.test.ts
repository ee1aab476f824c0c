import {expect, test} from 'vitest';
import {createClientIn} from '../../src/ky/client.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {fakeServer} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';

function openClient() {
	const environment = virtualEnvironment();
	const server = fakeServer(environment);
	const api = createClientIn(environment, {fetch: server.fetch, store: memoryStoreIn(environment), scope: null});
	return {environment, server, api};
}

test.each<[string, unknown]>([
	['an object', {cart: 42}],
	['an array of objects', [{cart: 42}, 2]],
	['an array of numbers', [1, 2]],
])('%s as a body is a mistake, and nothing is sent', async (_, body) => {
	for (const own of [{operation: 'pay'}, {idempotencyKey: 'own'}, {}]) {
		const {environment, server, api} = openClient();
		const call = environment.finish(
			Promise.resolve(api.post('https://shop.test/orders', {body: body as BodyInit, ...own})),
		);
		await expect(call).rejects.toThrow(/say json, or use JSON\.stringify/);
		expect(server.requests).toHaveLength(0);
	}
});

test.each<[string, RequestInit]>([
	['that begins like the text of an object', {body: '[object Object],2'}],
	['of many objects', {body: Array.from({length: 20}, () => '[object Object]').join()}],
	['of an object with a name of its own', {body: '[object My Cart]'}],
])('a Request %s is a mistake', async (_, init) => {
	const {environment, server, api} = openClient();
	const request = new Request('https://shop.test/orders', {method: 'POST', ...init});
	await expect(environment.finish(Promise.resolve(api(request, {operation: 'pay'})))).rejects.toThrow(
		/a body may be text/,
	);
	expect(server.requests).toHaveLength(0);
});
