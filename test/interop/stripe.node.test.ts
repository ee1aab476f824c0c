import {Stripe} from 'stripe';
import {expect, test} from 'vitest';
import {stripe as dialect} from '../../src/dialects/stripe.ts';
import {
	answerAfter,
	answerBefore,
	cutResponse,
	dropRequest,
	dropResponse,
	startFaultyServer,
} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {ourFetch} from './interop.ts';

function client(origin: string): Stripe {
	const {hostname, port} = new URL(origin);
	return new Stripe('sk_test_1', {
		host: hostname,
		port,
		protocol: 'http',
		telemetry: false,
		maxNetworkRetries: 0,
		httpClient: Stripe.createFetchHttpClient(ourFetch({dialect})),
	});
}

const resolver = () => Response.json({id: 'pi_1', object: 'payment_intent'});
const intent = {amount: 4200, currency: 'eur'};

test.each([
	['a lost request', dropRequest],
	['a lost answer', dropResponse],
	['a cut answer', cutResponse],
	['a 503 of a gateway', answerBefore(503)],
	['a 502 after the effect', answerAfter(502)],
])('%s is tried again under the key that the SDK was given', async (_, fault) => {
	await using server = await startIdempotentServer({resolver, saves: 'everything'});
	server.script([fault]);
	const created = await client(server.origin).paymentIntents.create(intent, {idempotencyKey: 'order-42'});
	expect(created.id).toBe('pi_1');
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual(['order-42', 'order-42']);
	expect([...server.effects]).toEqual([['order-42', 1]]);
});

test('the key that the SDK makes itself is kept over attempts', async () => {
	await using server = await startIdempotentServer({resolver});
	server.script([dropResponse, answerBefore(503)]);
	await client(server.origin).paymentIntents.create(intent);
	const keys = server.requests.map(({headers}) => headers['idempotency-key']);
	expect(keys).toEqual(Array(3).fill(expect.stringMatching(/^stripe-node-retry-/)));
	expect(new Set(keys).size).toBe(1);
	expect(server.effects.size).toBe(1);
});

test('a decline is the SDK’s own error, after one request', async () => {
	await using server = await startIdempotentServer({
		resolver: () => Response.json({error: {type: 'card_error', code: 'card_declined'}}, {status: 402}),
	});
	const call = client(server.origin).paymentIntents.create(intent, {idempotencyKey: 'order-42'});
	await expect(call).rejects.toBeInstanceOf(Stripe.errors.StripeCardError);
	expect(server.requests).toHaveLength(1);
});

test('a call without a key passes untouched, and is not retried', async () => {
	await using server = await startFaultyServer(async () => resolver());
	server.script([dropResponse]);
	await expect(client(server.origin).paymentIntents.cancel('pi_1', {}, {idempotencyKey: 'k'})).resolves.toBeDefined();
	server.script([dropResponse]);
	await expect(client(server.origin).customers.del('cus_1')).rejects.toBeInstanceOf(
		Stripe.errors.StripeConnectionError,
	);
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual(['k', 'k', undefined]);
});
