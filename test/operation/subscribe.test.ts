import {describe, expect, test} from 'vitest';
import {drop} from '../support/fake-server.ts';
import {follow} from './follow.ts';
import {gate, OPERATION, openShop} from './shop.ts';

describe('subscribe', () => {
	test('tells the state at once, and nothing more after it was stopped', async () => {
		const {environment, realm} = openShop();
		const buyer = realm();
		const {stop, statuses} = follow(buyer);
		expect(statuses()).toEqual(['loading']);
		stop();
		await environment.finish(buyer.pay());
		expect(statuses()).toEqual(['loading']);
	});

	test('tells that a call has begun before the store has answered', async () => {
		const {environment, realm, store} = openShop();
		const opened = gate();
		const buyer = realm(
			{},
			{
				async claim(id, claim) {
					await opened.opened;
					return store.claim(id, claim);
				},
			},
		);
		const {statuses} = follow(buyer);
		await environment.settle();
		const call = buyer.pay();
		await environment.settle();
		expect(statuses().at(-1)).toBe('working');
		opened.open();
		await environment.finish(call);
	});

	test('a store that cannot be watched harms nothing', async () => {
		const {environment, realm} = openShop();
		const buyer = realm(
			{},
			{
				watch() {
					throw new Error('no BroadcastChannel here');
				},
			},
		);
		const {statuses} = follow(buyer);
		await environment.finish(buyer.pay());
		expect(statuses().at(-1)).toBe('succeeded');
	});

	test('a listener that throws harms neither the call nor the other listeners', async () => {
		const {environment, realm} = openShop();
		const buyer = realm();
		let thrown = 0;
		buyer.handle.subscribe(({status}) => {
			if (status === 'loading') return;
			thrown++;
			throw new Error('in a component');
		});
		const {statuses} = follow(buyer);
		expect((await environment.finish(buyer.pay())).outcome).toBe('succeeded');
		expect(thrown).toBeGreaterThan(0);
		expect(statuses().at(-1)).toBe('succeeded');
	});

	test('tells what happens in other realms, where the store does', async () => {
		const {environment, realm} = openShop();
		const listeners = new Set<() => void>();
		const watched: unknown[] = [];
		const watcher = realm(
			{},
			{
				watch(id, listener) {
					watched.push(id);
					listeners.add(listener);
					return () => listeners.delete(listener);
				},
			},
		);
		const {statuses, stop} = follow(watcher);
		await environment.settle();
		await environment.finish(realm().pay());
		for (const listener of listeners) listener();
		await environment.settle();
		expect(statuses()).toEqual(['loading', 'idle', 'succeeded']);
		expect(watched).toEqual([{scope: '', name: JSON.stringify(OPERATION)}]);
		stop();
		expect(listeners.size).toBe(0);
	});

	test('a look at the store that is overtaken by a later one tells nothing old', async () => {
		const {environment, realm, server, store} = openShop();
		const {open: finishFirstLook, opened} = gate();
		const charge = gate();
		let listener = () => {};
		let looks = 0;
		const watcher = realm(
			{},
			{
				watch(_id, tell) {
					listener = tell;
					return () => {};
				},
				async list(...of) {
					const records = await store.list(...of);
					if (++looks === 2) await opened;
					return records;
				},
			},
		);
		const {statuses} = follow(watcher);
		await environment.settle();
		const slow = async (input: RequestInfo | URL, init?: RequestInit) => {
			await charge.opened;
			return server.fetch(input, init);
		};
		const call = realm({fetch: slow}).pay();
		await environment.settle();
		listener();
		await environment.settle();
		charge.open();
		await environment.finish(call);
		listener();
		await environment.settle();
		expect(statuses().at(-1)).toBe('succeeded');
		finishFirstLook();
		await environment.settle();
		expect(statuses().at(-1)).toBe('succeeded');
	});

	test('what a call does in this realm is told to the handles of all its fetches over that store', async () => {
		const {environment, realm} = openShop();
		const buyer = realm();
		const {statuses} = follow({...buyer, handle: buyer.fetch.operation(OPERATION)});
		await environment.finish(buyer.pay());
		expect(statuses().at(-1)).toBe('succeeded');
	});
});

describe('outcome', () => {
	test('is the last one of this realm, with a Response of its own at each use', async () => {
		const {environment, realm} = openShop();
		const {handle, pay} = realm();
		expect(handle.outcome()).toBeUndefined();
		const {key, response} = await environment.finish(pay());
		expect(handle.outcome()).toMatchObject({outcome: 'succeeded', key, attempts: 1, operation: OPERATION});
		expect(await handle.outcome()?.response?.json()).toEqual(await response?.json());
		expect(await handle.outcome()?.response?.json()).toEqual({key, charges: 1});
	});

	test('holds the error of an unknown outcome', async () => {
		const {environment, realm, server} = openShop();
		const {handle, pay} = realm({retry: 0});
		server.script(drop);
		const {error} = await environment.finish(pay());
		expect(handle.outcome()?.error).toBe(error);
	});
});
