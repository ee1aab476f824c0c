import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {createClient} from '../../src/ky/client.ts';
import {createFetch} from '../../src/fetch.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import {indexedDbStore} from '../../src/stores/indexeddb.ts';
import {openClient} from '../ky/client.ts';
import {openShop, OPERATION} from '../operation/shop.ts';
import {answer, drop, hang} from '../support/fake-server.ts';
import {lack, lacks} from '../support/globals.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const isPage = 'document' in globalThis;
const whose = isPage ? {} : {scope: null};

describe.each(lacks)('where DOMException is %s', how => {
	test('an attempt that takes too long is followed by another', async () => {
		lack('DOMException', how);
		const {environment, realm, server} = openShop();
		server.script(hang);
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'succeeded', attempts: 2});
	});

	test('a call whose time is over is unknown', async () => {
		lack('DOMException', how);
		const {environment, realm, server} = openShop();
		server.script(hang);
		const {error, outcome} = await environment.finish(realm().pay({totalTimeout: 1000, timeout: false}));
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', cause: {name: 'TimeoutError'}});
	});

	test('an operation that everybody has left is unknown, and goes on with the next press', async () => {
		lack('DOMException', how);
		const {environment, realm, server} = openShop();
		const buyer = realm();
		server.script(hang);
		const controller = new AbortController();
		const left = buyer.pay({signal: controller.signal});
		await environment.settle();
		controller.abort(new Error('closed'));
		expect((await environment.finish(left)).error).toMatchObject({message: 'closed'});
		await environment.advance(200);
		expect(buyer.handle.state.status).toBe('unknown');
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'succeeded'});
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('a call without a name ends as by fetch', async () => {
		lack('DOMException', how);
		const {environment, realm, server} = openShop();
		server.script(hang);
		const late = realm().pay({operation: true, retry: 0, timeout: 1000});
		expect((await environment.finish(late)).error).toMatchObject({name: 'TimeoutError'});
		let user = 'ann';
		const scope = () => user;
		const attemptHeaders = () => {
			user = 'bob';
			return undefined;
		};
		const unsent = realm({scope, attemptHeaders}).pay({operation: true});
		expect((await environment.finish(unsent)).error).toMatchObject({name: 'AbortError'});
	});

	test('a client’s call without a key ends with the name of its reason', async () => {
		lack('DOMException', how);
		const {api, finish, server} = openClient({retry: 0});
		server.script(hang, hang);
		const late = finish(api.get('orders', {timeout: 1000}));
		await expect(late).rejects.toMatchObject({name: 'TimeoutError'});
		const body = new ReadableStream();
		const overtime = finish(api.put('orders', {body, totalTimeout: 1000}));
		await expect(overtime).rejects.toMatchObject({name: 'TimeoutError'});
		let user = 'ann';
		const other = openClient({scope: () => user});
		other.server.script(async exchange => {
			user = 'bob';
			return answer(503)(exchange);
		});
		await expect(other.finish(other.api.get('orders'))).rejects.toMatchObject({name: 'AbortError'});
	});
});

describe('where signals cannot throw by themselves', () => {
	const without = () => {
		lack('throwIfAborted', 'missing', AbortSignal.prototype);
	};

	test('a call with one goes on, and one that was aborted before sends nothing', async () => {
		without();
		const {environment, realm, server} = openShop();
		const buyer = realm();
		const controller = new AbortController();
		const {signal} = controller;
		expect((await environment.finish(buyer.pay({signal}))).outcome).toBe('succeeded');
		controller.abort(new Error('closed'));
		const late = buyer.pay({signal, operation: 'another'});
		expect((await environment.finish(late)).error).toMatchObject({message: 'closed'});
		expect(server.requests).toHaveLength(1);
	});

	test('a client’s call without a key goes on, and ends with the reason', async () => {
		without();
		const {api, finish, environment, server} = openClient();
		const controller = new AbortController();
		const {signal} = controller;
		expect((await finish(api.get('orders', {signal}))).ok).toBe(true);
		server.script(hang);
		const call = outcomeOf(api.get('orders', {signal}));
		await environment.settle();
		controller.abort(new Error('closed'));
		expect((await call).error).toMatchObject({message: 'closed'});
	});

	test('a kept request is resumed', async () => {
		without();
		const {environment, realm, server} = openShop();
		server.script(drop);
		const {fetch, pay} = realm({keepRequest: true, retry: 0});
		expect((await environment.finish(pay())).outcome).toBe('unknown');
		const [open] = await unfinished(fetch);
		const {signal} = new AbortController();
		expect((await environment.finish(open!.resume!({signal}))).status).toBe(201);
	});

	test('nor say why, an abort is still an AbortError', async () => {
		without();
		lack('reason', 'missing', AbortSignal.prototype);
		const {environment, realm, server} = openShop();
		const {fetch} = realm();
		server.script(hang);
		const controller = new AbortController();
		const init = {method: 'POST', body: 'cart', operation: OPERATION, signal: controller.signal} as const;
		const call = outcomeOf(fetch('https://shop.test/orders', init));
		await environment.settle();
		controller.abort();
		expect((await call).error).toMatchObject({name: 'AbortError'});
		await expect(fetch('https://shop.test/orders', init)).rejects.toMatchObject({name: 'AbortError'});
		expect(server.requests).toHaveLength(1);
	});
});

test.each(lacks)(
	'where nothing is told of what is collected (%s), an abort still ends an answer that is read',
	async how => {
		lack('FinalizationRegistry', how);
		vi.resetModules();
		onTestFinished(() => void vi.resetModules());
		const {createClient: create} = await import('../../src/ky/client.ts');
		const signals: AbortSignal[] = [];
		const fetch = async (input: unknown) => {
			signals.push((input as Request).signal);
			return new Response(new ReadableStream());
		};
		const controller = new AbortController();
		await create({fetch, store: openShop().store, ...whose}).get('https://shop.test/', {signal: controller.signal});
		expect(signals.map(({aborted}) => aborted)).toEqual([false]);
		controller.abort();
		expect(signals.map(({aborted}) => aborted)).toEqual([true]);
	},
);

/** What the sources look at and can do without; vitest itself needs some of them in browsers. */
const optional = ['indexedDB', 'navigator', 'BroadcastChannel', 'WorkerGlobalScope', 'DOMException', 'localStorage'];
const ofNode = ['document', 'location', 'addEventListener', 'removeEventListener', 'Bun'];
const here = isPage ? optional : [...optional, ...ofNode];

describe.each(lacks)('a global that is %s', how => {
	test.each(here)('%s does not keep a call from going on', async name => {
		lack(name, how);
		const server = openShop().server.fetch;
		const url = 'https://shop.test/orders';
		const store = indexedDbStore({name: `lacking: ${name}, ${how}`});
		const fetch = createFetch({fetch: server, store, ...whose});
		const operation = [how, name] as const;
		const handle = operationOf(fetch, operation);
		const stop = handle.subscribe(() => undefined);
		const call = fetch(url, {method: 'POST', body: 'cart', operation});
		expect(await outcomeOf(call)).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect(handle.state.status).toBe('succeeded');
		stop();
		await handle.complete();
		expect(await unfinished(fetch)).toEqual([]);
		const api = createClient({fetch: server, store, ...whose});
		expect((await api.get(url)).ok).toBe(true);
	});
});
