import {describe, expect, test, vi} from 'vitest';
import {BodyNotReplayableError} from '../../src/errors.ts';
import type {FormFile} from '../../src/request/form.ts';
import {freezeBody, freezeRequest, type FormBody} from '../../src/request/body.ts';

const text = (value: string) => new TextEncoder().encode(value);

function streamOf(...chunks: unknown[]): ReadableStream {
	return new ReadableStream({
		pull(controller) {
			if (chunks.length === 0) controller.close();
			else controller.enqueue(chunks.shift());
		},
	});
}

/** What fetch itself would announce. */
const nativeType = (body: BodyInit) => new Response(body).headers.get('content-type');

function post(body: BodyInit | null, headers: HeadersInit = {}): Request {
	return new Request('https://shop.test/orders', {method: 'POST', body, headers});
}

describe('freezeBody', () => {
	test.each([[null], [undefined]])('%o is no body', body => {
		expect(freezeBody(body)).toEqual({content: null});
	});

	test.each<[string, string | URLSearchParams]>([
		['a string', '{"id":1}'],
		['an empty string', ''],
		['a form in a URL', new URLSearchParams({a: 'b c', d: 'é'})],
	])('%s is text, with the content type that fetch would set', (_, body) => {
		expect(freezeBody(body)).toEqual({content: body.toString(), type: nativeType(body)});
	});

	test('URLSearchParams that change later do not change it', () => {
		const params = new URLSearchParams({a: '1'});
		const frozen = freezeBody(params);
		params.set('a', '2');
		expect(frozen).toMatchObject({content: 'a=1'});
	});

	test.each<[string, () => {body: ArrayBuffer | ArrayBufferView; bytes: Uint8Array}]>([
		['an ArrayBuffer', () => ({bytes: text('abc'), body: text('abc').buffer})],
		['a view into a larger buffer', () => ({bytes: text('bcd'), body: text('abcde').subarray(1, 4)})],
		['a DataView', () => ({bytes: text('cd'), body: new DataView(text('abcde').buffer, 2, 2)})],
		['a view of wider numbers', () => ({bytes: text('cdef'), body: new Uint16Array(text('abcdefgh').buffer, 2, 2)})],
		['an empty view', () => ({bytes: text(''), body: text('abc').subarray(3)})],
	])('%s is copied, and only its window', (_, make) => {
		const {body, bytes} = make();
		const frozen = freezeBody(body) as {content: Uint8Array};
		if (ArrayBuffer.isView(body)) new Uint8Array(body.buffer).fill(0);
		else new Uint8Array(body).fill(0);
		expect(frozen).toEqual({content: bytes});
		expect(frozen.content.buffer.byteLength).toBe(bytes.byteLength);
	});

	test('a Blob keeps its type', () => {
		const blob = new Blob(['abc'], {type: 'image/png'});
		expect(freezeBody(blob)).toEqual({content: blob, type: 'image/png'});
		expect(freezeBody(new File(['abc'], 'a'))).toHaveProperty('type', '');
	});

	test('a FormData that changes later does not change it', () => {
		const form = new FormData();
		form.append('a', '1');
		form.append('a', '2');
		const frozen = freezeBody(form);
		form.set('a', '3');
		expect(frozen).toEqual({
			content: [
				['a', '1'],
				['a', '2'],
			],
		});
	});

	test('a String object is text', () => {
		expect(freezeBody(Object('abc'))).toEqual({content: 'abc', type: 'text/plain;charset=UTF-8'});
	});

	class Order {
		readonly id = 1;
	}

	class Money {
		toString(): string {
			return '5 EUR';
		}
	}

	test.each<[name: string, unknown]>([
		['Object', {id: 1}],
		['Object', Object.create(null)],
		['Object', JSON.parse('{"constructor": {"name": "Blob"}, "__proto__": {"size": 1}}')],
		['Array', [1, 2]],
		['Array', ['text']],
		['Order', new Order()],
		['Money', new Money()],
		['Map', new Map([['id', 1]])],
		['Set', new Set([1])],
		['Date', new Date(0)],
		['URL', new URL('https://shop.test/')],
		['Error', new Error('x')],
		['RegExp', /x/],
		['Promise', Promise.resolve('text')],
		['Headers', new Headers()],
		['Response', new Response('text')],
		['Request', new Request('https://shop.test/')],
		['Number', 42],
		['Number', Number.NaN],
		['Number', 0],
		['Boolean', false],
		['BigInt', 1n],
		['Symbol', Symbol('x')],
		['Function', () => 'text'],
		['AsyncFunction', async () => 'text'],
		['Generator', (function* () {})()],
	])('a body of the kind %s, which fetch would send as some text, is a TypeError that names it', (name, body) => {
		expect(() => freezeBody(body)).toThrow(TypeError);
		expect(() => freezeBody(body)).toThrow(new RegExp(`JSON.stringify.*, not ${name}; nothing was sent$`));
	});

	test.each([['[object Object]'], ['[object FormData]']])('the text %s, which nobody meant, is refused', body => {
		expect(() => freezeBody(body)).toThrow(/^latchkey: a body may be .*; nothing was sent$/);
		expect(freezeBody(`${body} `)).toMatchObject({content: `${body} `});
	});

	test('a stream is locked at once and read', async () => {
		const stream = streamOf(text('ab'), text(''), text('c'));
		const frozen = freezeBody(stream);
		expect(stream.locked).toBe(true);
		expect(await frozen).toEqual({content: text('abc')});
	});

	test('a stream that uses one buffer for all chunks is read right', async () => {
		const buffer = new Uint8Array(1);
		async function* body() {
			for (const byte of [97, 98, 99]) {
				buffer[0] = byte;
				yield buffer;
			}
		}

		expect(await freezeBody(body())).toEqual({content: text('abc')});
	});

	test('an async iterable may give text', async () => {
		async function* body() {
			yield 'zü';
			yield text('rich');
		}

		expect(await freezeBody(body())).toEqual({content: text('zürich')});
	});

	test('a stream at the limit is read, and one past it is cancelled and refused', async () => {
		expect(await freezeBody(streamOf(text('ab'), text('cd')), 4)).toEqual({content: text('abcd')});

		const cancel = vi.fn<() => void>();
		const endless = new ReadableStream({pull: controller => controller.enqueue(text('ab')), cancel});
		await expect(freezeBody(endless, 4)).rejects.toThrow(/was not sent.*more than 4 bytes/);
		expect(cancel).toHaveBeenCalledOnce();
	});

	test('the refusal does not wait for a source that never finishes cancelling', async () => {
		const stuck = new ReadableStream({
			pull: controller => controller.enqueue(text('ab')),
			cancel: async () => new Promise(() => {}),
		});
		await expect(freezeBody(stuck, 1)).rejects.toBeInstanceOf(BodyNotReplayableError);
	});

	test('an async iterable past the limit is ended', async () => {
		const ended = vi.fn<() => void>();
		async function* body() {
			try {
				for (;;) yield text('ab');
			} finally {
				ended();
			}
		}

		await expect(freezeBody(body(), 5)).rejects.toBeInstanceOf(BodyNotReplayableError);
		expect(ended).toHaveBeenCalledOnce();
	});

	test('a stream that fails is refused, with its own error as the cause', async () => {
		const cause = new RangeError('disk gone');
		const broken = new ReadableStream({pull: controller => controller.error(cause)});
		await expect(freezeBody(broken)).rejects.toMatchObject({code: 'BODY_NOT_REPLAYABLE', outcome: 'not-sent', cause});
	});

	test('a stream of objects is refused', async () => {
		await expect(freezeBody(streamOf({id: 1}))).rejects.toThrow(/other than bytes or text/);
	});

	test('a locked stream is refused at once', () => {
		const stream = streamOf(text('a'));
		stream.getReader();
		expect(() => freezeBody(stream)).toThrow(BodyNotReplayableError);
	});

	test('a stream that was read in part and released is refused at once', async () => {
		const stream = streamOf(text('a'), text('b'));
		const reader = stream.getReader();
		await reader.read();
		reader.releaseLock();
		expect(() => freezeBody(stream)).toThrow(/already been read or is locked/);
	});
});

describe('freezeRequest', () => {
	test('a Request without a body has none', () => {
		expect(freezeRequest(new Request('https://shop.test/'))).toEqual({content: null});
	});

	test('its bytes are read; its headers, not we, say the type', async () => {
		expect(await freezeRequest(post('{"id":1}'))).toEqual({content: text('{"id":1}')});
	});

	test('a Request that was made from no body is refused', async () => {
		const request = post({id: 1} as unknown as BodyInit, {'content-type': 'application/json'});
		await expect(freezeRequest(request)).rejects.toThrow(/not Object; nothing was sent/);
	});

	test('a Request that was read is refused at once', async () => {
		const request = post('abc');
		await request.text();
		expect(() => freezeRequest(request)).toThrow(BodyNotReplayableError);
	});

	test('a Request that is being read is refused at once', () => {
		const request = post('abc');
		request.body?.getReader();
		expect(() => freezeRequest(request)).toThrow(BodyNotReplayableError);
	});

	test('a multipart body is read as a form whose files have no age', async () => {
		const form = new FormData();
		form.append('note', 'fragile');
		form.append('photo', new File(['abc'], 'a b.png', {type: 'image/png', lastModified: 5}));
		const frozen = (await freezeRequest(post(form))) as FormBody;
		expect(frozen.content[0]).toEqual(['note', 'fragile']);
		const file = frozen.content[1]?.[1] as FormFile;
		expect([file.name, file.type, file.lastModified]).toEqual(['a b.png', 'image/png', 0]);
		expect(await new Response(file.content).text()).toBe('abc');
	});

	test('a body that only calls itself multipart is refused', async () => {
		const request = post('no parts', {'content-type': 'Multipart/Form-Data; boundary=x'});
		await expect(freezeRequest(request)).rejects.toMatchObject({
			code: 'BODY_NOT_REPLAYABLE',
			cause: expect.any(TypeError) as unknown,
		});
	});

	// WebKit: a Request that was made from a form with a file cannot be read at all.
	test.each([
		['a form', 'multipart/form-data; boundary=x'],
		['anything else', 'application/json'],
	])('%s that the runtime cannot read out of a Request is refused, with its reason', async (_, type) => {
		const cause = new DOMException('The operation is not supported.', 'NotSupportedError');
		const fails = {value: async () => Promise.reject(cause)};
		const unreadable = {formData: fails, arrayBuffer: fails, blob: fails, text: fails};
		const request = Object.defineProperties(post('abc', {'content-type': type}), unreadable);
		await expect(freezeRequest(request)).rejects.toMatchObject({code: 'BODY_NOT_REPLAYABLE', cause});
	});

	// Firefox: https://developer.mozilla.org/docs/Web/API/Request/body
	test('a browser without Request.body loses no body', async () => {
		const withoutBody = (request: Request) => Object.defineProperty(request, 'body', {value: undefined});
		expect(await freezeRequest(withoutBody(post('abc')))).toEqual({content: text('abc')});
		expect(await freezeRequest(withoutBody(post(null)))).toEqual({content: null});

		const read = post('abc');
		await read.text();
		expect(() => freezeRequest(withoutBody(read))).toThrow(BodyNotReplayableError);
	});
});
