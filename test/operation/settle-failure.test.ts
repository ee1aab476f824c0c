import {describe, expect, test} from 'vitest';
import type {Store} from '../../src/stores/store.ts';
import {lose} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {gate, openShop, type Shop} from './shop.ts';

const never = async () => new Promise<never>(() => undefined);
const broken = async () => Promise.reject(new Error('disk full'));

describe('after the first byte', () => {
	/** A store whose `settle` fails until it is mended. */
	function unsettled({realm, store}: Shop, settle: Store['settle'] = broken) {
		let works = false;
		const buyer = realm({}, {settle: async (id, settlement) => (works ? store : {settle}).settle(id, settlement)});
		return {
			buyer,
			mend: () => {
				works = true;
			},
		};
	}

	// Invariant 11
	test.each([
		['fails', broken],
		['hangs', never],
	])('a settle that %s never replaces the answer; there is an event', async (_, settle) => {
		const shop = openShop();
		const {buyer} = unsettled(shop, settle);
		const report = await shop.environment.finish(buyer.pay());
		expect(report).toMatchObject({outcome: 'succeeded', error: undefined});
		expect(await report.response?.json()).toEqual({key: report.key, charges: 1});
		expect(buyer.events).toContainEqual(expect.objectContaining({type: 'store-error', step: 'settle'}));
	});

	// Invariant 11
	test('it is saved in the background', async () => {
		const shop = openShop();
		const {environment, record} = shop;
		const {buyer, mend} = unsettled(shop);
		await environment.finish(buyer.pay());
		expect((await record())?.state.status).toBe('sending');
		await environment.advance(600);
		mend();
		await environment.advance(10_000);
		expect((await record())?.state).toEqual({status: 'succeeded', httpStatus: 201});
	});

	test('it is tried again after 0.5, 2 and 8 seconds, then every 30, which keep no process from ending', async () => {
		const {environment, realm} = openShop();
		const tries: number[] = [];
		const waits: Array<[ms: number, holds: boolean | undefined]> = [];
		const time: typeof environment = {
			...environment,
			timer(callback, ms, holds) {
				if ([500, 2_000, 8_000, 30_000].includes(ms)) waits.push([ms, holds]);
				return environment.timer(callback, ms, holds);
			},
		};
		const settle = async () => {
			tries.push(environment.now());
			return broken();
		};
		await environment.finish(realm({}, {settle}, time).pay());
		const settled = environment.now();
		await environment.advance(110_000);
		const after = tries.map(at => at - settled);
		expect(after).toEqual([0, 500, 2_500, 10_500, 40_500, 70_500, 100_500]);
		expect(waits.slice(0, 5)).toEqual([
			[500, true],
			[2_000, true],
			[8_000, true],
			[30_000, false],
			[30_000, false],
		]);
	});

	// Invariant 11
	test('until then the memory of this realm wins', async () => {
		const shop = openShop();
		const {environment, server} = shop;
		const {buyer} = unsettled(shop);
		const {key} = await environment.finish(buyer.pay());
		expect(buyer.handle.state.status).toBe('succeeded');
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'succeeded', key, replayed: true});
		await environment.advance(3_600_000);
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'succeeded', key, replayed: true});
		expect(server.requests).toHaveLength(1);
	});

	// Invariants 10 and 12
	test('a renew that fails is an event, and the attempt goes on while the lease lasts', async () => {
		const {environment, realm, server} = openShop();
		const {pay, events} = realm({}, {renew: broken});
		server.script(lose);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(events).toContainEqual(expect.objectContaining({type: 'store-error', step: 'renew'}));
	});

	// Invariant 10
	test('a renew that fails after the lease is over sends nothing', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({retry: {delay: () => 5000}, totalTimeout: false}, {renew: broken});
		server.script(lose);
		const call = pay();
		await environment.settle();
		environment.jump(3_600_000);
		expect((await environment.finish(call)).outcome).toBe('unknown');
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 10
	test.each([401, 402])(
		'a %i that comes when the lease is over settles nothing: who took over may know better',
		async status => {
			const {environment, realm, server, store, record} = openShop();
			const time = virtualEnvironment(2);
			const {opened, open} = gate();
			let works = true;
			const slept = realm(
				{timeout: false, totalTimeout: false},
				{
					claim: async (id, claim) => (works ? store.claim(id, claim) : broken()),
					settle: async (id, settlement) => (works ? store.settle(id, settlement) : broken()),
				},
				time,
			);
			server.script(async () => {
				await opened;
				return new Response(null, {status});
			});
			const call = slept.pay();
			await time.settle();
			time.jump(4_000_000);
			environment.jump(4_000_000);
			await environment.finish(realm().pay());
			works = false;
			open();
			expect(await time.finish(call)).toMatchObject({outcome: 'unknown', keyKept: true});
			expect((await record())?.state.status).toBe('succeeded');
		},
	);
});
