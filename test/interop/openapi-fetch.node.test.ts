import createClient from 'openapi-fetch';
import {expect, test} from 'vitest';
import {answerBefore, dropResponse, startFaultyServer} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {ourFetch} from './interop.ts';

type Order = {key: string; charges: number};

/** As generated from an OpenAPI document. */
type Paths = {
	'/orders': {
		post: {
			parameters: {header?: {'Idempotency-Key'?: string}};
			requestBody: {content: {'application/json': {cart: number}}};
			responses: {
				201: {content: {'application/json': Order}};
				402: {content: {'application/json': {code: string}}};
			};
		};
	};
};

function client(baseUrl: string) {
	const fetch = ourFetch();
	return createClient<Paths>({baseUrl, fetch: async request => fetch(request)});
}

const body = {cart: 42};
const params = {header: {'Idempotency-Key': 'order-42'}};

test('a key header is kept after a lost answer', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse, answerBefore(503)]);
	const {data} = await client(server.origin).POST('/orders', {body, params});
	expect(data).toEqual({key: 'order-42', charges: 1});
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual(Array(3).fill('order-42'));
});

test('a refusal is its error', async () => {
	await using server = await startIdempotentServer({
		resolver: () => Response.json({code: 'card_declined'}, {status: 402}),
	});
	const {error, response} = await client(server.origin).POST('/orders', {body, params});
	expect(error).toEqual({code: 'card_declined'});
	expect(response.status).toBe(402);
	expect(server.requests).toHaveLength(1);
});

test('a call without a key passes untouched, and is not retried', async () => {
	await using server = await startFaultyServer(async () => Response.json({key: '', charges: 1}, {status: 201}));
	server.script([dropResponse]);
	const api = client(server.origin);
	await expect(api.POST('/orders', {body})).rejects.toThrow('fetch failed');
	expect((await api.POST('/orders', {body})).data).toEqual({key: '', charges: 1});
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual([undefined, undefined]);
});
