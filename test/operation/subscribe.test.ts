import {describe, expect, test} from 'vitest';
import {createFetchIn} from '../../src/fetch.ts';
import type {Snapshot} from '../../src/operation/snapshot.ts';
import {after, drop} from '../support/fake-server.ts';
import {follow} from './follow.ts';
import {gate, OPERATION, openShop} from './shop.ts';
import {operationOf} from '../../src/operation/handle.ts';

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
		const {statuses} = follow({...buyer, handle: operationOf(buyer.fetch, OPERATION)});
		await environment.finish(buyer.pay());
		expect(statuses().at(-1)).toBe('succeeded');
	});
});

describe('a page that comes back from the back/forward cache', () => {
	/** A tab that hears nothing of others, as one that is not running. */
	function leavePage() {
		const shop = openShop();
		const looks: string[] = [];
		const list = async (scope: string, name?: string) => {
			looks.push(name ?? '');
			return shop.store.list(scope, name);
		};
		const tab = shop.realm({}, {list});
		return {...shop, tab, looks};
	}

	test('shows what has become of it meanwhile', async () => {
		const {environment, realm, tab} = leavePage();
		const {statuses} = follow(tab);
		await environment.settle();
		await environment.finish(realm().pay());
		expect(statuses()).toEqual(['loading', 'idle']);
		environment.restore();
		await environment.settle();
		expect(statuses()).toEqual(['loading', 'idle', 'succeeded']);
		expect(tab.handle.state.status).toBe('succeeded');
	});

	test('looks once for all who show an operation, and for each operation', async () => {
		const {environment, tab, looks} = leavePage();
		const sameName = operationOf(tab.fetch, OPERATION);
		const stops = [tab.handle, tab.handle, sameName].map(handle => handle.subscribe(() => undefined));
		expect(environment.restorers()).toBe(1);
		stops.push(operationOf(tab.fetch, 'another').subscribe(() => undefined));
		expect(environment.restorers()).toBe(2);
		await environment.settle();
		looks.length = 0;
		environment.restore();
		await environment.settle();
		expect(looks).toEqual([JSON.stringify(OPERATION), '["another"]']);
		for (const stop of stops) stop();
		expect(environment.restorers()).toBe(0);
	});

	test('is listened to until the last has gone, and again by the next', async () => {
		const {environment, realm, tab} = leavePage();
		const [first, last] = [follow(tab), follow(tab)];
		first.stop();
		first.stop();
		expect(environment.restorers()).toBe(1);
		last.stop();
		expect(environment.restorers()).toBe(0);
		const {statuses} = follow(tab);
		await environment.settle();
		// Whoever stops twice takes nobody else away.
		last.stop();
		expect(environment.restorers()).toBe(1);
		await environment.finish(realm().pay());
		environment.restore();
		await environment.settle();
		expect(statuses().at(-1)).toBe('succeeded');
	});

	test('leaves alone what this page is at', async () => {
		const {environment, server, tab} = leavePage();
		const {statuses} = follow(tab);
		await environment.settle();
		server.script(after(1000));
		const call = tab.pay();
		await environment.advance(10);
		const told = statuses();
		expect(told.at(-1)).toBe('working');
		environment.restore();
		await environment.advance(10);
		expect(statuses()).toEqual(told);
		expect((await environment.finish(call)).outcome).toBe('succeeded');
	});
});

describe('on a server that does not say whose it is', () => {
	const onlyInPages = () => {
		throw new ReferenceError('document is not defined');
	};

	test.each([
		['no scope', {}],
		['a scope of nobody', {scope: () => undefined}],
		['a scope that only a page can tell', {scope: onlyInPages}],
	])('%s: a handle is loading, and calls still say what is wrong', async (_, options) => {
		const {environment, server, store} = openShop();
		environment.shared = true;
		const fetch = createFetchIn(environment, {fetch: server.fetch, store, ...options});
		const handle = operationOf(fetch, OPERATION);
		expect(handle.state).toMatchObject({status: 'loading', attempt: 0});
		expect(handle.state).toBe(handle.state);
		const seen: Snapshot[] = [];
		const stop = handle.subscribe(state => seen.push(state));
		expect(seen).toEqual([handle.state]);
		expect(environment.restorers()).toBe(0);
		stop();
		const inComponent = () => {
			throw new Error('in a component');
		};
		handle.subscribe(inComponent)();
		expect(handle.outcome()).toBeUndefined();
		await expect(handle.fetch('https://shop.test/orders', {method: 'POST'})).rejects.toThrow(/scope|document/);
		expect(server.requests).toHaveLength(0);
	});

	test('with a scope it is shown as anywhere', async () => {
		const {environment, realm} = openShop();
		environment.shared = true;
		const buyer = realm({scope: () => 'ann'});
		const {statuses} = follow(buyer);
		await environment.finish(buyer.pay());
		expect(statuses().at(-1)).toBe('succeeded');
	});

	test('a page is told what is wrong with its scope', () => {
		const {realm} = openShop();
		const {handle} = realm({scope: () => ''});
		expect(() => handle.state).toThrow('needs a scope');
		expect(() => handle.subscribe(() => undefined)).toThrow('needs a scope');
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
