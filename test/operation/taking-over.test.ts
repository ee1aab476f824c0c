import {describe, expect, test} from 'vitest';
import type {Store} from '../../src/stores/store.ts';
import {after, answer, drop, hang, swallow, type Step} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {gate, openShop, type Shop} from './shop.ts';

/** A realm that has sent its request, and whose time then stands still: crashed, frozen, or asleep. */
async function crashed({realm, server}: Shop, step: Step, over: Partial<Store> = {}) {
	const time = virtualEnvironment(2);
	const owner = realm({}, over, time);
	server.script(step);
	const call = owner.pay();
	await time.settle();
	return {time, owner, call};
}

describe('when the owner is gone', () => {
	// Invariant 4
	test('the next call waits for the end of its lease, then sends the same key', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await crashed(shop, swallow);
		const {pay, types} = realm();
		const begun = environment.now();
		const report = await environment.finish(pay());
		expect(report).toMatchObject({outcome: 'succeeded', replayed: true, attempts: 1});
		expect(types()).toEqual(expect.arrayContaining(['waiting-elsewhere', 'taken-over']));
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
		expect(environment.now() - begun).toBeGreaterThanOrEqual(55_000);
		expect(environment.now() - begun).toBeLessThan(56_000);
	});

	// Invariant 4
	test('where the platform tells that it is gone, it is taken over at once', async () => {
		const shop = openShop();
		const {environment, realm, server, record} = shop;
		await crashed(shop, swallow);
		const gone: string[] = [];
		const presence = {
			hold: () => () => undefined,
			gone: async (owner: string) => {
				gone.push(owner);
			},
		};
		const owner = (await record())?.owner;
		const begun = environment.now();
		const report = await environment.finish(realm({}, {presence}).pay());
		expect(report).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(gone).toEqual([owner]);
		expect(environment.now()).toBe(begun);
		expect(new Set(server.keys()).size).toBe(1);
	});

	// Invariant 5
	test('a refusal of the repeat settles nothing: the first request may still be executing', async () => {
		const shop = openShop();
		const {environment, realm, server, record} = shop;
		await crashed(shop, hang);
		server.script(answer(402));
		const {outcome, error} = await environment.finish(realm({totalTimeout: 120_000}).pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', status: 402});
		expect(server.requests).toHaveLength(2);
		expect((await record())?.state.status).toBe('unknown');
	});

	test('another payload is refused, and nothing is sent', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await crashed(shop, swallow);
		environment.jump(3_600_000);
		const {error} = await environment.finish(realm().pay({body: '{"cart":43}'}));
		expect(error).toMatchObject({code: 'PAYLOAD_CHANGED'});
		expect(server.requests).toHaveLength(1);
	});

	test('its presence is held only while a flight runs', async () => {
		const {environment, realm, server, record} = openShop();
		const held: string[] = [];
		const presence = {
			hold(owner: string) {
				held.push(owner);
				return () => void held.splice(held.indexOf(owner), 1);
			},
			gone: async () => new Promise<void>(() => undefined),
		};
		const {pay} = realm({}, {presence});
		server.script(after(1000));
		const paying = pay();
		await environment.settle();
		expect(held).toEqual([(await record())?.owner]);
		await environment.finish(paying);
		expect(held).toHaveLength(0);
	});
});

describe('an owner that comes back', () => {
	// Invariant 10
	test('looks before it repeats: taken over meanwhile, it waits and takes that answer', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const {time, owner, call} = await crashed(shop, drop);
		const report = await environment.finish(realm({totalTimeout: 120_000}).pay());
		expect(report.outcome).toBe('succeeded');
		const theirs = await time.finish(call);
		expect(theirs).toMatchObject({outcome: 'succeeded', attempts: 1, key: report.key});
		expect(owner.types()).toContain('lease-lost');
		expect(server.requests).toHaveLength(2);
		expect(server.charges()).toBe(1);
	});

	// Invariant 10
	test('still its own: it renews the lease before every attempt after the first', async () => {
		const {environment, realm, server, store} = openShop();
		let renewals = 0;
		const {pay} = realm(
			{},
			{
				renew(id, renewal) {
					renewals++;
					return store.renew(id, renewal);
				},
			},
		);
		server.script(drop, drop);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', attempts: 3});
		expect(renewals).toBe(2);
	});

	// Invariant 10
	test('slept for an hour between two attempts: it does not send before it has looked', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const sleeper = realm({retry: {delay: () => 1000}, totalTimeout: false});
		server.script(drop, hang);
		const call = sleeper.pay();
		await environment.settle();
		environment.jump(3_600_000);
		const other = realm({totalTimeout: false}).pay();
		await environment.settle();
		await environment.advance(1000);
		expect(server.requests).toHaveLength(2);
		expect(sleeper.types()).toContain('lease-lost');
		const [one, two] = await environment.finish(Promise.all([call, other]));
		expect(one).toMatchObject({outcome: 'succeeded', key: two.key});
		expect(server.charges()).toBe(1);
	});

	// Invariant 11
	test('its success counts, though another has taken over', async () => {
		const shop = openShop();
		const {environment, realm, server, record} = shop;
		const answered = gate();
		const late: Step = async ({serve}) => {
			const response = await serve();
			await answered.opened;
			return response;
		};
		const {time, call} = await crashed(shop, late);
		server.script(hang);
		const other = realm({timeout: false, totalTimeout: false}).pay();
		await environment.advance(60_000);
		expect(server.requests).toHaveLength(2);
		answered.open();
		expect((await time.finish(call)).outcome).toBe('succeeded');
		expect((await record())?.state).toEqual({status: 'succeeded', httpStatus: 201});
		void other;
	});

	// Invariant 11
	test('its refusal does not count, when another has taken over: it waits, and takes that outcome', async () => {
		const shop = openShop();
		const {environment, realm, server, record} = shop;
		const [answered, served] = [gate(), gate()];
		const {time, owner, call} = await crashed(shop, async () => {
			await answered.opened;
			return new Response(null, {status: 401});
		});
		server.script(async ({serve}) => {
			await served.opened;
			return serve();
		});
		const other = realm({timeout: false, totalTimeout: false}).pay();
		await environment.advance(60_000);
		answered.open();
		await time.settle();
		expect(owner.types()).toContain('answer');
		expect((await record())?.state.status).toBe('sending');
		served.open();
		const {key} = await environment.finish(other);
		expect(await time.finish(call)).toMatchObject({outcome: 'succeeded', key});
		expect(server.charges()).toBe(1);
	});
});
