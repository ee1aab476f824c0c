import {beforeAll, describe, expect, test} from 'vitest';
import {startEngines} from '../../examples/chain/engines.ts';
import {runLane, type Outcome} from '../../examples/chain/lane.ts';
import {balancings, keepings, problemsOf} from '../../examples/chain/lanes.ts';
import type {Keeping} from '../../examples/chain/parts/part.ts';

const ORDERS = 40;
const SEED = 7;

const outcomes = new Map<string, Outcome>();

beforeAll(async () => {
	await using engines = await startEngines();
	for (const balancing of balancings) {
		// At once, because most of their time they wait for the broker.
		const run = async (keeping: Keeping) => runLane(engines, {keeping, balancing, seed: SEED, orders: ORDERS});
		const played = await Promise.all(keepings.map(run));
		for (const [i, keeping] of keepings.entries()) outcomes.set(`${balancing} ${keeping}`, played[i]!);
	}
}, 300_000);

describe.each(balancings)('through NGINX with %s', balancing => {
	const of = (keeping: Keeping): Outcome => outcomes.get(`${balancing} ${keeping}`)!;

	test('the guard in the transaction: one order, one message, one shipment each, and all buyers know', () => {
		const transaction = of('transaction');
		expect(problemsOf('transaction', transaction, ORDERS)).toEqual([]);
		expect(transaction.unknown).toBe(0);
		expect([transaction.orders, transaction.outbox, transaction.shipments].map(({rows}) => rows)).toEqual([
			ORDERS,
			ORDERS,
			ORDERS,
		]);
	});

	test('the guard on Redis: at most one each, and what is not known is told as such, and found out', () => {
		const redis = of('redis');
		expect(problemsOf('redis', redis, ORDERS)).toEqual([]);
		expect(redis.unknown).toBeGreaterThan(0);
		expect(redis.settled).toBe(redis.unknown);
	});

	test('without latchkey the same faults double orders, and shipments once more', () => {
		const nobody = of('nobody');
		expect(nobody.orders.doubled).toBeGreaterThan(0);
		expect(nobody.shipments.rows).toBeGreaterThan(nobody.outbox.rows);
		expect(problemsOf('transaction', nobody, ORDERS)).not.toEqual([]);
	});

	test.each(['nobody', 'transaction'] as const)('%s: every fault was met as often as it was planned', keeping => {
		const {faults} = of(keeping);
		expect(faults.map(({fault, met}) => [fault, met])).toEqual(faults.map(({fault, planned}) => [fault, planned]));
	});

	test('messages came more than once where latchkey was', () => {
		const {messages, deliveries, outbox} = of('transaction');
		expect(messages).toBeGreaterThan(outbox.rows);
		expect(deliveries).toBeGreaterThan(messages);
	});
});
