import nodeFetch, {Response as NodeFetchResponse} from 'node-fetch';
import {expect, test} from 'vitest';
import {answerAfter, cutResponse, dropResponse, gzip, stream, type Fault} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {keysOf, realm, uuid} from './realm.ts';

// Its Response has a stream of Node's as its body, and is no instance of ours.
const fetchOption = nodeFetch as unknown as typeof globalThis.fetch;
const order = {method: 'POST', body: '{"amount":1}', operation: 'pay'} as const;
const MIB = 1024 * 1024;

test('an answer is read, for everybody', async () => {
	await using server = await startIdempotentServer();
	const {fetch, store} = realm({fetch: fetchOption});
	const calls = [1, 2].map(async () => (await fetch(`${server.origin}/pay`, order)).json());
	const answer = {key: keysOf(server)[0] ?? uuid, charges: 1};
	expect(await Promise.all(calls)).toEqual([answer, answer]);
	expect(server.requests).toHaveLength(1);
	expect(await store.list('')).toMatchObject([{record: {state: {status: 'succeeded', httpStatus: 201}}}]);
});

test.each<[string, Fault]>([
	['is cut', cutResponse],
	['is lost', dropResponse],
])('an answer that %s is ambiguous, and asked for again under the same key', async (_, fault) => {
	await using server = await startIdempotentServer();
	server.script([fault]);
	const {fetch, events} = realm({fetch: fetchOption});
	const response = await fetch(`${server.origin}/pay`, order);
	expect(await response.json()).toEqual({key: keysOf(server)[0], charges: 1});
	expect(new Set(keysOf(server)).size).toBe(1);
	expect(server.requests).toHaveLength(2);
	expect(events.find(({type}) => type === 'answer')).toMatchObject({verdict: 'failed'});
});

test('a compressed answer that is cut is not taken for a short one', async () => {
	await using server = await startIdempotentServer();
	const cutGzip: Fault = async ({serve, outgoing}) => {
		await serve();
		outgoing.writeHead(201, {'content-encoding': 'gzip', 'content-type': 'application/json'});
		outgoing.write(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), () => outgoing.destroy());
	};
	server.script([cutGzip]);
	const {fetch} = realm({fetch: fetchOption});
	const response = await fetch(`${server.origin}/pay`, order);
	expect(await response.json()).toEqual({key: keysOf(server)[0], charges: 1});
	expect(server.requests).toHaveLength(2);
});

test('a binary answer keeps its bytes', async () => {
	const bytes = Uint8Array.from({length: 256}, (_, i) => i);
	await using server = await startIdempotentServer({resolver: () => new Response(bytes)});
	const {fetch} = realm({fetch: fetchOption});
	const response = await fetch(`${server.origin}/pay`, order);
	expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
});

test('an answer without a body has none', async () => {
	await using server = await startIdempotentServer({resolver: () => new Response(null, {status: 204})});
	const {fetch} = realm({fetch: fetchOption});
	const response = await fetch(`${server.origin}/pay`, order);
	expect(response.status).toBe(204);
	expect(await response.text()).toBe('');
});

test('a compressed answer is read decoded', async () => {
	await using server = await startIdempotentServer();
	server.script([gzip]);
	const {fetch} = realm({fetch: fetchOption});
	const response = await fetch(`${server.origin}/pay`, order);
	expect(await response.json()).toEqual({key: keysOf(server)[0], charges: 1});
});

test('an answer of 2 MiB passes as it came, whole', async () => {
	const bytes = Buffer.alloc(2 * MIB, 'a');
	const headers = {'content-length': String(bytes.length)};
	await using server = await startIdempotentServer({resolver: () => new Response(bytes, {headers})});
	const {fetch} = realm({fetch: fetchOption});
	const response = await fetch(`${server.origin}/report`, order);
	expect(response).toBeInstanceOf(NodeFetchResponse);
	expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
	expect(server.requests).toHaveLength(1);
});

test('one in chunks passes as a stream, whole, also where judge looks at it', async () => {
	const pieces = Array.from({length: 30}, (_, index) => String(index % 10).repeat(100_000));
	await using server = await startIdempotentServer();
	server.script([stream('text/csv', pieces)]);
	const {fetch} = realm({fetch: fetchOption, judge: ({headers}) => (headers.has('x-no') ? 'refused' : undefined)});
	const response = await fetch(`${server.origin}/report`, order);
	expect(await response.text()).toBe(pieces.join(''));
});

test('an event stream passes as it came, and judge leaves it whole', async () => {
	const pieces = Array.from({length: 10}, (_, index) => `data: ${String(index).repeat(50_000)}\n\n`);
	await using server = await startIdempotentServer();
	server.script([stream('text/event-stream', pieces)]);
	const {fetch} = realm({fetch: fetchOption, judge: () => undefined});
	const response = await fetch(`${server.origin}/chat`, order);
	expect(await response.text()).toBe(pieces.join(''));
});

test('what its headers say is heard', async () => {
	await using server = await startIdempotentServer();
	server.script([answerAfter(422, {'idempotent-replayed': 'true'})]);
	const {fetch} = realm({fetch: fetchOption});
	expect((await fetch(`${server.origin}/pay`, order)).status).toBe(422);
	expect(server.requests).toHaveLength(1);
});

test('it sends a form with a file, and the same bytes again', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const {fetch} = realm({fetch: fetchOption});
	const body = new FormData();
	body.append('album', 'Grüße');
	body.append('photo', new File([Uint8Array.of(0, 255, 13, 10)], 'a.png', {type: 'image/png'}));
	await fetch(`${server.origin}/photos`, {method: 'POST', body, operation: 'upload'});

	const [first, second] = server.requests;
	expect(second!.body.equals(first!.body)).toBe(true);
	const headers = {'content-type': first!.headers['content-type']!};
	const form = await new Response(new Uint8Array(first!.body), {headers}).formData();
	expect(form.get('album')).toBe('Grüße');
	expect(await (form.get('photo') as File).bytes()).toEqual(Uint8Array.of(0, 255, 13, 10));
});
