import {Window} from 'happy-dom';
import {FormData as PolyfillFormData, File as PolyfillFile} from 'node-fetch';
import {afterAll, describe, expect, test} from 'vitest';
import {createClient} from '../../src/ky/index.ts';
import {dropResponse} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {realm} from './realm.ts';

/** A page of happy-dom's, beside the fetch of Node: what it makes, that fetch would send as "[object FormData]". */
const page = new Window({url: 'https://shop.test/'});
const bytes = Uint8Array.from({length: 256}, (_, i) => i);
const large = Uint8Array.from({length: 2 * 1024 * 1024}, (_, i) => i % 251);

afterAll(async () => page.happyDOM.close());

/** What the server received, which has to be the same twice. */
async function sent(body: unknown, input?: unknown) {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const {fetch} = realm();
	const url = `${server.origin}/upload`;
	const init = {method: 'POST', ...(body !== undefined && {body: body as BodyInit}), operation: 'upload'};
	await fetch(input === undefined ? url : (input as (url: string) => Request)(url), init);
	const [first, second] = server.requests;
	expect(second?.body.equals(first!.body)).toBe(true);
	expect(second?.headers['content-type']).toBe(first?.headers['content-type']);
	const type = first!.headers['content-type'];
	const form = async () =>
		new Response(new Uint8Array(first!.body), {headers: {'content-type': type ?? ''}}).formData();
	return {type, content: new Uint8Array(first!.body), form};
}

describe('what happy-dom makes goes out as what it is', () => {
	test('a form with files', async () => {
		const form = new page.FormData();
		form.append('album', 'Grüße');
		form.append('photo', new page.File([bytes], 'ein "Bild".png', {type: 'image/png'}));
		form.append('raw', new page.Blob([large]));
		const {form: read} = await sent(form);
		const got = await read();
		expect(got.get('album')).toBe('Grüße');
		const photo = got.get('photo') as File;
		expect(photo).toMatchObject({name: 'ein "Bild".png', type: 'image/png'});
		expect(await photo.bytes()).toEqual(bytes);
		expect(Buffer.compare(await (got.get('raw') as File).bytes(), large)).toBe(0);
	});

	test('a form of text only', async () => {
		const form = new page.FormData();
		form.append('a', '1');
		form.append('a', '2');
		expect((await (await sent(form)).form()).getAll('a')).toEqual(['1', '2']);
	});

	test('a Blob and a File', async () => {
		expect(await sent(new page.Blob([bytes], {type: 'image/png'}))).toMatchObject({type: 'image/png', content: bytes});
		expect(await sent(new page.File([bytes], 'a'))).toMatchObject({type: undefined, content: bytes});
		expect(Buffer.compare((await sent(new page.Blob([large]))).content, large)).toBe(0);
	});

	test('URLSearchParams', async () => {
		expect(await sent(new page.URLSearchParams({a: '1 2', b: 'ü'}))).toMatchObject({
			type: 'application/x-www-form-urlencoded;charset=UTF-8',
			content: new TextEncoder().encode('a=1+2&b=%C3%BC'),
		});
	});

	test('a Request', async () => {
		const headers = {'content-type': 'application/json'};
		const request = (url: string) => new page.Request(url, {method: 'POST', body: '{"id":1}', headers});
		expect(await sent(undefined, request)).toMatchObject({
			type: 'application/json',
			content: new TextEncoder().encode('{"id":1}'),
		});
	});

	test('a Request with a form', async () => {
		const form = new page.FormData();
		form.append('album', 'Grüße');
		form.append('photo', new page.File([bytes], 'a.png', {type: 'image/png'}));
		const {form: read} = await sent(undefined, (url: string) => new page.Request(url, {method: 'POST', body: form}));
		const got = await read();
		expect(got.get('album')).toBe('Grüße');
		expect(got.get('photo')).toMatchObject({name: 'a.png', type: 'image/png', size: 256});
		expect(await (got.get('photo') as File).bytes()).toEqual(bytes);
	});

	test('the same content is the same request as with the runtime’s own', async () => {
		await using server = await startIdempotentServer();
		const {fetch} = realm();
		const formOf = (Form: typeof FormData, FileOf: typeof File) => {
			const form = new Form();
			form.append('photo', new FileOf([bytes], 'a.png', {type: 'image/png'}));
			return {method: 'POST', body: form, operation: 'upload'};
		};
		await fetch(`${server.origin}/upload`, formOf(FormData, File));
		const other = formOf(page.FormData as unknown as typeof FormData, page.File as unknown as typeof File);
		expect((await fetch(`${server.origin}/upload`, other)).status).toBe(201);
		expect(server.requests).toHaveLength(1);
	});
});

test('a polyfill that has tags of its own goes out as what it is', async () => {
	const form = new PolyfillFormData();
	form.append('photo', new PolyfillFile([bytes], 'a.png', {type: 'image/png'}));
	const photo = (await (await sent(form)).form()).get('photo') as File;
	expect(photo).toMatchObject({name: 'a.png', type: 'image/png'});
	expect(await photo.bytes()).toEqual(bytes);
});

test('an element, which a form may be taken for, is refused', async () => {
	const {fetch} = realm();
	const body = page.document.createElement('form') as unknown as BodyInit;
	const call = fetch('https://shop.test/upload', {method: 'POST', body, operation: 'upload'});
	await expect(call).rejects.toThrow(/a body may be .*, not HTMLFormElement; nothing was sent/);
});

test.each<[string, () => unknown]>([
	['a form of happy-dom', () => new page.FormData()],
	['an object', () => ({id: 1})],
])('under createClient, whose Request makes text of it, %s is refused', async (_, body) => {
	await using server = await startIdempotentServer();
	const api = createClient({scope: null});
	const call = api.post(`${server.origin}/upload`, {body: body() as BodyInit, operation: 'upload'});
	await expect(call).rejects.toThrow(/a body may be .*; nothing was sent/);
	expect(server.requests).toEqual([]);
});
