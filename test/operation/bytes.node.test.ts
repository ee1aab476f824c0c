import {expect, test} from 'vitest';
import {drop} from '../support/fake-server.ts';
import {openShop} from './shop.ts';

// Invariant 3
test('the bytes do not change: what its owner does to a body after the call is not sent', async () => {
	const {environment, realm, server} = openShop();
	const body = new TextEncoder().encode('{"cart":42}');
	server.script(drop, drop);
	const call = realm().pay({body});
	body.fill(0);
	await environment.finish(call);
	const sent = await Promise.all(server.requests.map(async request => new Response(request.body as BodyInit).text()));
	expect(sent).toEqual(['{"cart":42}', '{"cart":42}', '{"cart":42}']);
});

// Invariant 3
test('a multipart body is the same to the byte over attempts and reloads, boundary included', async () => {
	const {environment, realm, server} = openShop();
	const form = () => {
		const data = new FormData();
		data.append('cart', '42');
		data.append('note', new File(['hello'], 'note.txt', {type: 'text/plain', lastModified: 0}));
		return data;
	};
	server.script(drop, drop, drop, drop);
	await environment.finish(realm().pay({body: form()}));
	expect((await environment.finish(realm().pay({body: form()}))).outcome).toBe('succeeded');
	expect(server.requests).toHaveLength(5);
	const sent = await Promise.all(
		server.requests.map(async ({headers, body}) => [
			headers.get('content-type'),
			await new Response(body as BodyInit).text(),
		]),
	);
	expect(sent[0]?.[0]).toMatch(/^multipart\/form-data; boundary=/);
	for (const one of sent) expect(one).toEqual(sent[0]);
});

// Invariant 3
test('the same fingerprint with other bytes goes under the same key, with an event', async () => {
	const {environment, realm, server} = openShop();
	const fingerprint = async (request: Request) => String(((await request.json()) as {cart: number}).cart);
	server.script(drop);
	const {key} = await environment.finish(realm({fingerprint, retry: 0}).pay({body: '{"cart":42,"at":1}'}));
	const again = realm({fingerprint});
	server.script(async () => new Response('idempotency key reused', {status: 422}));
	const report = await environment.finish(again.pay({body: '{"cart":42,"at":2}'}));
	expect(again.types()).toContain('bytes-changed');
	expect(report).toMatchObject({outcome: 'unknown', key});
	expect(server.keys()).toEqual([key, key]);
});

// Invariant 12
test('a body that cannot be replayed is an error before anything is sent or written', async () => {
	const {environment, realm, server, record} = openShop();
	const body = new ReadableStream({
		start(controller) {
			controller.enqueue(new Uint8Array(11 * 1024 * 1024));
			controller.close();
		},
	});
	const {error} = await environment.finish(realm().pay({body, duplex: 'half'} as RequestInit));
	expect(error).toMatchObject({code: 'BODY_NOT_REPLAYABLE'});
	expect(server.requests).toHaveLength(0);
	expect(await record()).toBeUndefined();
});
