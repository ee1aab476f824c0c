import ky, {isForceRetryError, isTimeoutError, NetworkError, TimeoutError, type Hooks, type Options} from 'ky';
import {describe, expect, test, vi} from 'vitest';
import {createClient} from '../../src/ky/client.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {answer, drop, hang} from '../support/fake-server.ts';
import {json, openClient, operation} from './client.ts';
import {operationOf} from '../../src/operation/handle.ts';

const url = 'https://shop.test/orders';

describe('what hooks read of the request', () => {
	const bodies: Array<[string, Options, string | RegExp]> = [
		['JSON', {json}, '{"cart":42}'],
		['text', {body: 'cart=42'}, 'cart=42'],
		['a form', {body: new URLSearchParams({cart: '42'})}, 'cart=42'],
		['bytes', {body: new TextEncoder().encode('cart')}, 'cart'],
		['a file', {body: new Blob(['cart'])}, 'cart'],
		['none', {}, ''],
	];
	const calls: Array<[string, Options]> = [
		['named', {method: 'post', operation}],
		['keyed', {method: 'post', operation: true}],
		['retried without a key', {method: 'put'}],
		['not keyed', {method: 'post'}],
	];

	describe.each(calls)('of a call that is %s', (_, call) => {
		test.each(bodies)('afterResponse: %s', async (__, body, text) => {
			const read: string[] = [];
			const hooks: Hooks = {afterResponse: [async ({request}) => void read.push(await request.text())]};
			const {api, finish, server} = openClient({hooks});
			expect((await finish(api('orders', {...call, ...body}))).status).toBe(201);
			expect(read).toEqual([text]);
			expect(await new Response(server.requests[0]?.body as BodyInit).text()).toBe(text);
		});

		test('beforeError', async () => {
			const read: unknown[] = [];
			const hooks: Hooks = {
				beforeError: [async ({request, error}) => (read.push(await request.json()), error)],
			};
			const {api, finish, server} = openClient({retry: 0});
			server.script(drop, answer(402));
			await expect(finish(api('orders', {...call, json, hooks}))).rejects.toThrow(/network|may have taken/);
			await expect(finish(api('other', {...call, json, hooks, operation: 'other'}))).rejects.toThrow('402');
			expect(read).toEqual([json, json]);
		});
	});

	test('a body that nobody reads is let go, and a call without hooks is not copied', async () => {
		const clone = vi.spyOn(Request.prototype, 'clone');
		const {api, finish} = openClient({fetch: async () => new Response('{}')});
		await finish(api.post('orders', {json, operation, hooks: {afterResponse: []}}));
		expect(clone).not.toHaveBeenCalled();
		const seen: Request[] = [];
		const hooks = {afterResponse: [({request}: {request: Request}) => void seen.push(request)]};
		await finish(api.put('orders/7', {json, hooks}));
		expect(clone).toHaveBeenCalledOnce();
		expect(seen[0]?.bodyUsed).toBe(true);
		clone.mockRestore();
	});

	test('what beforeRequest makes of it', async () => {
		const hooks: Hooks = {
			beforeRequest: [({request}) => new Request(request, {method: 'POST', body: 'another'})],
			afterResponse: [async ({request, response}) => new Response(`${await request.text()} ${response.status}`)],
		};
		const {api, finish} = openClient();
		expect(await finish(api.post('orders', {json, operation, hooks}).text())).toBe('another 201');
	});
});

describe('what of ky does not apply', () => {
	test('a hook that asks for a retry ends the call, and nothing more is sent', async () => {
		const retries: unknown[] = [];
		const hooks: Hooks = {
			beforeRetry: [() => void retries.push('beforeRetry')],
			afterResponse: [({retryCount}) => (retries.push(retryCount), ky.retry())],
		};
		const {api, finish, server} = openClient();
		await expect(finish(api.post('orders', {json, operation, hooks}))).rejects.toSatisfy(isForceRetryError);
		await expect(finish(api.get('orders', {hooks}))).rejects.toSatisfy(isForceRetryError);
		expect(retries).toEqual([0, 0]);
		expect(server.requests).toHaveLength(2);
		expect(operationOf(api, operation).outcome()?.outcome).toBe('succeeded');
	});
});

describe('time-outs are ky’s', () => {
	const late = {timeout: 1000, retry: 0} as const;
	const over = {totalTimeout: 1000, timeout: false} as const;

	test.each<[string, Options]>([
		['an attempt that is retried without a key', {...late, method: 'get'}],
		['all of a call that is retried without a key', {...over, method: 'get'}],
		['a body that takes too long', {...over, method: 'put', body: new ReadableStream()}],
		['an attempt without a name', {...late, method: 'post', operation: true}],
		['all of a call without a name', {...over, method: 'post', operation: true}],
	])('%s', async (_, options) => {
		const heard: unknown[] = [];
		const hooks: Hooks = {beforeError: [({error}) => (heard.push(error), error)]};
		const {api, finish, server} = openClient({hooks});
		server.script(hang);
		const error: unknown = await finish(api('orders', options).catch((it: unknown) => it));
		expect(error).toBeInstanceOf(TimeoutError);
		expect(error).toMatchObject({request: {url: 'https://shop.test/api/orders'}, cause: {name: 'TimeoutError'}});
		expect(heard).toEqual([error]);
	});

	test('of a named call, whose outcome is unknown, it is the cause', async () => {
		const {api, finish, server} = openClient();
		server.script(hang);
		const error: unknown = await finish(api.post('orders', {...late, json, operation}).catch((it: unknown) => it));
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect(isTimeoutError((error as Error).cause)).toBe(true);
	});

	test('but not that of the caller’s own signal, nor an abort, nor a network error', async () => {
		const {api, finish, server, environment} = openClient({retry: 0});
		server.script(hang, drop);
		const own = new AbortController();
		const call = api.get('orders', {signal: own.signal}).catch((it: unknown) => it);
		await environment.settle();
		const reason = new DOMException('too slow for me', 'TimeoutError');
		own.abort(reason);
		expect(await call).toBe(reason);
		await expect(finish(api.get('orders'))).rejects.toBeInstanceOf(NetworkError);
	});
});

describe('a fetch of one’s own is called as by ky', () => {
	type Call = {readonly input: unknown; readonly init: unknown; readonly sent: string};

	/** What a fetch was called with. */
	function recorder() {
		const calls: Call[] = [];
		const fetch = async (input: string | URL | Request, init?: RequestInit) => {
			const {method, url: to, headers} = input as Request;
			const sent = `${method} ${to} ${headers.get('content-type')} ${await (input as Request).clone().text()}`;
			calls.push({input, init, sent});
			return new Response('{}', {status: 201});
		};
		return {calls, fetch};
	}

	const options: Options = {
		method: 'post',
		json,
		redirect: 'error',
		credentials: 'include',
		next: {revalidate: 1},
		priority: 'high',
	} as Options;
	const ours = {store: memoryStore(), scope: null};

	test.each<[string, Options]>([
		['of a named call', {operation}],
		['of a keyed call', {operation: true}],
		['of a call that is retried without a key', {method: 'put'}],
		['of a call that is not keyed', {}],
	])('%s', async (_, call) => {
		const [kys, plain, extended, own] = [recorder(), recorder(), recorder(), recorder()];
		const {operation: _name, ...said} = {...options, ...call};
		await ky(url, {...said, fetch: kys.fetch});
		await createClient({...ours, fetch: plain.fetch})(url, {...options, ...call});
		await createClient(ours).extend({fetch: extended.fetch})(url, {...options, ...call, operation: `${_} extended`});
		await createClient(ours)(url, {...options, ...call, operation: `${_} own`, fetch: own.fetch});
		const [expected] = kys.calls;
		for (const {calls} of [plain, extended, own]) {
			expect(calls).toHaveLength(1);
			expect(calls[0]?.input).toBeInstanceOf(Request);
			expect(calls[0]).toMatchObject({sent: expected?.sent, init: expected?.init});
			expect(Object.keys(calls[0]?.init as object)).toEqual(Object.keys(expected?.init as object));
			expect(calls[0]?.input).toMatchObject({redirect: 'error', credentials: 'include', signal: {aborted: false}});
		}
	});

	test('what it sets on its request is sent, with the key, at every attempt', async () => {
		const {api, finish, server} = openClient();
		let attempts = 0;
		const fetch: Options['fetch'] = async (request, init) => {
			(request as Request).headers.set('x-attempt', `${++attempts}`);
			return server.fetch(request, init);
		};
		server.script(drop);
		await finish(api.post('orders', {json, operation, fetch}));
		expect(server.requests.map(({headers}) => headers.get('x-attempt'))).toEqual(['1', '2']);
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.keys()[0]).toBeTruthy();
	});

	type Send = NonNullable<Options['fetch']>;
	const copying: Array<[string, (send: Send) => Send]> = [
		[
			'the headers of its init',
			send => async (input, init) =>
				send(input, {...init, headers: {...(init?.headers as object), 'x-app-version': '7'}}),
		],
		[
			'the headers of its request',
			send => async (input, init) => {
				const headers = new Headers((input as Request).headers);
				headers.set('x-app-version', '7');
				return send(input, {...init, headers});
			},
		],
		[
			'both into a request',
			send => async (input, init) => {
				const request = new Request(input, init);
				request.headers.set('x-app-version', '7');
				return send(request);
			},
		],
		[
			'its request with other headers',
			send => async input => {
				const headers = {...Object.fromEntries((input as Request).headers), 'x-app-version': '7'};
				return send(new Request(input, {headers}));
			},
		],
		[
			'nothing, but sets the headers of its init',
			send =>
				async (input, init = {}) => {
					init.headers = {...(init.headers as object), 'x-app-version': '7'};
					return send(input, init);
				},
		],
		[
			'its init, whose headers it has set more than once',
			send =>
				async (input, init = {}) => {
					init.headers = {...(init.headers as object), 'x-app': 'shop'};
					init.headers = {...(init.headers as object), 'x-app-version': '7'};
					return send(input, {...init});
				},
		],
	];

	test.each(copying)('one that copies %s keeps the key', async (_, wrap) => {
		const {api, finish, server} = openClient();
		const fetch = wrap(server.fetch);
		await finish(api.post('orders', {json, operation, fetch}));
		const [sent] = server.requests;
		expect(sent).toMatchObject({key: operationOf(api, operation).outcome()?.key, body: '{"cart":42}'});
		expect(sent?.headers.get('content-type')).toBe('application/json');
		expect(sent?.headers.get('x-app-version')).toBe('7');
	});

	test('it may read its request, and the next attempt has it whole', async () => {
		const {api, finish, server} = openClient();
		const read: string[] = [];
		const fetch: Options['fetch'] = async (request, init) => {
			read.push(await (request as Request).clone().text());
			return server.fetch(request, init);
		};
		server.script(drop);
		await finish(api.put('orders/7', {json, fetch}));
		expect(read).toEqual(['{"cart":42}', '{"cart":42}']);
	});

	test('an option that is no fetch is a TypeError', () => {
		expect(() => createClient({fetch: 'https://shop.test' as never})).toThrow('latchkey: fetch takes a function');
	});
});

describe('everything is bounded by its time-outs', () => {
	/** An answer whose headers come at once, and whose body never does. Tells whether it was given up. */
	function stalling(status = 200) {
		const given: AbortSignal[] = [];
		const fetch = async (input: string | URL | Request) => {
			const {signal} = input as Request;
			given.push(signal);
			const body = new ReadableStream({
				start(controller) {
					controller.enqueue(new TextEncoder().encode('{'));
					signal.addEventListener('abort', () => {
						controller.error(signal.reason);
					});
				},
			});
			return new Response(body, {status, headers: {'content-length': '2000000'}});
		};
		return {fetch, given};
	}

	const methods = ['get', 'put', 'delete', 'post', 'patch'] as const;
	const limits: Array<[string, Options]> = [
		['timeout', {timeout: 500}],
		['totalTimeout', {timeout: false, totalTimeout: 500}],
	];
	const reads = ['json', 'text', 'arrayBuffer', 'blob', 'formData', 'bytes'] as const;

	describe.each(limits)('%s', (_, limit) => {
		test.each(methods)('the answer of %s', async method => {
			const {api, finish, server, environment} = openClient({retry: 0});
			server.script(hang);
			const began = environment.now();
			const error: unknown = await finish(api[method]('orders', limit).catch((it: unknown) => it));
			expect(error).toBeInstanceOf(TimeoutError);
			expect(error).toMatchObject({request: {url: 'https://shop.test/api/orders'}, cause: {name: 'TimeoutError'}});
			expect(environment.now() - began).toBe(500);
			expect(server.requests).toHaveLength(1);
		});

		test.each(methods)('the body of %s that stalls', async method => {
			const {fetch, given} = stalling();
			const {api, finish, environment} = openClient({fetch});
			const began = environment.now();
			const error: unknown = await finish(
				api[method]('orders', limit)
					.json()
					.catch((it: unknown) => it),
			);
			expect(error).toBeInstanceOf(TimeoutError);
			expect(environment.now() - began).toBe(500);
			expect(given.map(({aborted}) => aborted)).toEqual([true]);
		});

		test.each(reads)('read by %s', async read => {
			const {fetch} = stalling();
			const {api, finish} = openClient({fetch});
			await expect(finish(api('orders', limit)[read]())).rejects.toBeInstanceOf(TimeoutError);
		});

		test('of a keyed call that is too large to be read before', async () => {
			const {fetch, given} = stalling();
			const {api, finish} = openClient({fetch});
			await expect(finish(api.post('orders', {json, operation, ...limit}).text())).rejects.toBeInstanceOf(TimeoutError);
			expect(given.map(({aborted}) => aborted)).toEqual([true]);
			expect(operationOf(api, operation).outcome()?.outcome).toBe('succeeded');
		});
	});

	test('in extended clients, and by the defaults of the client', async () => {
		const {fetch} = stalling();
		const {api, finish, environment} = openClient({fetch, timeout: 700});
		const began = environment.now();
		await expect(
			finish(
				api
					.extend({headers: {a: 'b'}})
					.post('orders')
					.json(),
			),
		).rejects.toBeInstanceOf(TimeoutError);
		expect(environment.now() - began).toBe(700);
		await expect(finish(api.extend({timeout: 300}).get('orders').json())).rejects.toBeInstanceOf(TimeoutError);
		expect(environment.now() - began).toBe(1000);
	});

	test.each(limits)('the body of an error: %s', async (_, limit) => {
		const {fetch, given} = stalling(404);
		const {api, finish, environment} = openClient({fetch});
		const began = environment.now();
		const error: unknown = await finish(
			api
				.post('orders', limit)
				.json()
				.catch((it: unknown) => it),
		);
		expect(error).toMatchObject({name: 'HTTPError', response: {status: 404}, data: undefined});
		expect(environment.now() - began).toBe(500);
		expect(given.map(({aborted}) => aborted)).toEqual([true]);
	});

	test('but not of one that is handed out as it is', async () => {
		const {fetch, given} = stalling(404);
		const {api, finish, environment} = openClient({fetch});
		for (const throwHttpErrors of [false, (status: number) => status > 499])
			expect((await finish(api.post('orders', {timeout: 500, throwHttpErrors}))).status).toBe(404);
		await environment.advance(1_000);
		expect(given.map(({aborted}) => aborted)).toEqual([false, false]);
	});

	test('the caller’s signal ends a body', async () => {
		const {fetch, given} = stalling();
		const {api, finish, environment} = openClient({fetch});
		const own = new AbortController();
		const call = api
			.post('orders', {signal: own.signal})
			.text()
			.catch((it: unknown) => it);
		await environment.settle();
		const reason = new Error('left the page');
		own.abort(reason);
		// Chromium tells of any error of a stream as of a network error.
		expect(await finish(call)).toBeInstanceOf(Error);
		expect(given.map(signal => signal.reason as unknown)).toEqual([reason]);
	});

	test('a body that comes in time, and a Response that is read later by whoever has it', async () => {
		const {api, finish, server, environment} = openClient();
		server.script(answer(200, {}, '{"a":1}'), answer(200, {}, '{"a":2}'));
		expect(await finish(api.post('orders', {timeout: 500}).json())).toEqual({a: 1});
		const response = await finish(api.get('orders', {timeout: 500}));
		await environment.advance(1000);
		expect(await response.json()).toEqual({a: 2});
	});
});
