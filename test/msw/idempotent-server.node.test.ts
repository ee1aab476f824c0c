import {expect, test} from 'vitest';
import {
	answerAfter,
	answerBefore,
	cutResponse,
	dropRequest,
	dropResponse,
	gzip,
	holdRequest,
	holdResponse,
	none,
	stream,
} from '../support/faulty-server.ts';
import {startIdempotentServer, type IdempotentServer} from '../support/idempotent-server.ts';
import {eventually} from '../support/eventually.ts';

function pay(server: IdempotentServer, init: RequestInit = {}) {
	return fetch(`${server.origin}/pay`, {
		method: 'POST',
		body: '{"amount":1}',
		headers: {'idempotency-key': 'k1'},
		...init,
	});
}

function gate(): {released: Promise<void>; release: () => void} {
	let release = (): void => undefined;
	const released = new Promise<void>(resolve => {
		release = resolve;
	});
	return {released, release};
}

test('it records the bytes of each request, in order', async () => {
	await using server = await startIdempotentServer();
	const bytes = Uint8Array.from({length: 256}, (_, index) => index);
	await pay(server, {body: bytes});
	await pay(server, {method: 'PATCH', body: 'text', headers: {'idempotency-key': '"k2"'}});

	expect(server.requests).toMatchObject([
		{method: 'POST', url: '/pay', headers: {'idempotency-key': 'k1'}},
		{method: 'PATCH', url: '/pay', headers: {'idempotency-key': '"k2"'}},
	]);
	expect(server.requests.map(({body}) => body)).toEqual([Buffer.from(bytes), Buffer.from('text')]);
	expect(server.effects).toEqual(
		new Map([
			['k1', 1],
			['k2', 1],
		]),
	);
});

test('it replays, and refuses a missing key, another payload and a repeat of a running request', async () => {
	await using server = await startIdempotentServer();
	const {released, release} = gate();
	server.script([holdRequest(released)]);
	const first = pay(server);
	await eventually(() => expect(server.requests[0]?.body).toHaveLength(12));

	const running = await pay(server);
	expect(running.status).toBe(409);
	expect(running.headers.get('retry-after')).toBe('1');
	expect((await pay(server, {body: '2'})).status).toBe(422);
	expect((await pay(server, {headers: {}})).status).toBe(400);
	expect(server.effects.size).toBe(0);

	release();
	expect(await (await first).json()).toEqual({key: 'k1', charges: 1});
	const repeat = await pay(server);
	expect(repeat.headers.get('idempotent-replayed')).toBe('true');
	expect(await repeat.json()).toEqual({key: 'k1', charges: 1});
	expect(server.effects.get('k1')).toBe(1);
});

test('a dropped request is not read and has no effect', async () => {
	await using server = await startIdempotentServer();
	server.script([dropRequest]);

	await expect(pay(server)).rejects.toThrow(TypeError);
	expect(server.requests[0]?.body).toHaveLength(0);
	expect(server.effects.size).toBe(0);
	expect((await pay(server)).status).toBe(201);
});

test('a dropped response has its effect, and the repeat is a replay', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);

	await expect(pay(server)).rejects.toThrow(TypeError);
	expect(server.effects.get('k1')).toBe(1);
	expect((await pay(server)).headers.get('idempotent-replayed')).toBe('true');
	expect(server.effects.get('k1')).toBe(1);
});

test('a cut response has its status, but not its body', async () => {
	await using server = await startIdempotentServer();
	server.script([cutResponse]);
	const response = await pay(server);

	expect(response.status).toBe(201);
	await expect(response.text()).rejects.toThrow(TypeError);
	expect(server.effects.get('k1')).toBe(1);
});

test('a held response comes after its release; its effect does not wait', async () => {
	await using server = await startIdempotentServer();
	const {released, release} = gate();
	server.script([holdResponse(released)]);
	let answered = false;
	const first = pay(server).finally(() => {
		answered = true;
	});
	await eventually(() => expect(server.effects.get('k1')).toBe(1));
	expect((await pay(server)).headers.get('idempotent-replayed')).toBe('true');

	expect(answered).toBe(false);
	release();
	expect((await first).status).toBe(201);
});

test('scripted answers come before or after the effect, with their headers', async () => {
	await using server = await startIdempotentServer();
	server.script([answerBefore(503, {'retry-after': '7'}), none, answerAfter(502, {}, 'bad gateway')]);
	const before = await pay(server);
	expect(before.status).toBe(503);
	expect(before.headers.get('retry-after')).toBe('7');
	expect(server.effects.size).toBe(0);

	expect((await pay(server)).status).toBe(201);
	const after = await pay(server, {headers: {'idempotency-key': 'k2'}});
	expect(after.status).toBe(502);
	expect(await after.text()).toBe('bad gateway');
	expect(server.effects.get('k2')).toBe(1);
});

test('redirects lead to a page, after an effect or without one, and to another server', async () => {
	await using server = await startIdempotentServer();
	await using other = await startIdempotentServer();
	server.script([
		answerBefore(302, {location: '/login'}),
		answerAfter(303, {location: '/receipt'}),
		answerBefore(307, {location: `${other.origin}/pay`}),
	]);

	const login = await pay(server);
	expect(login).toMatchObject({status: 200, redirected: true, url: `${server.origin}/login`});
	expect(server.effects.size).toBe(0);
	const receipt = await pay(server);
	expect(receipt).toMatchObject({status: 200, redirected: true, url: `${server.origin}/receipt`});
	expect(server.effects.get('k1')).toBe(1);
	expect(await pay(server)).toMatchObject({status: 201, url: `${other.origin}/pay`});
	expect(other.effects.get('k1')).toBe(1);
	expect(server.requests.map(({method, url}) => `${method} ${url}`)).toEqual([
		'POST /pay',
		'GET /login',
		'POST /pay',
		'GET /receipt',
		'POST /pay',
	]);
});

test('a stream comes piece by piece', async () => {
	await using server = await startIdempotentServer();
	const {released, release} = gate();
	async function* events() {
		yield 'data: 1\n\n';
		await released;
		yield 'data: 2\n\n';
	}
	server.script([stream('text/event-stream', events()), stream('text/plain', ['x'.repeat(2 * 1024 * 1024)])]);
	const response = await pay(server);
	expect(response.headers.get('content-type')).toBe('text/event-stream');
	const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
	expect(await reader.read()).toMatchObject({value: 'data: 1\n\n'});
	release();
	expect(await reader.read()).toMatchObject({value: 'data: 2\n\n'});

	const big = await pay(server, {headers: {'idempotency-key': 'k2'}});
	expect((await big.arrayBuffer()).byteLength).toBe(2 * 1024 * 1024);
	expect(server.effects).toEqual(
		new Map([
			['k1', 1],
			['k2', 1],
		]),
	);
});

test('a compressed answer is the same answer', async () => {
	await using server = await startIdempotentServer();
	server.script([gzip]);
	const response = await pay(server);

	expect(response.headers.get('content-encoding')).toBe('gzip');
	expect(await response.json()).toEqual({key: 'k1', charges: 1});
});

test('a server of its own resolver counts 2xx answers only, and saves as it is told', async () => {
	const statuses = [402, 201];
	await using server = await startIdempotentServer({
		saves: 'success',
		resolver: () => new Response(null, {status: statuses.shift() ?? 500}),
	});

	expect((await pay(server)).status).toBe(402);
	expect(server.effects.size).toBe(0);
	expect((await pay(server)).status).toBe(201);
	expect((await pay(server)).headers.get('idempotent-replayed')).toBe('true');
	expect(server.effects.get('k1')).toBe(1);
});

test('a resolver that throws answers 500 and leaves its key free', async () => {
	const failures = [new Error('out of order')];
	await using server = await startIdempotentServer({
		resolver() {
			const failure = failures.shift();
			if (failure !== undefined) throw failure;
			return new Response('charged');
		},
	});

	expect((await pay(server)).status).toBe(500);
	expect(server.effects.size).toBe(0);
	expect(await (await pay(server)).text()).toBe('charged');
});

test('a closed server refuses connections', async () => {
	const server = await startIdempotentServer();
	await server.close();

	await expect(pay(server)).rejects.toMatchObject({cause: {code: 'ECONNREFUSED'}});
});
