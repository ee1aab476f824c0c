import {describe, expect, test, vi} from 'vitest';
import {freezeBody, freezeRequest} from '../../src/request/body.ts';
import {fingerprint, type RequestFacts} from '../../src/request/fingerprint.ts';

const JSON_TYPE = 'application/json';
const MIB = 1024 * 1024;

async function print(body: unknown, facts: Partial<RequestFacts> = {}): Promise<string> {
	return fingerprint({method: 'POST', url: 'https://shop.test/orders', body: await freezeBody(body), ...facts});
}

function formOf(...entries: Array<[string, string | File]>): FormData {
	const form = new FormData();
	for (const [name, value] of entries) form.append(name, value);
	return form;
}

/** A file of zeros with a few bytes set, so that files differ only there. */
function file(size: number, changes: Record<number, number> = {}, name = 'a.bin', options: FilePropertyBag = {}): File {
	const bytes = new Uint8Array(size);
	for (const [at, byte] of Object.entries(changes)) bytes[Number(at)] = byte;
	return new File([bytes], name, {type: 'image/png', lastModified: 7, ...options});
}

describe('what never changes between releases, because it is compared with what is stored', () => {
	test.each<[string, unknown, Partial<RequestFacts>, string]>([
		['no body', undefined, {method: 'DELETE'}, 'b219476631e3eae3c5715efbbc1d558817c0f59bcef76594904d76316b1973f9'],
		[
			'JSON text',
			'{"id":9007199254740993}',
			{contentType: JSON_TYPE},
			'e3f4676f919b9cb44b23899ba4a34129bbf5c5de784d0fcd57ad209459a4bd76',
		],
		['text of no stated type', 'Zürich 🐈', {}, '1338a83ac4448f4164a9d73b3e03362ea071e2e7ef5d099e0a2d5664b9c1ac9d'],
		[
			'a form in a URL',
			new URLSearchParams({a: '1'}),
			{},
			'e0744825f9eb9ed09ffc91e4ad211f22e9a4aa06d7b57831188f3b8f1f239404',
		],
		[
			'a small Blob',
			new Blob(['abc'], {type: 'image/png'}),
			{},
			'97db038336206a591a0bf05bb61cc11d68c19c4865a52706f8c3057b9695483f',
		],
		['a large file', file(2 * MIB), {}, 'a6d1ea4896549306be7ab05808f3f7f6502d02b14d1874d404e929bde57eec16'],
		['an empty form', formOf(), {}, 'c952297359eff835040d39bbfd27c1bd570481bf5ed97e52348f836e86f48da6'],
		[
			'a form with files',
			formOf(['a', '1'], ['f', file(3)], ['g', file(2 * MIB)]),
			{},
			'861d007c41d53b63fcc420cbbedb930ed37b5ea18d9a56b3f77981a918e873ee',
		],
	])('%s', async (_, body, facts, hex) => {
		expect(await print(body, facts)).toBe(hex);
	});
});

describe('what makes a request this request', () => {
	test('the method, the URL with its query and the content type', async () => {
		const prints = await Promise.all([
			print('a'),
			print('a', {method: 'PUT'}),
			print('a', {url: 'https://shop.test/orders?dry=1'}),
			print('a', {contentType: JSON_TYPE}),
			print('b'),
		]);
		expect(new Set(prints).size).toBe(prints.length);
	});

	test('not the fragment, nor how method and content type are written', async () => {
		expect(await print('a', {url: 'https://shop.test/orders#pay', method: 'post'})).toBe(await print('a'));
		expect(await print('a', {contentType: ' Application/JSON '})).toBe(await print('a', {contentType: JSON_TYPE}));
	});

	test('64-bit integers that differ only beyond the precision of a number', async () => {
		expect(await print('{"id":9007199254740993}')).not.toBe(await print('{"id":9007199254740992}'));
	});

	test('the order of fields in JSON text', async () => {
		expect(await print('{"a":1,"b":2}')).not.toBe(await print('{"b":2,"a":1}'));
	});

	test('bytes, however they are held', async () => {
		const facts = {contentType: JSON_TYPE};
		const bytes = new TextEncoder().encode('{"city":"Zürich"}');
		const larger = new Uint8Array(100).fill(1);
		larger.set(bytes, 10);
		const expected = await print('{"city":"Zürich"}', facts);
		expect(await print(bytes, facts)).toBe(expected);
		expect(await print(bytes.buffer, facts)).toBe(expected);
		expect(await print(larger.subarray(10, 10 + bytes.length), facts)).toBe(expected);
		expect(await print(new Blob([bytes], {type: 'ignored/type'}), facts)).toBe(expected);
		expect(await print(new Response(bytes).body, facts)).toBe(expected);
	});

	test('a lone surrogate is what goes over the wire for it', async () => {
		expect(await print('\uD800')).toBe(await print('\uFFFD'));
	});

	test('the boundary of a multipart type that the caller wrote does not count', async () => {
		const one = await print('a', {contentType: 'multipart/related; boundary=one'});
		expect(await print('a', {contentType: 'multipart/related; boundary=two'})).toBe(one);
		expect(await print('a', {contentType: 'multipart/mixed; boundary=one'})).not.toBe(one);
	});
});

describe('a Blob', () => {
	test('of up to 1 MiB counts by its bytes alone', async () => {
		const same = file(MIB, {500_000: 1}, 'other.bin', {lastModified: 9});
		expect(await print(same)).toBe(await print(file(MIB, {500_000: 1})));
		expect(await print(same)).not.toBe(await print(file(MIB)));
		expect(await print(same)).toBe(await print(await same.arrayBuffer(), {contentType: same.type}));
	});

	test('above that counts by type, size, name, time and its two ends', async () => {
		const size = 2 * MIB;
		const prints = await Promise.all([
			print(file(size)),
			print(file(size + 1)),
			print(file(size, {65_535: 1})),
			print(file(size, {[size - 65_536]: 1})),
			print(file(size, {}, 'b.bin')),
			print(file(size, {}, 'a.bin', {lastModified: 8})),
			print(file(size, {}, 'a.bin', {type: 'image/gif'})),
			print(new Blob([new Uint8Array(size)], {type: 'image/png'})),
		]);
		expect(new Set(prints).size).toBe(prints.length);
		expect(await print(file(size))).toBe(prints[0]);
	});

	test('above that is not read in its middle', async () => {
		const large = file(3 * MIB);
		const whole = vi.spyOn(large, 'arrayBuffer');
		await print(large);
		expect(whole).not.toHaveBeenCalled();
		expect(await print(file(3 * MIB, {1_500_000: 1}))).toBe(await print(large));
	});
});

describe('a form', () => {
	test('that is built again from the same content is the same', async () => {
		const make = () => formOf(['a', '1'], ['f', file(9)], ['g', file(2 * MIB)]);
		expect(await print(make())).toBe(await print(make()));
	});

	test('counts a file of up to 1 MiB by its bytes alone, and a larger one by its ends', async () => {
		const of = (...given: Parameters<typeof file>) => print(formOf(['f', file(...given)]));
		expect(await of(MIB, {500_000: 1})).not.toBe(await of(MIB));
		expect(await of(MIB, {}, 'a.bin', {lastModified: 9})).toBe(await of(MIB));
		expect(await of(MIB + 1, {500_000: 1})).toBe(await of(MIB + 1));
		expect(await of(MIB + 1, {}, 'a.bin', {lastModified: 9})).not.toBe(await of(MIB + 1));
	});

	test('is the same whatever multipart type the caller wrote', async () => {
		const form = formOf(['a', '1']);
		expect(await print(form, {contentType: 'multipart/form-data; boundary=x'})).toBe(await print(form));
	});

	test('inside a Request is the same each time, also with a large file', async () => {
		const make = async () => {
			const request = new Request('https://shop.test/orders', {
				method: 'POST',
				body: formOf(['f', file(2 * MIB, {}, 'a', {lastModified: Math.round(performance.now() * 1000)})]),
			});
			const contentType = request.headers.get('content-type') ?? '';
			return print(null, {contentType, body: await freezeRequest(request)});
		};

		expect(await make()).toBe(await make());
	});

	test('differs by every name, value, filename, type and byte, and by the order', async () => {
		const prints = await Promise.all(
			[
				formOf(),
				formOf(['a', '1'], ['b', '2']),
				formOf(['b', '2'], ['a', '1']),
				formOf(['a', '1'], ['b', '3']),
				formOf(['a', '1'], ['c', '2']),
				formOf(['f', file(3)]),
				formOf(['f', file(4)]),
				formOf(['f', file(3, {1: 1})]),
				formOf(['f', file(3, {}, 'b.bin')]),
				formOf(['f', file(3, {}, 'a.bin', {type: 'image/gif'})]),
				formOf(['f', file(2 * MIB)]),
				formOf(['f', file(2 * MIB, {5: 1})]),
			].map(async form => print(form)),
		);
		expect(new Set(prints).size).toBe(prints.length);
	});

	test('cannot be written so that it passes for another', async () => {
		const prints = await Promise.all(
			[
				formOf(['a', '1'], ['b', '2']),
				formOf(['a', '1","b","2']),
				formOf(['a', '1"],["b","2']),
				formOf(['a","1', 'b'], ['2', '']),
				formOf(['a=1&b', '2']),
				formOf(['a\n1\nb', '2']),
				formOf(['ab', '']),
				formOf(['a', 'b']),
			].map(async form => print(form)),
		);
		expect(new Set(prints).size).toBe(prints.length);
	});

	test('is not the text that describes it', async () => {
		const text = '[["a","1"]]';
		const contentType = 'multipart/form-data';
		expect(await print(text, {contentType})).not.toBe(await print(formOf(['a', '1'])));
	});
});
