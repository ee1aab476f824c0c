import {describe, expect, test} from 'vitest';
import {dropResponse} from '../support/faulty-server.ts';
import type {Errand} from './page/service-worker.ts';
import {ask, keysOf, visit} from './visit.ts';

/** Asks the module service worker of the page, registered where it is not. */
async function send(errand: Errand): Promise<unknown> {
	await navigator.serviceWorker.register('/service-worker.js', {type: 'module'});
	const {active} = await navigator.serviceWorker.ready;
	const {port1, port2} = new MessageChannel();
	const told = new Promise(resolve => {
		port1.addEventListener('message', ({data}) => {
			resolve(data);
		});
	});
	port1.start();
	active?.postMessage(errand, [port2]);
	return told;
}

const bytes = Uint8Array.from({length: 256}, (_, i) => i);

/** Its service worker pays, and its first answer is lost; what was sent. */
async function pay(body: Errand['body']) {
	const here = await visit();
	here.server.script([dropResponse]);
	const page = await here.open();
	const told = await page.evaluate(send, {body, cart: 42});
	expect(told).toEqual({outcome: 'succeeded', status: 201, error: undefined, attempts: 2});

	const [first, second] = here.server.requests;
	expect(here.server.requests).toHaveLength(2);
	expect(second!.body.equals(first!.body)).toBe(true);
	const [key] = keysOf(here.server);
	expect([...here.server.effects]).toEqual([[key, 1]]);
	expect(await ask(page, shop => shop.record())).toMatchObject({key, state: {status: 'succeeded'}});
	return {type: first!.headers['content-type'], content: new Uint8Array(first!.body)};
}

// `import()` throws in every service worker: https://github.com/w3c/ServiceWorker/issues/1356
describe('a service worker pays once, though the first answer is lost', () => {
	test('with a Blob', async () => {
		expect(await pay('blob')).toEqual({type: 'image/png', content: bytes});
	});

	test('with a stream', async () => {
		expect(await pay('stream')).toEqual({type: undefined, content: bytes});
	});

	test('with a form with a file', async () => {
		const {type = '', content} = await pay('form');
		const form = await new Response(content, {headers: {'content-type': type}}).formData();
		expect(form.get('album')).toBe('Grüße');
		expect(await (form.get('photo') as File).bytes()).toEqual(bytes);
	});
});
