import {expect, test} from 'vitest';
import {dropResponse, gzip, stream, type Fault} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {gate, keysOf, realm, uuid} from './realm.ts';
import {recordsIn} from '../support/records.ts';
import {eventually} from '../support/eventually.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const order = {method: 'POST', body: '{"amount":1}', operation: 'pay'} as const;
const MIB = 1024 * 1024;

test.each([
	['of a known length', {'content-length': `${2 * MIB}`}],
	['in chunks', {}],
])('an answer of 2 MiB %s passes whole to the first caller; another gets the news without it', async (_, headers) => {
	const bytes = Uint8Array.from({length: 2 * MIB}, (__, i) => i % 251);
	await using server = await startIdempotentServer({resolver: () => new Response(bytes, {headers})});
	const {fetch, store} = realm();
	const first = fetch(`${server.origin}/report`, order);
	const second = fetch(`${server.origin}/report`, order);

	await expect(second).rejects.toMatchObject({code: 'ALREADY_SUCCEEDED', status: 200, key: uuid});
	expect(Buffer.compare(Buffer.from(await (await first).arrayBuffer()), bytes)).toBe(0);
	expect(server.requests).toHaveLength(1);
	expect(await store.list('')).toMatchObject([{record: {state: {status: 'succeeded', httpStatus: 200}}}]);
	await expect(fetch(`${server.origin}/report`, order)).rejects.toMatchObject({code: 'ALREADY_SUCCEEDED'});
});

test('an answer of 1 MiB is read, retried when it was lost, and handed to everybody', async () => {
	const bytes = Buffer.alloc(MIB, 'a');
	await using server = await startIdempotentServer({resolver: () => new Response(bytes)});
	server.script([dropResponse]);
	const {fetch} = realm();
	const calls = [1, 2].map(async () => (await fetch(`${server.origin}/report`, order)).arrayBuffer());

	for (const body of await Promise.all(calls)) expect(Buffer.from(body).equals(bytes)).toBe(true);
	expect(server.requests).toHaveLength(2);
});

test('a large answer is not held back until its end', async () => {
	await using server = await startIdempotentServer();
	const {opened, open} = gate();
	async function* pieces() {
		yield 'x'.repeat(2 * MIB);
		await opened;
		yield 'end';
	}
	server.script([stream('text/csv', pieces())]);
	const {fetch} = realm();
	const response = await fetch(`${server.origin}/export`, order);

	expect(response.headers.get('content-type')).toBe('text/csv');
	expect(response.url).toBe(`${server.origin}/export`);
	open();
	expect((await response.text()).length).toBe(2 * MIB + 3);
});

test.each(['text/event-stream', 'text/event-stream; charset=utf-8', 'application/x-ndjson'])(
	'%s settles at its headers and comes piece by piece',
	async type => {
		await using server = await startIdempotentServer();
		const {opened, open} = gate();
		async function* pieces() {
			yield 'data: 1\n\n';
			await opened;
			yield 'data: 2\n\n';
		}
		server.script([stream(type, pieces())]);
		const {fetch} = realm();
		const response = await fetch(`${server.origin}/chat`, order);

		expect(await unfinished(fetch)).toEqual([]);
		const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
		expect(await reader.read()).toEqual({done: false, value: 'data: 1\n\n'});
		open();
		expect(await reader.read()).toEqual({done: false, value: 'data: 2\n\n'});
		expect(await reader.read()).toMatchObject({done: true});
	},
);

test('its caller can end a stream by its signal, and the server notices', async () => {
	await using server = await startIdempotentServer();
	const closed = gate();
	const endless: Fault = async ({serve, outgoing}) => {
		await serve();
		outgoing.on('close', closed.open);
		outgoing.writeHead(200, {'content-type': 'text/event-stream'}).write('data: 1\n\n');
	};
	server.script([endless]);
	const {fetch} = realm();
	const controller = new AbortController();
	const response = await fetch(`${server.origin}/chat`, {...order, signal: controller.signal});
	const reader = response.body!.getReader();
	await reader.read();
	controller.abort(new Error('seen enough'));

	await expect(reader.read()).rejects.toThrow('seen enough');
	await closed.opened;
	expect(await unfinished(fetch)).toEqual([]);
});

test('a compressed answer is the same answer, for everybody', async () => {
	await using server = await startIdempotentServer();
	server.script([gzip]);
	const {fetch} = realm();
	const calls = [1, 2].map(async () => (await fetch(`${server.origin}/pay`, order)).json());

	const answers = await Promise.all(calls);
	const answer = {key: keysOf(server)[0], charges: 1};
	expect(answers).toEqual([answer, answer]);
	expect(server.requests).toHaveLength(1);
});

test('a compressed answer that is cut is not taken for a short one', async () => {
	await using server = await startIdempotentServer();
	const cutGzip: Fault = async ({serve, outgoing}) => {
		await serve();
		outgoing.writeHead(201, {'content-encoding': 'gzip', 'content-type': 'application/json'});
		outgoing.write(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), () => outgoing.destroy());
	};
	server.script([cutGzip]);
	const {fetch} = realm();

	expect(await (await fetch(`${server.origin}/pay`, order)).json()).toEqual({key: keysOf(server)[0], charges: 1});
	expect(server.requests).toHaveLength(2);
});

test('a 204 is an answer without a body, for everybody', async () => {
	await using server = await startIdempotentServer({resolver: () => new Response(null, {status: 204})});
	const {fetch} = realm();
	const responses = await Promise.all([1, 2].map(async () => fetch(`${server.origin}/pay`, order)));

	expect(responses.map(({status, body}) => ({status, body}))).toEqual([
		{status: 204, body: null},
		{status: 204, body: null},
	]);
});

test.each([true, false])('cookies are never at rest (keepResponse: %s)', async keepResponse => {
	const {opened, open} = gate();
	await using server = await startIdempotentServer({
		async resolver() {
			await opened;
			const headers = new Headers({'x-receipt': 'r-1'});
			headers.append('set-cookie', 'session=secret; HttpOnly');
			headers.append('set-cookie', 'csrf=secret');
			return Response.json({paid: true}, {headers});
		},
	});
	const first = realm({keepResponse});
	const second = realm({store: {...first.store}});
	const call = first.fetch(`${server.origin}/pay`, order);
	const waiting = second.fetch(`${server.origin}/pay`, order);
	await eventually(() => expect(second.events.map(({type}) => type)).toContain('waiting-elsewhere'));
	open();

	expect((await call).headers.getSetCookie()).toEqual(['session=secret; HttpOnly', 'csrf=secret']);
	const records = await recordsIn(first.store, '');
	expect(records[0]?.answer?.headers).toContainEqual(['x-receipt', 'r-1']);
	expect(JSON.stringify(records)).not.toContain('secret');
	const response = await waiting;
	expect(response.headers.get('x-receipt')).toBe('r-1');
	expect(response.headers.getSetCookie()).toEqual([]);
	expect(await response.json()).toEqual({paid: true});
});

test('with keepResponse the answer is there after a restart, without the server', async () => {
	await using server = await startIdempotentServer();
	const first = realm({keepResponse: true});
	await first.fetch(`${server.origin}/pay?cart=42`, order);
	const second = realm({store: {...first.store}});
	const response = await second.fetch(`${server.origin}/pay?cart=42`, order);

	expect(response).toMatchObject({status: 201, url: `${server.origin}/pay?cart=42`});
	expect(await response.json()).toEqual({key: keysOf(server)[0], charges: 1});
	expect(server.requests).toHaveLength(1);
});

test('without keepResponse nothing of request or answer is at rest', async () => {
	await using server = await startIdempotentServer({resolver: () => Response.json({iban: 'answer-secret'})});
	const {fetch, store} = realm();
	await fetch(`${server.origin}/pay?token=query-secret`, {
		...order,
		body: 'body-secret',
		headers: {authorization: 'Bearer header-secret'},
	});

	expect(await store.list('')).toHaveLength(1);
	expect(JSON.stringify(await store.list(''))).not.toContain('secret');
});
