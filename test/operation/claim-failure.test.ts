import {describe, expect, test} from 'vitest';
import type {OperationRecord} from '../../src/operation/record.ts';
import type {Store} from '../../src/stores/store.ts';
import {answer, drop} from '../support/fake-server.ts';
import {faulty} from './faulty-store.ts';
import {gate, OPERATION, openShop} from './shop.ts';

const broken = async () => Promise.reject(new Error('disk full'));

describe('a claim that fails', () => {
	// Invariants 1 and 12
	test.each<[string, Store['claim']]>([
		['rejects', broken],
		[
			'throws',
			() => {
				throw new Error('disk full');
			},
		],
		['answers something else', () => ({status: 'maybe', now: 0}) as unknown as ReturnType<Store['claim']>],
		[
			'answers without the time',
			() => ({status: 'key-used', previousKey: null}) as unknown as ReturnType<Store['claim']>,
		],
	])('because the store %s is a StoreError, and nothing is sent', async (_, claim) => {
		const {environment, realm, server} = openShop();
		const {outcome, error} = await environment.finish(realm({}, {claim}).pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({code: 'STORE_FAILED', operation: OPERATION, attempts: 0});
		expect(server.requests).toHaveLength(0);
	});

	// Invariants 1 and 12
	test('because the store hangs is a StoreError after five seconds, and nothing is sent, also when it wakes up', async () => {
		const {environment, realm, server, store} = openShop();
		const waking = gate();
		const {pay} = realm(
			{},
			{
				async claim(id, claim) {
					await waking.opened;
					return store.claim(id, claim);
				},
			},
		);
		const begun = environment.now();
		const {error} = await environment.finish(pay());
		expect(error).toMatchObject({code: 'STORE_FAILED'});
		expect(environment.now() - begun).toBe(5000);
		waking.open();
		await environment.advance(60_000);
		expect(server.requests).toHaveLength(0);
	});

	// Invariant 2
	/** A realm whose first claim fails, taken by the store or not. */
	async function afterFailedClaim(taken: boolean) {
		const shop = openShop();
		let works = false;
		const realm = shop.realm(
			{},
			{
				async claim(id, claim) {
					const result = works || taken ? await shop.store.claim(id, claim) : undefined;
					return works && result !== undefined ? result : broken();
				},
			},
		);
		await shop.environment.finish(realm.pay());
		works = true;
		return {...shop, ...realm};
	}

	test('that the store took is not gone on with under a key of the caller’s own', async () => {
		const {environment, pay, handle, server, record} = await afterFailedClaim(true);
		const own = {idempotencyKey: 'order-42'};
		expect((await environment.finish(pay(own))).error).toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(0);
		expect((await record())?.key).not.toBe('order-42');
		await handle.forget({force: true});
		expect(await environment.finish(pay(own))).toMatchObject({outcome: 'succeeded', key: 'order-42'});
	});

	test('that the store did not take gives way to a key of the caller’s own', async () => {
		const {environment, pay, server} = await afterFailedClaim(false);
		const report = await environment.finish(pay({idempotencyKey: 'order-42'}));
		expect(report).toMatchObject({outcome: 'succeeded', key: 'order-42'});
		expect(server.keys()).toEqual(['order-42']);
	});

	describe('of what was sent under a key of the caller’s own, and another own key comes', () => {
		async function lostAndUnclaimed(over: Partial<Store> = {}) {
			const shop = openShop();
			const disk = faulty(shop.store);
			const page = shop.realm({}, {...disk.over, ...over});
			const other = shop.realm();
			shop.server.script(async exchange => {
				await other.handle.forget({force: true});
				disk.breaks('claim');
				return drop(exchange);
			});
			await shop.environment.finish(page.pay({idempotencyKey: 'order-1'}));
			disk.mend();
			return {...shop, pay: async () => shop.environment.finish(page.pay({idempotencyKey: 'order-2'})), other};
		}

		test('it is sent where the store says that the first is over', async () => {
			const {server, pay} = await lostAndUnclaimed();
			expect(await pay()).toMatchObject({outcome: 'succeeded', key: 'order-2'});
			expect(server.keys()).toEqual(['order-1', 'order-2']);
		});

		test('nothing is sent where the store has lost the first', async () => {
			const {server, pay} = await lostAndUnclaimed({list: () => []});
			expect((await pay()).error).toBeInstanceOf(TypeError);
			expect(server.keys()).toEqual(['order-1']);
		});

		test('nothing is sent where the store holds a third that is open', async () => {
			const {environment, server, pay, other} = await lostAndUnclaimed();
			server.script(drop);
			await environment.finish(other.pay({idempotencyKey: 'order-3', retry: 0}));
			expect((await pay()).error).toBeInstanceOf(TypeError);
			expect(server.keys()).toEqual(['order-1', 'order-3']);
		});
	});

	// Invariant 5
	test('under a key that others may have sent is one of that kind for who goes on without naming it', async () => {
		const {environment, realm, server, store, record} = openShop();
		let works = false;
		const {pay} = realm({}, {claim: async (id, claim) => (works ? store.claim(id, claim) : broken())});
		await environment.finish(pay({idempotencyKey: 'order-42'}));
		works = true;
		server.script(answer(402));
		expect(await environment.finish(pay())).toMatchObject({outcome: 'unknown', key: 'order-42', keyKept: true});
		expect(await record()).toMatchObject({ambiguous: true, state: {status: 'unknown'}});
	});

	// Invariant 2
	test('and whose fate is not known is offered again with the same key', async () => {
		const {environment, realm, server, store, record} = openShop();
		let failures = 2;
		const offered: string[] = [];
		const {pay} = realm(
			{},
			{
				claim(id, claim) {
					offered.push(claim.key);
					const result = store.claim(id, claim);
					if (failures-- > 0) throw new Error('the connection dropped');
					return result;
				},
			},
		);
		expect((await environment.finish(pay())).error).toMatchObject({code: 'STORE_FAILED'});
		expect((await environment.finish(pay())).error).toMatchObject({code: 'STORE_FAILED'});
		expect((await record())?.key).toBe(offered[0]);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', key: offered[0]});
		expect(new Set(offered).size).toBe(1);
		expect(server.keys()).toEqual([offered[0]]);
	});

	// Invariant 4
	test.each<[string, (record: OperationRecord) => unknown]>([
		['garbage', () => 'garbage'],
		['half a record', ({key, state}) => ({version: 1, key, state})],
		['a state that nobody knows', record => ({...record, state: {status: 'paid'}})],
		['a record of a future version', record => ({...record, version: 2})],
	])('because the store holds %s is a StoreError, never "absent"', async (_, spoil) => {
		const {environment, realm, server, store} = openShop();
		const spoiled: Partial<Store> = {
			async claim(id, claim) {
				const result = await store.claim(id, claim);
				return {...result, record: spoil((result as {record: OperationRecord}).record)} as typeof result;
			},
		};
		server.script(drop);
		await environment.finish(realm({retry: 0}).pay());
		expect((await environment.finish(realm({}, spoiled).pay())).error).toMatchObject({code: 'STORE_FAILED'});
		expect(server.requests).toHaveLength(1);
	});
});
