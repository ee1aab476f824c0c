import {afterEach, describe, expect, test, vi} from 'vitest';
import {freezeBody, type FormBody} from '../../src/request/body.ts';
import {fingerprint} from '../../src/request/fingerprint.ts';
import {openShop} from '../operation/shop.ts';

// As React Native 0.86 has them: no tags, no iterator, no methods to read a Blob.
const native = {
	FormData: class FormData {
		readonly _parts: Array<[string, unknown]> = [];
		append(name: string, value: unknown): void {
			this['_parts'].push([name, value]);
		}
		getAll(name: string): unknown[] {
			return this['_parts'].filter(([it]) => it === name).map(([, value]) => value);
		}
	},
	Blob: class Blob {
		readonly data: {readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string};
		constructor(bytes: Uint8Array<ArrayBuffer>, type = '') {
			this.data = {bytes, type};
		}
		get size(): number {
			return this.data.bytes.length;
		}
		get type(): string {
			return this.data.type;
		}
		slice(start = 0, end = this.size): Blob {
			if (start < 0) throw new RangeError('no negative offset');
			return new Blob(this.data.bytes.slice(start, end));
		}
	},
	URLSearchParams: class URLSearchParams {
		readonly parts: string[] = [];
		append(name: string, value: string): void {
			this.parts.push(`${name}=${encodeURIComponent(value)}`);
		}
		sort(): void {
			this.parts.sort();
		}
		toString(): string {
			return this.parts.join('&');
		}
	},
};

/** React Native's Response, which knows its Blob. */
class NativeResponse {
	readonly headers: Headers;
	readonly body: unknown;
	constructor(body: unknown) {
		this.body = body;
		const known = body instanceof native.Blob ? body.type : 'text/plain;charset=UTF-8';
		this.headers = new Headers(known === '' ? {} : {'content-type': known});
	}
	async arrayBuffer(): Promise<ArrayBuffer> {
		if (!(this.body instanceof native.Blob)) throw new TypeError('no Blob');
		return this.body.data.bytes.slice().buffer;
	}
}

afterEach(() => {
	vi.unstubAllGlobals();
});

const print = async (body: unknown) =>
	fingerprint({method: 'POST', url: 'https://shop.test/', body: await freezeBody(body)});

describe('what React Native makes', () => {
	test('a form of text', async () => {
		const form = new native.FormData();
		form.append('a', '1');
		form.append('n', 42);
		form.append('none', null);
		const {content} = (await freezeBody(form)) as FormBody;
		expect(content).toEqual([
			['a', '1'],
			['n', '42'],
			['none', 'null'],
		]);
		const own = new FormData();
		for (const [name, value] of content) own.append(name, value as string);
		expect(await print(form)).toBe(await print(own));
	});

	test('a form of text goes out as bytes, the same each time, whatever its Blob can do', async () => {
		const {environment, realm, server} = openShop();
		vi.stubGlobal('Blob', native.Blob);
		server.script(async () => Promise.reject(new TypeError('lost')));
		const body = new native.FormData() as unknown as FormData;
		body.append('note', 'Grüße');
		expect(await environment.finish(realm().pay({body}))).toMatchObject({outcome: 'succeeded'});
		const [first, second] = server.requests.map(it => new TextDecoder().decode(it.body as Uint8Array));
		expect(first).toMatch(/^------latchkey\w+\r\nContent-Disposition: form-data; name="note"\r\n\r\nGrüße\r\n/);
		expect(second).toBe(first);
	});

	test('a form with a file by its uri, which only its own fetch could read, is refused and nothing is written', async () => {
		const {environment, realm, server, record} = openShop();
		const form = new native.FormData();
		form.append('photo', {uri: 'file:///photo.jpg', name: 'photo.jpg', type: 'image/jpeg'});
		const {error} = await environment.finish(realm().pay({body: form as unknown as FormData}));
		expect(error).toMatchObject({code: 'BODY_NOT_REPLAYABLE', outcome: 'not-sent'});
		expect(server.requests).toHaveLength(0);
		expect(await record()).toBeUndefined();
	});

	test('URLSearchParams', () => {
		const params = new native.URLSearchParams();
		params.append('a', '1 2');
		expect(freezeBody(params)).toEqual({
			content: 'a=1%202',
			type: 'application/x-www-form-urlencoded;charset=UTF-8',
		});
	});

	test.each([3, 2 * 1024 * 1024])(
		'a Blob of %d bytes is handed to its fetch as it is, and read by its Response',
		async size => {
			const bytes = new Uint8Array(size).fill(7);
			const expected = await print(new Blob([bytes], {type: 'image/png'}));
			vi.stubGlobal('Response', NativeResponse);
			const blob = new native.Blob(bytes, 'image/png');
			expect(freezeBody(blob)).toEqual({content: blob, type: 'image/png'});
			expect(await print(blob)).toBe(expected);
		},
	);
});

describe('what a bundler has renamed is known by what it can do', () => {
	const entries: Array<[string, string]> = [
		['a', '1'],
		['a', '2'],
	];

	test('a form', async () => {
		class E {
			append(): void {}
			getAll(): void {}
			[Symbol.iterator]() {
				return entries.values();
			}
		}
		expect(await freezeBody(new E())).toEqual({content: entries});
	});

	test('a Blob', async () => {
		class E {
			readonly size = 3;
			readonly type = 'image/png';
			slice(): void {}
			async arrayBuffer() {
				return new TextEncoder().encode('abc').buffer;
			}
		}
		expect(await freezeBody(new E())).toEqual({content: new TextEncoder().encode('abc'), type: 'image/png'});
	});

	test('a stream', async () => {
		const stream = new Response('abc').body!;
		const body = {getReader: () => stream.getReader()};
		expect(await freezeBody(body)).toEqual({content: new TextEncoder().encode('abc')});
	});

	test('a form and a Blob that only carry the name are refused, not sent as their names', async () => {
		class FormData {
			readonly size = 0;
		}
		class Blob {
			readonly size = 0;
		}
		expect(() => freezeBody(new FormData())).toThrow(/is a form whose parts cannot be read here/);
		await expect(freezeBody(new Blob())).rejects.toMatchObject({code: 'BODY_NOT_REPLAYABLE'});
	});
});
