import {describe, expect, test, vi} from 'vitest';
import {answerOf, responseOf} from '../../src/attempt/answer.ts';
import type {Answer} from '../../src/dialects/dialect.ts';

const MIB = 1024 * 1024;
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** A body in pieces, without a length. */
function chunked(...pieces: ReadonlyArray<Uint8Array<ArrayBuffer> | string | Error>): ReadableStream<Uint8Array> {
	const queue = pieces.map(piece => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece));
	return new ReadableStream({
		pull(controller) {
			const piece = queue.shift();
			if (piece === undefined) controller.close();
			else if (piece instanceof Error) controller.error(piece);
			else controller.enqueue(piece);
		},
	});
}

describe('answerOf', () => {
	test('reads a body whose length is known', async () => {
		const {answer, stream} = await answerOf(new Response('paid', {headers: {'content-length': '4'}}), true);
		expect(text(answer.body)).toBe('paid');
		expect(stream).toBeUndefined();
	});

	test('reads a body in pieces', async () => {
		const {answer, stream} = await answerOf(new Response(chunked('pa', '', 'id')), true);
		expect(text(answer.body)).toBe('paid');
		expect(stream).toBeUndefined();
	});

	test('an answer without a body has no bytes', async () => {
		const {answer, stream} = await answerOf(new Response(null, {status: 204}), true);
		expect(answer.body).toEqual(new Uint8Array());
		expect(stream).toBeUndefined();
	});

	test('reads the response of a polyfill that has no streams', async () => {
		const polyfill = Object.defineProperty(new Response('paid'), 'body', {value: undefined});
		expect(text((await answerOf(polyfill, true)).answer.body)).toBe('paid');
	});

	test.each([
		['a body in pieces', {}],
		['an encoded body, whose length says nothing', {'content-encoding': 'gzip', 'content-length': '9'}],
	])('reads exactly 1 MiB of %s, and passes on one byte more', async (_, headers) => {
		const half = new Uint8Array(MIB / 2).fill(1);
		const read = await answerOf(new Response(chunked(half, half), {headers}), true);
		expect(read.answer.body).toHaveLength(MIB);
		const passed = await answerOf(new Response(chunked(half, half, 'x'), {headers}), true);
		expect(passed.answer.body).toBeUndefined();
		expect(passed.stream).toBeInstanceOf(Response);
	});

	test('what is passed on is whole, in order, and has the facts of the answer', async () => {
		const pieces = Array.from({length: 40}, (_, index) => new Uint8Array(MIB / 16).fill(index));
		const response = Object.defineProperties(new Response(chunked(...pieces), {status: 201, headers: {'x-id': '7'}}), {
			url: {value: 'https://api.test/big'},
			redirected: {value: true},
		});
		const {stream} = await answerOf(response, true);
		expect(stream).toMatchObject({status: 201, ok: true, url: 'https://api.test/big', redirected: true});
		expect(stream?.headers.get('x-id')).toBe('7');
		const bytes = new Uint8Array(await stream!.arrayBuffer());
		expect(bytes).toHaveLength(40 * (MIB / 16));
		expect(bytes.every((byte, index) => byte === Math.floor(index / (MIB / 16)))).toBe(true);
	});

	test('what is passed on fails where the connection fails', async () => {
		const {stream} = await answerOf(new Response(chunked(new Uint8Array(MIB + 1), new Error('cut'))), true);
		await expect(stream!.arrayBuffer()).rejects.toThrow(/cut|Failed to fetch/);
	});

	test('cancelling what is passed on cancels the connection', async () => {
		const cancelled: unknown[] = [];
		const source = new ReadableStream<Uint8Array>({
			pull: controller => controller.enqueue(new Uint8Array(MIB)),
			cancel: reason => void cancelled.push(reason),
		});
		const {stream} = await answerOf(new Response(source), true);
		await stream!.body!.cancel('enough');
		expect(cancelled).toEqual(['enough']);
	});

	test('a body that is cut throws', async () => {
		await expect(answerOf(new Response(chunked('pa', new Error('cut'))), true)).rejects.toThrow('cut');
	});

	test.each([
		['server-sent events', {'content-type': 'text/event-stream; charset=utf-8'}],
		['ndjson', {'content-type': 'application/x-ndjson'}],
		['a length above 1 MiB', {'content-length': String(MIB + 1)}],
	])('%s passes at its headers, as it came', async (_, headers) => {
		const response = new Response(chunked('one', 'two'), {headers});
		const {answer, stream} = await answerOf(response, true);
		expect(stream).toBe(response);
		expect(answer.body).toBeUndefined();
		expect(await response.text()).toBe('onetwo');
	});

	test('an answer that is not to be read passes as it came', async () => {
		const response = new Response('paid');
		expect((await answerOf(response, false)).stream).toBe(response);
		expect(response.bodyUsed).toBe(false);
	});
});

describe('responseOf', () => {
	const answer: Answer = {
		status: 201,
		statusText: 'Created',
		headers: new Headers({'content-type': 'application/json', 'content-encoding': 'gzip'}),
		url: 'https://api.test/orders',
		redirected: true,
		type: 'cors',
		body: new TextEncoder().encode('{"id":7}'),
	};
	const facts = {status: 201, statusText: 'Created', ok: true, url: answer.url, redirected: true, type: 'cors'};

	test('is a Response with the facts of the answer', async () => {
		const response = responseOf(answer);
		expect(response).toBeInstanceOf(Response);
		expect(response).toMatchObject(facts);
		expect(response.headers.get('content-encoding')).toBe('gzip');
		expect(await response.json()).toEqual({id: 7});
	});

	test('so are its clones', async () => {
		const clone = responseOf(answer).clone().clone();
		expect(clone).toMatchObject(facts);
		expect(await clone.json()).toEqual({id: 7});
	});

	test('each is a Response of its own', async () => {
		const [one, two] = [responseOf(answer), responseOf(answer)];
		one.headers.set('x-mine', '1');
		await one.text();
		expect(two.headers.has('x-mine')).toBe(false);
		expect(await two.json()).toEqual({id: 7});
	});

	test.each([204, 205, 304])('%d has no body', async status => {
		const response = responseOf({...answer, status, body: new Uint8Array()});
		expect(response.status).toBe(status);
		expect(response.body).toBeNull();
	});

	test.each([
		[0, 'opaqueredirect'],
		[999, 'basic'],
	] as const)('status %d, which no constructor takes, is kept', (status, type) => {
		const response = responseOf({...answer, status, type, body: undefined});
		expect(response).toMatchObject({status, type, ok: false});
		expect(response.clone()).toMatchObject({status, type, ok: false});
	});

	test('is of the class that Response is at that time', () => {
		const before = responseOf(answer);
		class Stub extends Response {}
		vi.stubGlobal('Response', Stub);
		const during = responseOf(answer);
		vi.unstubAllGlobals();
		const after = responseOf(answer);
		expect(during).toBeInstanceOf(Stub);
		expect(during).toMatchObject(facts);
		expect([before, during, after].map(response => response.constructor)).toEqual([Response, Stub, Response]);
	});

	test('the facts win over those that a polyfill keeps as properties of its own', () => {
		vi.stubGlobal('Response', OwnFacts);
		const response = responseOf({...answer, status: 0});
		const made = [response, response.clone(), response.clone().clone()];
		vi.unstubAllGlobals();
		expect(made[0]).toBeInstanceOf(OwnFacts);
		for (const one of made) expect(one).toMatchObject({...facts, status: 0, ok: false});
	});

	test('equals another of the same answer', () => {
		expect(responseOf(answer)).toEqual(responseOf({...answer}));
	});
});

/** As whatwg-fetch makes them. */
class OwnFacts {
	readonly status: number;
	readonly statusText = '';
	readonly ok = true;
	readonly url = '';
	readonly redirected = false;
	readonly type = 'default';

	constructor(_body: unknown, {status = 200}: ResponseInit = {}) {
		this.status = status;
	}

	clone(): OwnFacts {
		return new OwnFacts(null, this);
	}
}
