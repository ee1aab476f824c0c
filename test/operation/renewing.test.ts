import {describe, expect, test} from 'vitest';
import type {FetchOptions} from '../../src/options.ts';
import type {Store} from '../../src/stores/store.ts';
import {after, drop, swallow} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {openShop} from './shop.ts';

/** A shop whose store counts on being told that an owner is still at work. */
function shortLived() {
	const shop = openShop();
	const renewals: number[] = [];
	const over: Partial<Store> = {
		lease: 10_000,
		renew(id, renewal) {
			renewals.push(shop.environment.now());
			return shop.store.renew(id, renewal);
		},
	};
	return {...shop, renewals, over};
}

describe('a lease that the store wants renewed', () => {
	test('is renewed every three seconds while an attempt is running, so that nobody takes over', async () => {
		const {environment, realm, server, renewals, over} = shortLived();
		server.script(after(25_000));
		const begun = environment.now();
		const owner = realm({timeout: 30_000}, over);
		const call = owner.pay();
		await environment.settle();
		const other = realm({}, over);
		const reports = await environment.finish(Promise.all([call, other.pay()]));
		expect(reports).toMatchObject([{outcome: 'succeeded'}, {outcome: 'succeeded', attempts: 0}]);
		expect(renewals.map(at => at - begun)).toEqual([3, 6, 9, 12, 15, 18, 21, 24].map(seconds => seconds * 1_000));
		expect(other.types()).not.toContain('taken-over');
		expect(server.requests).toHaveLength(1);
	});

	test('is renewed while a long wait between two attempts lasts', async () => {
		const {environment, realm, server, renewals, over} = shortLived();
		server.script(drop);
		const {pay, types} = realm({retry: {delay: () => 20_000, backoffLimit: 20_000}}, over);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(renewals.length).toBeGreaterThanOrEqual(6);
		expect(types()).not.toContain('lease-lost');
	});

	test('costs a quick operation nothing, and leaves no timer behind', async () => {
		const {environment, realm, renewals, over} = shortLived();
		await environment.finish(realm({}, over).pay());
		expect(environment.timers()).toBe(0);
		await environment.advance(60_000);
		expect(renewals).toEqual([]);
	});

	// Invariant 4
	test('of a process that was killed is over in seconds: the next call sends the same key', async () => {
		const {environment, realm, server, over} = shortLived();
		const time = virtualEnvironment(2);
		server.script(swallow);
		const killed = realm({}, over, time).pay();
		await time.settle();
		const begun = environment.now();
		const {pay, types} = realm({}, over);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(types()).toContain('taken-over');
		expect(environment.now() - begun).toBeLessThanOrEqual(10_001);
		expect(new Set(server.keys()).size).toBe(1);
		void killed;
	});

	// Invariant 11
	test('is told once to be lost, and the success of the attempt that runs still counts', async () => {
		const {environment, realm, server, store, record, over} = shortLived();
		server.script(after(20_000));
		const {pay, types} = realm({timeout: 30_000}, over);
		const call = pay();
		await environment.advance(1_000);
		const {owner = '', key = '', fingerprint = ''} = (await record()) ?? {};
		const claim = {key, fingerprint, owner: 'else', lease: 60_000, keyLife: 60_000, onLapsed: 'take'} as const;
		await store.claim({scope: '', name: '["checkout","42"]'}, {...claim, takeFrom: owner});
		expect(await environment.finish(call)).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect(types().filter(type => type === 'lease-lost')).toHaveLength(1);
		expect((await record())?.state).toEqual({status: 'succeeded', httpStatus: 201});
	});

	// Invariant 10
	test('is tried again after the store has failed, and nothing more is sent once it may be over', async () => {
		const {environment, realm, server, over} = shortLived();
		server.script(after(15_000, drop));
		const failing: Partial<Store> = {
			...over,
			renew() {
				throw new Error('no connection');
			},
		};
		const {pay, types} = realm({timeout: 30_000}, failing);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'unknown', attempts: 1});
		expect(types().filter(type => type === 'store-error').length).toBeGreaterThanOrEqual(5);
		expect(server.requests).toHaveLength(1);
	});

	/** A call whose first answer is lost after five seconds; another process has taken over after one. */
	async function overtaken(options: FetchOptions = {}, claims = Infinity) {
		const shop = shortLived();
		const {environment, realm, server, store, record, over} = shop;
		let left = claims;
		server.script(after(5_000, drop));
		const page = realm(
			{timeout: 30_000, totalTimeout: 20_000, ...options},
			{
				...over,
				async claim(id, claim) {
					if (--left < 0) throw new Error('disk full');
					return store.claim(id, claim);
				},
			},
		);
		const call = page.pay();
		await environment.advance(1_000);
		const {owner = '', key = '', fingerprint = ''} = (await record()) ?? {};
		const claim = {key, fingerprint, owner: 'else', lease: 60_000, keyLife: 60_000, onLapsed: 'take'} as const;
		await store.claim({scope: '', name: '["checkout","42"]'}, {...claim, takeFrom: owner});
		return {...shop, page, report: await environment.finish(call)};
	}

	// Invariant 10
	test('that was lost makes a waiter of who had it: it neither settles nor asks what became of it', async () => {
		let asked = 0;
		const reconcile = () => {
			asked++;
			return 'refused' as const;
		};
		const {page, report, record, server} = await overtaken({reconcile});
		expect(report).toMatchObject({outcome: 'unknown', attempts: 1});
		expect(page.types().slice(0, 5)).toEqual(['attempt', 'lease-lost', 'answer', 'wait', 'waiting-elsewhere']);
		expect([asked, server.requests.length]).toEqual([0, 1]);
		expect(await record()).toMatchObject({owner: 'else', state: {status: 'sending'}});
	});

	test('that cannot be claimed again is told by an event: the outcome is unknown, and no failure of the store', async () => {
		const {page, report} = await overtaken({}, 1);
		expect(report).toMatchObject({outcome: 'unknown', attempts: 1, error: {code: 'OUTCOME_UNKNOWN'}});
		const told = page.events.filter(({type}) => type === 'store-error');
		expect(told).toMatchObject([{step: 'claim', error: {code: 'STORE_FAILED'}, key: report.key}]);
	});
});
