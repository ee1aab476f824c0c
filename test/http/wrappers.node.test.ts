import {describe, expect, test} from 'vitest';
import type {FetchOptions} from '../../src/options.ts';
import {createClientIn} from '../../src/ky/client.ts';
import {environment} from '../../src/environment.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {answerBefore, dropResponse} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {keysOf, realm, uuid} from './realm.ts';

type Wrapper = NonNullable<FetchOptions['fetch']>;

const order = {method: 'POST', body: '{"cart":42}', headers: {'X-Tenant': 'a'}};

const wrappers: Array<[string, Wrapper]> = [
	['hands on what it gets', async (input, init) => fetch(input, init)],
	[
		'spreads the headers',
		async (input, init) => fetch(input, {...init, headers: {...(init?.headers as object), 'x-app': '1'}}),
	],
	[
		'merges the headers by Object.assign and Object.entries',
		async (input, init) => {
			const headers = Object.assign({}, init?.headers) as Record<string, string>;
			return fetch(input, {...init, headers: [...Object.entries(headers), ['x-app', '1']]});
		},
	],
	[
		'copies the headers with new Headers',
		async (input, init) => {
			const headers = new Headers(init?.headers);
			headers.append('x-app', '1');
			return fetch(input, {...init, headers});
		},
	],
	['makes a Request', async (input, init) => fetch(new Request(input, init))],
];

test.each(wrappers)('a wrapper that %s sends the key at every attempt', async (_, wrapper) => {
	await using server = await startIdempotentServer();
	server.script([dropResponse, dropResponse]);
	const call = realm({fetch: wrapper}).fetch(`${server.origin}/pay`, {...order, operation: 'pay'});

	expect(await Promise.allSettled([call])).toMatchObject([{value: {status: 201}}]);
	expect(keysOf(server)).toEqual([uuid, keysOf(server)[0], keysOf(server)[0]]);
	expect(server.requests.map(({headers}) => headers['x-tenant'])).toEqual(['a', 'a', 'a']);
	expect([...server.effects.values()]).toEqual([1]);
});

test.each<[string, object]>([
	['a call without a name', {operation: true}],
	['a call under its own key', {idempotencyKey: 'own-1'}],
	['a call with its own key header', {headers: {'idempotency-key': 'own-1'}}],
])('the key of %s survives being spread too', async (_, options) => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const fetch: Wrapper = async (input, init) =>
		globalThis.fetch(input, {...init, headers: {...(init?.headers as object)}});
	await realm({fetch}).fetch(`${server.origin}/pay`, {method: 'POST', body: '1', ...options});

	expect([...server.effects.values()]).toEqual([1]);
	expect(new Set(keysOf(server)).size).toBe(1);
});

describe('a Request', () => {
	const readers: Array<[string, Wrapper]> = [
		[
			'reads the headers of a Request where there is one',
			async (input, init) => {
				const headers = new Headers(input instanceof Request ? input.headers : init?.headers);
				headers.set('authorization', 'x');
				return fetch(input, {...init, headers});
			},
		],
		['hands on the input alone', async input => fetch(input)],
		['sends a copy of it', async (input, init) => fetch(input instanceof Request ? input.clone() : input, init)],
		['makes a Request of both', async (input, init) => fetch(new Request(input, init))],
		[
			'makes a Request of a copy',
			async input => fetch(new Request((input as Request).clone(), {headers: new Headers((input as Request).headers)})),
		],
	];
	const requests: Array<[string, RequestInit, string]> = [
		['with a body', order, order.body],
		['without one', {method: 'POST', headers: order.headers}, ''],
	];
	const cases = readers.flatMap(([name, wrapper]) =>
		requests.map(([what, ...more]) => [name, what, wrapper, ...more] as const),
	);

	test.each(cases)('in a wrapper that %s is sent whole at every attempt, %s', async (_, __, wrapper, init, body) => {
		await using server = await startIdempotentServer();
		const url = `${server.origin}/pay`;
		const own: FetchOptions = {fetch: wrapper, store: memoryStore(), scope: null, retry: {delay: () => 1}};
		const api = createClientIn(environment, own);
		const calls = [
			async () => realm(own).fetch(new Request(url, init), {operation: 'pay'}),
			async () => realm(own).fetch(new Request(url, init), {idempotencyKey: 'own-1'}),
			async () => api.post(url, {...init, operation: 'order'}),
			async () => api(new Request(url, init), {operation: 'refund'}),
		];
		for (const [index, call] of calls.entries()) {
			server.script([dropResponse, answerBefore(503)]);
			expect((await call()).status).toBe(201);
			const sent = server.requests.slice(3 * index);
			const {'idempotency-key': key, 'content-type': type} = sent[0]!.headers;
			expect(sent.map(it => it.headers['idempotency-key'])).toEqual([expect.stringMatching(/./), key, key]);
			expect(sent.map(it => it.headers['content-type'])).toEqual([type, type, type]);
			expect(sent.map(it => it.headers['x-tenant'])).toEqual(['a', 'a', 'a']);
			expect(sent.map(it => it.body.toString())).toEqual([body, body, body]);
		}
		expect([...server.effects.values()]).toEqual([1, 1, 1, 1]);
	});
});

describe('what a wrapper does to one attempt does not show in the next', () => {
	async function threeAttempts(wrapper: Wrapper, init: RequestInit = order) {
		const server = await startIdempotentServer();
		server.script([dropResponse, answerBefore(503)]);
		await realm({fetch: wrapper}).fetch(`${server.origin}/pay`, {...init, operation: 'pay'});
		await server.close();
		return server.requests;
	}

	test('headers that are added to', async () => {
		const requests = await threeAttempts(async (input, init) => {
			const headers = init?.headers as Record<string, string>;
			headers['x-trace'] = `${headers['x-trace'] ?? ''}+`;
			return fetch(input, init);
		});
		expect(requests.map(({headers}) => headers['x-trace'])).toEqual(['+', '+', '+']);
	});

	test('headers that are deleted', async () => {
		let attempts = 0;
		const requests = await threeAttempts(async (input, init) => {
			if (attempts++ === 0) delete (init!.headers as Record<string, string>)['x-tenant'];
			return fetch(input, init);
		});
		expect(requests.map(({headers}) => headers['x-tenant'])).toEqual([undefined, 'a', 'a']);
	});

	test('members of init that are replaced', async () => {
		let attempts = 0;
		const requests = await threeAttempts(async (input, init) => {
			if (attempts++ === 0) Object.assign(init!, {method: 'PUT', body: 'other', headers: {}, redirect: 'follow'});
			return fetch(input, init);
		});
		expect(requests.map(({method, body}) => [method, body.toString()])).toEqual([
			['PUT', 'other'],
			['POST', '{"cart":42}'],
			['POST', '{"cart":42}'],
		]);
	});

	test('bytes that are overwritten, or given away to a worker', async () => {
		let attempts = 0;
		const init = {method: 'POST', body: Uint8Array.of(1, 2, 3)};
		const requests = await threeAttempts(async (input, sent) => {
			const body = sent?.body as Uint8Array<ArrayBuffer>;
			const copy = new Uint8Array(body);
			if (attempts++ === 0) structuredClone(body.buffer, {transfer: [body.buffer]});
			else body.fill(9);
			return fetch(input, {...sent, body: copy});
		}, init);
		expect(requests.map(({body}) => body.join())).toEqual(['1,2,3', '1,2,3', '1,2,3']);
	});
});

test('the header is written as the dialect spells it, and repeated headers are joined', async () => {
	const seen: unknown[] = [];
	const fetch: Wrapper = async (_, init) => {
		seen.push(init?.headers);
		return new Response(null, {status: 201});
	};
	const headers: Array<[string, string]> = [
		['X-Tenant', 'a'],
		['X-Tenant', 'b'],
		['Set-Cookie', 'a=1'],
		['Set-Cookie', 'b=2'],
	];
	await realm({fetch}).fetch('https://api.test/pay', {method: 'POST', body: '1', headers, operation: 'pay'});

	expect(seen).toEqual([
		{
			'x-tenant': 'a, b',
			'set-cookie': 'a=1, b=2',
			'content-type': 'text/plain;charset=UTF-8',
			'Idempotency-Key': uuid,
		},
	]);
});

test.each([{'content-length': '9'}, {'Content-Length': '3', 'transfer-encoding': 'chunked'}])(
	'the length is that of the bytes, whatever the caller says: %o',
	async headers => {
		await using server = await startIdempotentServer();
		server.script([dropResponse]);
		await realm().fetch(`${server.origin}/pay`, {method: 'POST', body: 'four', headers, operation: 'pay'});

		expect(server.requests.map(({headers: sent, body}) => [sent['content-length'], body.toString()])).toEqual([
			['4', 'four'],
			['4', 'four'],
		]);
	},
);

test.each(['expect', 'keep-alive', 'upgrade'])(
	'%s is of the connection, and keeps nothing from being sent',
	async name => {
		await using server = await startIdempotentServer();
		const {fetch: send} = realm({retry: 0});
		const init = {method: 'POST', body: 'four', headers: {[name]: '100-continue'}, operation: 'pay'};
		expect((await send(`${server.origin}/pay`, init)).status).toBe(201);
		expect(server.requests.map(({headers}) => headers[name])).toEqual([undefined]);
	},
);

test('a client sends the key through a wrapper that spreads', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const api = createClientIn(environment, {
		fetch: async (input, init) => fetch(input, {...init, headers: {...(init?.headers as object)}}),
		store: memoryStore(),
		scope: null,
		retry: {delay: () => 1},
	});
	await api.post(`${server.origin}/pay`, {json: {cart: 42}, operation: 'pay'});

	expect(keysOf(server)).toEqual([uuid, keysOf(server)[0]]);
	expect([...server.effects.values()]).toEqual([1]);
});
