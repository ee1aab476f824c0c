import {create, type AxiosInstance} from 'axios';
import {expect, test} from 'vitest';
import {answerBefore, dropResponse, startFaultyServer} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {ourFetch} from './interop.ts';

function client(baseURL: string): AxiosInstance {
	return create({baseURL, adapter: 'fetch', env: {fetch: ourFetch()}});
}

test('a key header is kept after a lost answer', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse, answerBefore(503)]);
	const headers = {'Idempotency-Key': 'order-42'};
	const {data, status} = await client(server.origin).post('/orders', {cart: 42}, {headers});
	expect({data, status}).toEqual({data: {key: 'order-42', charges: 1}, status: 201});
	expect(server.requests.map(request => request.headers['idempotency-key'])).toEqual(Array(3).fill('order-42'));
	expect(server.requests.map(({body}) => body.toString())).toEqual(['{"cart":42}', '{"cart":42}', '{"cart":42}']);
});

test('a form is the same at every attempt', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const form = new FormData();
	form.set('photo', new File(['pixels'], 'photo.png', {type: 'image/png'}));
	await client(server.origin).post('/photos', form, {headers: {'Idempotency-Key': 'photo-42'}});
	const [one, two] = server.requests;
	expect(one?.body.toString()).toContain('pixels');
	expect(two?.body).toEqual(one?.body);
	expect([...server.effects]).toEqual([['photo-42', 1]]);
});

test('a refusal is axios’ own error', async () => {
	await using server = await startIdempotentServer({
		resolver: () => Response.json({code: 'card_declined'}, {status: 402}),
	});
	const call = client(server.origin).post('/orders', {}, {headers: {'Idempotency-Key': 'order-42'}});
	await expect(call).rejects.toMatchObject({response: {status: 402, data: {code: 'card_declined'}}});
	expect(server.requests).toHaveLength(1);
});

test('a call without a key passes untouched, and is not retried', async () => {
	await using server = await startFaultyServer(async () => Response.json({id: 7}));
	server.script([dropResponse]);
	const api = client(server.origin);
	await expect(api.post('/orders', {cart: 42})).rejects.toMatchObject({isAxiosError: true});
	expect((await api.post('/orders', {cart: 42})).data).toEqual({id: 7});
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual([undefined, undefined]);
});
