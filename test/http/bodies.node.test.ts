import {Readable} from 'node:stream';
import {describe, expect, test, vi} from 'vitest';
import {dropRequest, dropResponse} from '../support/faulty-server.ts';
import {startIdempotentServer, type IdempotentServer} from '../support/idempotent-server.ts';
import {realm} from './realm.ts';

const MIB = 1024 * 1024;
const bytes = Uint8Array.from({length: 256}, (_, i) => i);

function photos(): FormData {
	const form = new FormData();
	form.append('album', 'Grüße\nund "mehr"');
	form.append('photo', new File([bytes], 'ein "Bild".png', {type: 'image/png', lastModified: 7}));
	return form;
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
	return new ReadableStream({
		pull(controller) {
			const chunk = chunks.shift();
			if (chunk === undefined) controller.close();
			else controller.enqueue(chunk);
		},
	});
}

/** The form as the server read it. */
async function formOf({requests}: IdempotentServer, index: number): Promise<FormData> {
	const {headers, body} = requests[index]!;
	return new Response(new Uint8Array(body), {headers: {'content-type': headers['content-type']!}}).formData();
}

describe('every attempt sends the same bytes under the same content type', () => {
	const cases: Record<string, [() => BodyInit, content: Uint8Array | undefined, type: string | undefined]> = {
		'a string': [() => 'Grüße', Buffer.from('Grüße'), 'text/plain;charset=UTF-8'],
		URLSearchParams: [
			() => new URLSearchParams({a: '1 2', b: 'ü'}),
			Buffer.from('a=1+2&b=%C3%BC'),
			'application/x-www-form-urlencoded;charset=UTF-8',
		],
		'an ArrayBuffer': [() => bytes.slice().buffer, bytes, undefined],
		'a window of a buffer': [() => new Uint8Array(bytes.buffer, 10, 20), bytes.slice(10, 30), undefined],
		'a Blob': [() => new Blob([bytes], {type: 'image/png'}), bytes, 'image/png'],
		'a Blob without a type': [() => new Blob([bytes]), bytes, undefined],
		'a large Blob': [() => new Blob([new Uint8Array(2 * MIB)]), new Uint8Array(2 * MIB), undefined],
		'a stream': [() => streamOf(bytes.slice(0, 100), bytes.slice(100)), bytes, undefined],
		'an empty string': [() => '', new Uint8Array(), 'text/plain;charset=UTF-8'],
		'a form with a file': [photos, undefined, undefined],
	};

	test.each(Object.entries(cases))('%s', async (_, [body, content, type]) => {
		await using server = await startIdempotentServer();
		server.script([dropResponse]);
		const {fetch} = realm();
		const response = await fetch(`${server.origin}/pay`, {
			method: 'POST',
			body: body(),
			operation: 'pay',
		});

		expect(response.headers.get('idempotent-replayed')).toBe('true');
		const [first, second] = server.requests;
		expect(second?.body.equals(first!.body)).toBe(true);
		expect(second?.headers['content-type']).toBe(first?.headers['content-type']);
		if (content === undefined) return;
		expect(first?.body.equals(content)).toBe(true);
		expect(first?.headers['content-type']).toBe(type);
	});

	test('a stream of Node', async () => {
		await using server = await startIdempotentServer();
		server.script([dropResponse]);
		const {fetch} = realm();
		const body = Readable.from([Buffer.from('one '), Buffer.from('two')]) as unknown as BodyInit;
		await fetch(`${server.origin}/pay`, {method: 'POST', body, operation: 'pay'});

		expect(server.requests.map(it => it.body.toString())).toEqual(['one two', 'one two']);
	});

	test('the content type of the caller', async () => {
		await using server = await startIdempotentServer();
		server.script([dropResponse]);
		const {fetch} = realm();
		const headers = {'Content-Type': 'application/vnd.api+json'};
		await fetch(`${server.origin}/pay`, {method: 'POST', body: '{}', headers, operation: 'pay'});

		const types = server.requests.map(it => it.headers['content-type']);
		expect(types).toEqual(['application/vnd.api+json', 'application/vnd.api+json']);
	});
});

describe('a form with a file', () => {
	test('arrives as it was', async () => {
		await using server = await startIdempotentServer();
		const {fetch} = realm();
		await fetch(`${server.origin}/photos`, {method: 'POST', body: photos(), operation: 'upload'});
		const form = await formOf(server, 0);
		const photo = form.get('photo') as File;

		expect(form.get('album')).toBe('Grüße\r\nund "mehr"');
		expect(photo).toMatchObject({name: 'ein "Bild".png', type: 'image/png', size: 256});
		expect(new Uint8Array(await photo.arrayBuffer())).toEqual(bytes);
	});

	test('has the same boundary in the next process', async () => {
		await using server = await startIdempotentServer();
		server.script([dropResponse]);
		const first = realm({retry: 0});
		const upload = () => ({method: 'POST', body: photos(), operation: 'upload'});
		await expect(first.fetch(`${server.origin}/photos`, upload())).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		const second = realm({store: {...first.store}});
		const response = await second.fetch(`${server.origin}/photos`, upload());

		expect(response.headers.get('idempotent-replayed')).toBe('true');
		const [before, after] = server.requests;
		expect(after?.headers['content-type']).toBe(before?.headers['content-type']);
		expect(after?.body.equals(before!.body)).toBe(true);
	});

	test('in a Request has the same bytes in the next process', async () => {
		await using server = await startIdempotentServer();
		server.script([dropResponse]);
		const first = realm({retry: 0});
		const request = () => new Request(`${server.origin}/photos`, {method: 'POST', body: photos()});
		await expect(first.fetch(request(), {operation: 'upload'})).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		const second = realm({store: {...first.store}});
		const response = await second.fetch(request(), {operation: 'upload'});

		expect(response.headers.get('idempotent-replayed')).toBe('true');
		expect((await formOf(server, 1)).get('photo')).toMatchObject({name: 'ein "Bild".png', type: 'image/png'});
	});

	test('that a caller goes on to change is sent as it was when the call was made', async () => {
		await using server = await startIdempotentServer();
		server.script([dropRequest]);
		const {fetch} = realm();
		const body = photos();
		const call = fetch(`${server.origin}/photos`, {method: 'POST', body, operation: 'upload'});
		body.set('album', 'changed');
		await call;

		expect((await formOf(server, 1)).get('album')).toBe('Grüße\r\nund "mehr"');
	});
});

test('the body of a Request is sent at every attempt, under its headers', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const {fetch} = realm();
	const headers = {'content-type': 'application/json', 'x-tenant': 'a'};
	const request = new Request(`${server.origin}/pay`, {method: 'PUT', body: '{"amount":1}', headers});
	await fetch(request, {operation: 'pay'});

	expect(server.requests.map(it => it.body.toString())).toEqual(['{"amount":1}', '{"amount":1}']);
	expect(server.requests).toMatchObject([
		{method: 'PUT', headers},
		{method: 'PUT', headers},
	]);
});

test('what init says wins over the Request, as in fetch', async () => {
	await using server = await startIdempotentServer();
	const {fetch} = realm();
	const request = new Request(`${server.origin}/pay`, {method: 'PUT', body: 'old', headers: {'x-tenant': 'a'}});
	await fetch(request, {method: 'POST', body: 'new', headers: {'x-other': 'b'}, operation: 'pay'});

	expect(server.requests[0]).toMatchObject({method: 'POST', headers: {'x-other': 'b'}});
	expect(server.requests[0]?.headers).not.toHaveProperty('x-tenant');
	expect(server.requests[0]?.body.toString()).toBe('new');
});

describe('a body that cannot be sent again is refused before anything is sent or written', () => {
	const refused = {error: {code: 'BODY_NOT_REPLAYABLE', outcome: 'not-sent'}, requests: [], records: []};

	async function upload({origin, requests}: IdempotentServer, init: RequestInit, input?: Request) {
		const {fetch, store} = realm();
		const call = fetch(input ?? `${origin}/upload`, {method: 'POST', ...init, operation: 'upload'});
		const error: unknown = await call.catch((thrown: unknown) => thrown);
		return {error, requests, records: await store.list('')};
	}

	test('a stream of more than 10 MiB, which is not read to its end', async () => {
		await using server = await startIdempotentServer();
		let pulled = 0;
		let cancelled = false;
		const body = new ReadableStream({
			pull(controller) {
				pulled++;
				controller.enqueue(new Uint8Array(MIB));
			},
			cancel() {
				cancelled = true;
			},
		});
		expect(await upload(server, {body})).toMatchObject(refused);
		expect(pulled).toBeLessThan(14);
		expect(cancelled).toBe(true);
	});

	test('a stream that was read', async () => {
		await using server = await startIdempotentServer();
		const body = streamOf(bytes);
		await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
		expect(await upload(server, {body: body as BodyInit})).toMatchObject(refused);
	});

	test('a stream that is locked', async () => {
		await using server = await startIdempotentServer();
		const body = streamOf(bytes);
		body.getReader();
		expect(await upload(server, {body: body as BodyInit})).toMatchObject(refused);
	});

	test('a stream that fails', async () => {
		await using server = await startIdempotentServer();
		const cause = new Error('the disk is gone');
		const body = new ReadableStream({
			pull() {
				throw cause;
			},
		});
		const told = await upload(server, {body});
		expect(told).toMatchObject(refused);
		expect(told.error).toMatchObject({cause});
	});

	test('a file that has changed on the disk since it was chosen', async () => {
		await using server = await startIdempotentServer();
		const cause = new DOMException('The file has changed', 'NotReadableError');
		const arrayBuffer = vi.spyOn(Response.prototype, 'arrayBuffer').mockRejectedValue(cause);
		const told = await upload(server, {body: new Blob(['abc'])});
		arrayBuffer.mockRestore();
		expect(told).toMatchObject(refused);
		expect(told.error).toMatchObject({cause});
	});

	test('a Request whose body was read', async () => {
		await using server = await startIdempotentServer();
		const request = new Request(`${server.origin}/upload`, {method: 'POST', body: 'once'});
		await request.text();
		expect(await upload(server, {}, request)).toMatchObject(refused);
	});
});

test('a stream of exactly 10 MiB is sent', async () => {
	const sent: number[] = [];
	const {fetch} = realm({
		async fetch(_, init) {
			sent.push((await new Response(init?.body).arrayBuffer()).byteLength);
			return new Response(null, {status: 201});
		},
	});
	const body = streamOf(...Array.from({length: 10}, () => new Uint8Array(MIB))) as BodyInit;
	await fetch('https://api.test/upload', {method: 'POST', body, operation: 'upload'});

	expect(sent).toEqual([10 * MIB]);
});

test('a joiner whose stream fails learns so, and harms nobody', async () => {
	await using server = await startIdempotentServer();
	const {fetch} = realm();
	let finish = (): void => undefined;
	const slow = new ReadableStream({
		start(controller) {
			finish = () => {
				controller.enqueue(bytes);
				controller.close();
			};
		},
	});
	const broken = new ReadableStream({
		pull() {
			throw new Error('the disk is gone');
		},
	});
	const upload = (body: ReadableStream) =>
		fetch(`${server.origin}/upload`, {method: 'POST', body, operation: 'upload'});
	const first = upload(slow);
	const second = upload(broken);
	// Only then has Node had the chance to find a rejection that nobody listens to.
	await new Promise(resolve => setImmediate(resolve));
	finish();

	await expect(second).rejects.toMatchObject({code: 'BODY_NOT_REPLAYABLE', cause: {message: 'the disk is gone'}});
	expect((await first).status).toBe(201);
	expect(server.requests).toHaveLength(1);
});
