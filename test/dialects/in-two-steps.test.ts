import {describe, expect, test} from 'vitest';
import {gocardless, paypal, stripe, type ProfiledDialect} from '../../src/dialects/index.ts';
import {openShop} from '../operation/shop.ts';

type Reply = {readonly status?: number; readonly body: unknown; readonly replayed?: boolean};

/** A provider whose answers come in order; each says from where. */
function open(dialect: ProfiledDialect, url: string, replies: readonly Reply[]) {
	const shop = openShop();
	const asked: string[] = [];
	const left = [...replies];
	const {environment} = shop;
	const {fetch, handle} = shop.realm({
		dialect,
		async fetch(input, init) {
			const {method, url: at} = new Request(input, init);
			asked.push(`${method} ${new URL(at).pathname}`);
			const {status = 200, body, replayed} = left.shift() ?? {body: {}};
			const response = Response.json(body, {status, headers: replayed ? {'idempotent-replayed': 'true'} : {}});
			return Object.defineProperty(response, 'url', {value: at});
		},
	});
	const init = {method: 'POST', body: '{"amount":1}', operation: ['checkout', '42'] as const};
	return {
		asked,
		handle,
		environment,
		pay: async () => {
			const told = handle.fetch(url, init).then(
				async response => [response.status, await response.json()] as const,
				(error: unknown) => error,
			);
			return environment.finish(told);
		},
		fetch,
	};
}

const intent = (status: string) => ({body: {id: 'pi_1', object: 'payment_intent', status}});

describe('stripe', () => {
	const url = 'https://api.stripe.com/v1/payment_intents';

	test('a card that needs its bank is pending, asked about by a GET, and paid in the end', async () => {
		const replies = [intent('requires_action'), intent('processing'), intent('succeeded')];
		const {pay, asked, environment, handle} = open(stripe, url, replies);
		expect(await pay()).toMatchObject([200, {status: 'requires_action'}]);
		expect(handle.state.status).toBe('pending');
		environment.jump(10_000);
		expect(await pay()).toMatchObject([200, {status: 'requires_action'}]);
		environment.jump(10_000);
		expect(await pay()).toMatchObject([200, {status: 'succeeded'}]);
		expect(handle.state.status).toBe('succeeded');
		expect(asked).toEqual(['POST /v1/payment_intents', 'GET /v1/payment_intents/pi_1', 'GET /v1/payment_intents/pi_1']);
	});

	test('the first answer, replayed after a lost one, is pending as well', async () => {
		const {pay, handle} = open(stripe, url, [
			{status: 500, body: {}},
			{...intent('requires_action'), replayed: true},
		]);
		expect(await pay()).toMatchObject([200, {status: 'requires_action'}]);
		expect(handle.state.status).toBe('pending');
	});

	test('canceled, it is over; what needs another card is not, until somebody says so', async () => {
		const replies = [intent('requires_action'), intent('requires_payment_method'), intent('canceled')];
		const {pay, asked, environment, handle} = open(stripe, url, replies);
		await pay();
		environment.jump(10_000);
		await pay();
		expect(handle.state.status).toBe('pending');
		environment.jump(10_000);
		await pay();
		expect(asked.at(-1)).toBe('POST /v1/payment_intents');
	});

	test('a confirmation is asked about where it was sent to', async () => {
		const {pay, asked, environment} = open(stripe, `${url}/pi_1/confirm`, [intent('processing'), intent('succeeded')]);
		await pay();
		environment.jump(10_000);
		expect(await pay()).toMatchObject([200, {status: 'succeeded'}]);
		expect(asked.at(-1)).toBe('GET /v1/payment_intents/pi_1');
	});

	test('a charge that succeeded is a success', async () => {
		const {pay, handle} = open(stripe, url, [intent('succeeded')]);
		await pay();
		expect(handle.state.status).toBe('succeeded');
	});
});

test('paypal: a repeat tells how things stand, so that it is sent again, under its key', async () => {
	const replies = [{body: {status: 'PAYER_ACTION_REQUIRED'}}, {body: {status: 'COMPLETED'}}];
	const {pay, asked, handle} = open(paypal('orders'), 'https://api-m.paypal.com/v2/checkout/orders', replies);
	expect(await pay()).toMatchObject([200, {status: 'PAYER_ACTION_REQUIRED'}]);
	expect(handle.state.status).toBe('pending');
	expect(await pay()).toMatchObject([200, {status: 'COMPLETED'}]);
	expect(handle.state.status).toBe('succeeded');
	expect(asked).toEqual(['POST /v2/checkout/orders', 'POST /v2/checkout/orders']);
});

describe('gocardless', () => {
	const error = (reason: string, links: object) => ({
		status: 409,
		body: {error: {type: 'invalid_state', errors: [{reason, links}]}},
	});

	test('what exists under this key is fetched, and is the answer', async () => {
		const replies = [
			{status: 503, body: {}},
			error('idempotent_creation_conflict', {conflicting_resource_id: 'PM123'}),
			{body: {payments: {id: 'PM123'}}},
		];
		const {pay, asked, handle} = open(gocardless, 'https://api.gocardless.com/payments', replies);
		expect(await pay()).toMatchObject([200, {payments: {id: 'PM123'}}]);
		expect(handle.state.status).toBe('succeeded');
		expect(asked).toEqual(['POST /payments', 'POST /payments', 'GET /payments/PM123']);
	});

	test('a bank account that somebody else may have made is unknown', async () => {
		const replies = [error('bank_account_exists', {customer_bank_account: 'BA1'})];
		const {pay, handle} = open(gocardless, 'https://api.gocardless.com/customer_bank_accounts', replies);
		expect(await pay()).toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			resource: 'https://api.gocardless.com/customer_bank_accounts/BA1',
		});
		expect(handle.state.status).toBe('unknown');
	});
});
