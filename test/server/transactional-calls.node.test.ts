import type {PoolClient} from 'pg';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {outcomeOf, OutcomeUnknownError, PendingError} from '../../src/index.ts';
import type {GuardEvent} from '../../src/server/events.ts';
import type {TransactionalHandler, TransactionalOptions} from '../../src/server/postgres.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {someBank, type Bank} from './bank.ts';
import {serveOn} from './serve.ts';
import {calls, client, paymentService} from './services.ts';
import {codeOf, payment} from './shop.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
let bank: Bank;
beforeAll(async () => {
	server = await somePostgres();
	bank = await someBank(server.url);
}, 60_000);
afterAll(async () => {
	await bank.remove();
	await server.remove();
});

type Handler = TransactionalHandler<PoolClient, readonly never[]>;

/** Books an order, and has it paid by a service. `then`: what befalls each run after that. */
async function order(url: string, then: Array<(tx: PoolClient) => unknown> = []) {
	const events: GuardEvent[] = [];
	let runs = 0;
	const handler: Handler = async (request, {tx, operation}) => {
		const body = await request.text();
		await tx.query(`INSERT INTO ${bank.charges} VALUES ('ann', 1)`);
		const befalls = then[runs++];
		const paid = await operation.fetch(url, {method: 'POST', body, operation: 'charge'});
		await befalls?.(tx);
		return Response.json({paid: paid.ok}, {status: paid.status});
	};
	const options: Partial<TransactionalOptions<PoolClient>> = {
		name: crypto.randomUUID(),
		fetch: calls(),
		onEvent: event => events.push(event),
	};
	const guard = bank.guard(handler, options);
	const before = await bank.counts();
	return {
		guard,
		runs: () => runs,
		events: () => events.map(event => [event.type, 'error' in event && (event.error as {code?: unknown}).code]),
		async committed() {
			const {charges, keys} = await bank.counts();
			return [charges - before.charges, keys - before.keys];
		},
	};
}

/** Postgres's own words for it. */
const undone = async (tx: PoolClient) => tx.query(`DO $$ BEGIN RAISE 'another one' USING ERRCODE = '40001'; END $$`);

describe('a call within the transaction', () => {
	test('goes under the key of its step, at every run that another transaction undoes', async () => {
		const service = await paymentService();
		const {guard, runs, committed} = await order(service.url, [undone, undone]);
		expect((await guard(payment())).status).toBe(201);
		expect([runs(), service.charges(), new Set(service.keys()).size]).toEqual([3, 1, 1]);
		expect(service.keys()[0]).toMatch(/^[\da-f-]{14}5/);
		expect(await committed()).toEqual([1, 1]);
		expect((await guard(payment())).headers.get('idempotent-replayed')).toBe('true');
		expect(runs()).toBe(3);
	});

	test('goes under it again after what it was made for was rolled back', async () => {
		const service = await paymentService();
		const fails = () => {
			throw new Error('no more disk');
		};
		const {guard, committed} = await order(service.url, [fails]);
		await expect(guard(payment())).rejects.toThrow('no more disk');
		expect(await committed()).toEqual([0, 0]);
		expect((await guard(payment())).status).toBe(201);
		expect([service.charges(), new Set(service.keys()).size]).toEqual([1, 1]);
		expect(await committed()).toEqual([1, 1]);
	});

	test('goes under another key for another payload', async () => {
		const service = await paymentService();
		const {guard} = await order(service.url);
		await guard(payment());
		await guard(payment({key: 'key-2'}));
		expect(new Set(service.keys()).size).toBe(2);
	});
});

describe('a call of unknown fate', () => {
	const lost = ['lose-response', 'lose-response'] as const;

	test('undoes the transaction, and the same request again finds out, under the same key', async () => {
		const service = await paymentService(undefined, [...lost]);
		const {guard, committed, events} = await order(service.url);
		const told = await guard(payment());
		expect([told.status, told.headers.get('retry-after'), told.headers.get('x-should-retry')]).toEqual([
			503,
			'1',
			null,
		]);
		// Nothing says that nothing was done.
		expect(await told.json()).toEqual({
			title: 'Idempotency-Key: outcome unknown',
			status: 503,
			detail: expect.stringContaining('the same key'),
		});
		expect(await committed()).toEqual([0, 0]);
		expect(events()).toEqual([['doubt', 'OUTCOME_UNKNOWN']]);

		const again = await guard(payment());
		expect([again.status, await again.json()]).toEqual([201, {paid: true}]);
		expect([service.charges(), new Set(service.keys()).size]).toEqual([1, 1]);
		expect(await committed()).toEqual([1, 1]);
	});

	test('so does one that is pending', async () => {
		const service = await paymentService();
		const pending = () => {
			throw new PendingError({attempts: 1});
		};
		const {guard, committed} = await order(service.url, [pending]);
		expect((await guard(payment())).status).toBe(503);
		expect(await committed()).toEqual([0, 0]);
	});

	test('that the same call would not find out either is told as such, so that nobody asks again', async () => {
		const service = await paymentService();
		const expired = () => {
			throw new OutcomeUnknownError({attempts: 1, reason: 'expired'});
		};
		const {guard, committed} = await order(service.url, [expired]);
		const told = await guard(payment());
		expect([told.status, await codeOf(told), told.headers.get('x-should-retry')]).toEqual([
			409,
			'idempotency-outcome-unknown',
			'false',
		]);
		expect(await committed()).toEqual([0, 0]);
	});

	test.each([
		['that tries again', undefined, 1],
		['that does not', 0, 2],
	])('is found out by our client %s, under the key that it keeps', async (_, retry, presses) => {
		const service = await paymentService(undefined, [...lost]);
		const {guard, committed} = await order(service.url);
		const shop = await serveOn(guard);
		onTestFinished(shop.close);
		const buyer = client(retry === undefined ? {retry: {limit: 1, delay: () => 0}} : {retry});
		const told = [];
		for (let press = 0; press < presses; press++)
			told.push(await outcomeOf(buyer(shop.url, {method: 'POST', body: '{"amount":1}', operation: 'buy'})));

		expect(told.map(({outcome}) => outcome)).toEqual([...Array<string>(presses - 1).fill('unknown'), 'succeeded']);
		expect(new Set(told.map(({key}) => key)).size).toBe(1);
		expect([service.charges(), new Set(service.keys()).size, await committed()]).toEqual([1, 1, [1, 1]]);
	});
});
