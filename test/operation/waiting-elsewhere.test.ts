import {describe, expect, test} from 'vitest';
import type {Store} from '../../src/stores/store.ts';
import {after, answer, hang} from '../support/fake-server.ts';
import {openShop, type Shop} from './shop.ts';

/** Another realm has claimed the operation and is sending; its answer takes five seconds. */
async function whileElsewhere({environment, realm, server}: Shop, step = after(5000)) {
	const owner = realm();
	server.script(step);
	const elsewhere = owner.pay();
	await environment.settle();
	return {owner, elsewhere};
}

describe('while another realm is at it', () => {
	// Invariant 2
	test('a call waits, and takes its outcome and answer', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const {elsewhere} = await whileElsewhere(shop);
		const waiter = realm();
		const [theirs, ours] = await environment.finish(Promise.all([elsewhere, waiter.pay()]));
		expect(ours).toMatchObject({outcome: 'succeeded', key: theirs.key, attempts: 0, replayed: true});
		expect(await ours.response?.json()).toEqual({key: theirs.key, charges: 1});
		expect(ours.response?.status).toBe(201);
		expect(waiter.types()).toContain('waiting-elsewhere');
		expect(server.requests).toHaveLength(1);
	});

	test('a call asks the store again after a tenth of a second at the earliest, and half as long again each time', async () => {
		const shop = openShop();
		const {environment, realm, store} = shop;
		await whileElsewhere(shop, hang);
		const asked: number[] = [];
		const begun = environment.now();
		const over: Partial<Store> = {
			watch: undefined as never,
			claim: async (...of) => (asked.push(environment.now() - begun), store.claim(...of)),
		};
		await environment.finish(realm({totalTimeout: 800}, over, {...environment, random: () => 0}).pay());
		expect(asked).toEqual([0, 100, 250, 475]);
	});

	test('a store that calls an operation busy whose lease is over is not asked without end', async () => {
		const shop = openShop();
		const {environment, realm, record} = shop;
		await whileElsewhere(shop, hang);
		const busy = (await record())!;
		let asked = 0;
		const over: Partial<Store> = {
			claim() {
				if (++asked > 1_000) throw new Error('without end');
				const now = busy.leaseUntil + 10;
				return {status: 'busy', record: busy, now};
			},
		};
		expect((await environment.finish(realm({totalTimeout: 100}, over).pay())).outcome).toBe('unknown');
		expect(asked).toBeLessThanOrEqual(102);
	});

	test('twenty who wait for one refusal are not twenty declined cards', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const declined = after(5000, answer(402, {'content-type': 'application/json'}, '{"declined":true}'));
		const {elsewhere} = await whileElsewhere(shop, declined);
		const waiters = Array.from({length: 20}, async () => realm().pay());
		const reports = await environment.finish(Promise.all([elsewhere, ...waiters]));
		expect(server.requests).toHaveLength(1);
		for (const {outcome, response} of reports) {
			expect(outcome).toBe('refused');
			expect(await response?.json()).toEqual({declined: true});
		}
	});

	test.each([
		[201, 'ALREADY_SUCCEEDED'],
		[402, 'REFUSED'],
	])('an answer of more than 64 KiB with status %i is told as %s', async (status, code) => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const {elsewhere} = await whileElsewhere(shop, after(5000, answer(status, {}, 'x'.repeat(64 * 1024 + 1))));
		const waiting = realm().pay();
		const [, {error}] = await environment.finish(Promise.all([elsewhere, waiting]));
		expect(error).toMatchObject({code, status, attempts: 0});
		expect(server.requests).toHaveLength(1);
	});

	test('an answer of 64 KiB is handed over', async () => {
		const shop = openShop();
		const {environment, realm} = shop;
		const {elsewhere} = await whileElsewhere(shop, after(5000, answer(200, {}, 'x'.repeat(64 * 1024))));
		const waiting = realm().pay();
		const [, {response}] = await environment.finish(Promise.all([elsewhere, waiting]));
		expect(await response?.text()).toHaveLength(64 * 1024);
	});

	test('a waiter that is out of time gets OutcomeUnknownError, having sent nothing', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await whileElsewhere(shop, hang);
		const {error} = await environment.finish(realm({totalTimeout: 3000}).pay());
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 0, key: server.keys()[0]});
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 9
	test('another payload is PayloadChangedError at once, and nothing is sent', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await whileElsewhere(shop, hang);
		const begun = environment.now();
		const {error} = await environment.finish(realm().pay({body: '{"cart":43}'}));
		expect(error).toMatchObject({code: 'PAYLOAD_CHANGED', key: server.keys()[0], attempts: 0});
		expect(environment.now()).toBe(begun);
		expect(server.requests).toHaveLength(1);
	});

	test('an aborted waiter stops waiting, and leaves the owner alone', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const {elsewhere} = await whileElsewhere(shop);
		const leaving = new AbortController();
		const waiting = realm().pay({signal: leaving.signal});
		await environment.advance(1000);
		leaving.abort(new Error('closed the tab'));
		expect((await environment.finish(waiting)).error).toMatchObject({message: 'closed the tab'});
		expect((await environment.finish(elsewhere)).outcome).toBe('succeeded');
		expect(server.requests).toHaveLength(1);
	});

	test('the answer is kept for those who wait for a minute, and then dropped', async () => {
		const shop = openShop();
		const {environment, realm, store, record} = shop;
		const {elsewhere} = await whileElsewhere(shop);
		void realm({totalTimeout: 1000}).pay();
		await environment.finish(elsewhere);
		expect((await record())?.answer).toBeDefined();
		await environment.advance(59_000);
		expect((await environment.finish(realm().pay())).response?.status).toBe(201);
		await environment.advance(1001);
		expect((await environment.finish(realm().pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', status: 201});
		await store.sweep();
		expect((await record())?.answer).toBeUndefined();
	});

	test('nobody waits: no answer is kept', async () => {
		const {environment, realm, record} = openShop();
		await environment.finish(realm().pay());
		expect((await record())?.state.status).toBe('succeeded');
		expect((await record())?.answer).toBeUndefined();
	});

	test('a store that tells of changes wakes the waiter at once', async () => {
		const shop = openShop();
		const {environment, realm} = shop;
		const listeners = new Set<() => void>();
		const {elsewhere} = await whileElsewhere(shop);
		const waiter = realm(
			{},
			{
				watch(_, listener) {
					listeners.add(listener);
					return () => listeners.delete(listener);
				},
			},
		);
		const waiting = waiter.pay();
		await environment.finish(elsewhere);
		const settledAt = environment.now();
		for (const listener of listeners) listener();
		expect((await environment.finish(waiting)).outcome).toBe('succeeded');
		expect(environment.now()).toBe(settledAt);
		expect(listeners.size).toBe(0);
	});
});
