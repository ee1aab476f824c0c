import {describe, expect, test} from 'vitest';
import type {FormEntries, FormFile} from '../../src/request/form.ts';
import type {PlainBody} from '../../src/request/body.ts';
import {encodeForm, boundaryOf, encodeMultipart} from '../../src/request/multipart.ts';
import {prepareRequest} from '../../src/request/prepared-request.ts';
import {settingsOf} from '../../src/normalize-options.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';

const FINGERPRINT = '0123456789abcdef'.repeat(4);
const BOUNDARY = '----latchkey0123456789abcdef0123456789abcdef';

type Entries = ReadonlyArray<readonly [string, string | File]>;

const partOf = (file: File): FormFile => ({
	name: file.name,
	type: file.type,
	lastModified: file.lastModified,
	content: file,
});

/** The same form as it is after it was taken over. */
function frozen(entries: Entries): FormEntries {
	return entries.map(([name, value]) => [name, typeof value === 'string' ? value : partOf(value)]);
}

const hard: Entries = [
	['plain', 'text'],
	['', ''],
	['same', '1'],
	['same', '2'],
	['lines', 'a\nb\rc\r\nd\n\r'],
	['quote " and \r\n line \n', 'x'],
	['ключ 🗝', 'Zürich 🐈'],
	['looks like a boundary', `\r\n--${BOUNDARY}x--\r\n`],
	['file', new File(['a\nb'], 'a "b"\r\nc.txt', {type: 'text/plain'})],
	['file', new File([new Uint8Array([0, 255, 13, 10])], 'фото.bin')],
	['empty', new File([], 'empty.txt')],
];

function formOf(entries: Entries): FormData {
	const form = new FormData();
	for (const [name, value] of entries) form.append(name, value);
	return form;
}

async function bytesOf(body: BodyInit | null): Promise<string> {
	return Array.from(new Uint8Array(await new Response(body).arrayBuffer()), byte => String.fromCharCode(byte)).join('');
}

async function plain(entries: Iterable<readonly [string, string | File]>): Promise<unknown[]> {
	return Promise.all(
		Array.from(entries, async ([name, value]) =>
			typeof value === 'string' ? [name, value] : [name, value.name, value.type, await bytesOf(value)],
		),
	);
}

async function parse({content: body, type: contentType}: PlainBody): Promise<unknown[]> {
	return plain(await new Response(body ?? null, {headers: {'content-type': contentType ?? ''}}).formData());
}

describe('encodeMultipart', () => {
	test('gives the very bytes that the platform gives for the same boundary', async () => {
		const native = new Response(formOf(hard));
		const boundary = /boundary=(.*)$/.exec(native.headers.get('content-type') ?? '')?.[1] ?? '';
		expect(boundary).not.toBe('');
		expect(await bytesOf(encodeMultipart(frozen(hard), boundary))).toBe(await bytesOf(native.body));
	});

	test('gives these bytes', async () => {
		// The last is a file input that was left empty.
		const entries: Entries = [
			['a"b', 'c\nd'],
			['f', new File(['x'], 'x"y')],
			['g', new File([], '')],
		];
		expect(await bytesOf(encodeMultipart(frozen(entries), 'B'))).toBe(
			[
				'--B',
				'Content-Disposition: form-data; name="a%22b"',
				'',
				'c',
				'd',
				'--B',
				'Content-Disposition: form-data; name="f"; filename="x%22y"',
				'Content-Type: application/octet-stream',
				'',
				'x',
				'--B',
				'Content-Disposition: form-data; name="g"; filename=""',
				'Content-Type: application/octet-stream',
				'',
				'',
				'--B--',
				'',
			].join('\r\n'),
		);
	});

	test('no name or filename can begin a part of its own', async () => {
		const attack = '"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name="amount';
		const parsed = await parse({
			content: encodeMultipart(
				frozen([
					[attack, 'x'],
					['file', new File(['x'], attack)],
				]),
				'B',
			),
			type: 'multipart/form-data; boundary=B',
		});
		expect(parsed).toHaveLength(2);
	});
});

test('the boundary is made from the fingerprint', () => {
	expect(boundaryOf(FINGERPRINT)).toBe(BOUNDARY);
});

describe('encodeForm', () => {
	test('a form is what a server parses to the same form', async () => {
		const entries: Entries = [
			['plain', 'text'],
			['same', '1'],
			['same', '2'],
			['lines', 'a\r\nb'],
			['ключ', 'Zürich 🐈'],
			['file', new File(['a\nb'], 'фото.png', {type: 'image/png'})],
			['bytes', new File([new Uint8Array([0, 255, 13, 10])], 'a.bin', {type: 'application/octet-stream'})],
		];
		const encoded = encodeForm(frozen(entries), FINGERPRINT);
		expect(encoded.type).toBe(`multipart/form-data; boundary=${BOUNDARY}`);
		expect(await parse(encoded)).toEqual(await plain(entries));
	});

	test('a form has the same bytes every time', async () => {
		const once = encodeForm(frozen(hard), FINGERPRINT);
		const again = encodeForm(frozen([...formOf(hard)]), FINGERPRINT);
		expect(await bytesOf(again.content)).toBe(await bytesOf(once.content));
		expect(again.type).toBe(once.type);
	});

	test('an empty form is a body', async () => {
		const encoded = encodeForm([], FINGERPRINT);
		expect(await bytesOf(encoded.content)).toBe(`--${BOUNDARY}--\r\n`);
	});

	test.each([null, 'a', new Uint8Array(1), new Blob(['a'])])('%o is handed on as it is, without a hash', body => {
		const environment = virtualEnvironment();
		const init = {method: 'POST', body};
		const request = prepareRequest('https://api.test/', init, settingsOf({}), environment, 'named');
		expect(request.sendable('key')).toMatchObject({init: {body}});
	});
});
