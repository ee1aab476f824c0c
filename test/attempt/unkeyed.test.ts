import {sendUnkeyed} from '../../src/attempt/unkeyed.ts';
import {describe, expect, test} from 'vitest';
import {createFetchIn} from '../../src/fetch.ts';
import type {FetchOptions} from '../../src/options.ts';
import {after, answer, drop, fakeServer, hang, type Step} from '../support/fake-server.ts';
import {START, virtualEnvironment} from '../support/virtual-environment.ts';

const ORDER = 'https://shop.test/orders/7';

function open(options: FetchOptions = {}) {
	const environment = virtualEnvironment();
	const server = fakeServer(environment);
	const own = {fetch: server.fetch, retry: {delay: () => 10}, ...options};
	return {environment, server, fetch: createFetchIn(environment, own, sendUnkeyed), finish: environment.finish};
}

describe('an idempotent call without a key', () => {
	test('is tried again after a failure, a 408, a 429 and a 5xx', async () => {
		const {fetch, server, finish} = open({retry: {limit: 4, delay: () => 10}});
		server.script(drop, answer(408), answer(429), answer(502));
		const response = await finish(fetch(ORDER, {method: 'PUT', body: '{"a":1}'}));
		expect(response.status).toBe(201);
		expect(server.requests.map(({at, body}) => [at - START, body])).toEqual(
			[0, 10, 20, 30, 40].map(at => [at, '{"a":1}']),
		);
		expect(server.keys()).toEqual(Array(5).fill(undefined));
	});

	test('waits as long as the server asks', async () => {
		const {fetch, server, finish} = open();
		server.script(answer(503, {'retry-after': '2'}));
		await finish(fetch(ORDER));
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 2000]);
	});

	test('gets the last answer when the retries are used up, its body unread', async () => {
		const {fetch, server, finish} = open({retry: 1});
		server.script(answer(503), answer(503, {}, 'down'));
		const response = await finish(fetch(ORDER));
		expect(response.status).toBe(503);
		expect(response.bodyUsed).toBe(false);
		expect(await response.text()).toBe('down');
	});

	test('gets the last failure when the retries are used up', async () => {
		const {fetch, server, finish} = open({retry: 1});
		server.script(answer(503), drop);
		await expect(finish(fetch(ORDER))).rejects.toThrow('fetch failed');
		expect(server.requests).toHaveLength(2);
	});

	const bodyless = () => ({method: 'PUT', body: new ReadableStream(), duplex: 'half'}) as RequestInit;

	test('whose body never ends has its time in all, and sends nothing', async () => {
		const {fetch, server, environment, finish} = open({totalTimeout: 250});
		await expect(finish(fetch(ORDER, bodyless()))).rejects.toMatchObject({name: 'TimeoutError'});
		expect(environment.now() - START).toBe(250);
		expect(server.requests).toHaveLength(0);
	});

	test('whose body never ends is over when its signal is aborted', async () => {
		const {fetch, server, environment} = open({totalTimeout: false});
		const controller = new AbortController();
		const call = fetch(ORDER, {...bodyless(), signal: controller.signal}).catch((error: unknown) => error);
		await environment.settle();
		const reason = new Error('the page is left');
		controller.abort(reason);
		expect(await environment.finish(call)).toBe(reason);
		expect(server.requests).toHaveLength(0);
	});

	test('leaves no timer behind when its body has come', async () => {
		const {fetch, environment, finish} = open({totalTimeout: 250});
		await finish(fetch(ORDER, {method: 'PUT', body: 'x'}));
		expect(environment.timers()).toBe(0);
	});

	test.each<[string, Step, object]>([
		['a failure', drop, {message: 'fetch failed'}],
		['an answer', answer(503), {name: 'AbortError', message: 'The signed-in user (scope) has changed'}],
	])('is not sent again after %s once somebody else is signed in', async (_, step, error) => {
		const session = {user: 'ann'};
		const {fetch, server, environment} = open({scope: () => session.user});
		server.script(after(1000, step));
		const call = fetch(ORDER, {method: 'PUT', body: 'x'}).catch((thrown: unknown) => thrown);
		await environment.settle();
		session.user = 'bob';
		expect(await environment.finish(call)).toMatchObject(error);
		expect(server.requests).toHaveLength(1);
	});

	test.each([400, 404, 409, 501])('passes %d on', async status => {
		const {fetch, server, finish} = open();
		server.script(answer(status));
		expect((await finish(fetch(ORDER))).status).toBe(status);
		expect(server.requests).toHaveLength(1);
	});

	test('has its time for an attempt, and for all', async () => {
		const {fetch, server, environment, finish} = open({timeout: 100, totalTimeout: 250});
		server.script(hang, hang, hang);
		await expect(finish(fetch(ORDER))).rejects.toMatchObject({name: 'TimeoutError'});
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 110, 220]);
		expect(environment.now() - START).toBe(250);
	});

	test('never gets an answer that was given up for another attempt', async () => {
		const {fetch, server, environment, finish} = open({totalTimeout: 500});
		server.script(async exchange => {
			environment.setOnline(false);
			return answer(503, {}, 'down')(exchange);
		});
		await expect(finish(fetch(ORDER))).rejects.toMatchObject({name: 'TimeoutError'});
		expect(server.requests).toHaveLength(1);
	});

	test('ends when its caller aborts', async () => {
		const {fetch, server, environment} = open();
		server.script(hang);
		const leaving = new AbortController();
		const call = fetch(ORDER, {signal: leaving.signal});
		await environment.advance(50);
		leaving.abort(new Error('closed'));
		await expect(call).rejects.toThrow('closed');
		expect(server.requests[0]?.signal?.aborted).toBe(true);
	});

	test('can be aborted while its body is read', async () => {
		const {fetch, server, finish} = open();
		const leaving = new AbortController();
		await finish(fetch(ORDER, {signal: leaving.signal}));
		leaving.abort(new Error('closed'));
		expect(server.requests[0]?.signal?.reason).toEqual(new Error('closed'));
	});
});
