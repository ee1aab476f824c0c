import {describe, expect, test} from 'vitest';
import type {LatchkeyEvent} from '../../src/events.ts';
import {createFetchIn} from '../../src/fetch.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {CallOptions} from '../../src/options.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import type {Store} from '../../src/stores/store.ts';
import {after, answer, hang, swallow} from '../support/fake-server.ts';
import {OPERATION, openShop, type Shop} from './shop.ts';

/**
 * A request that a worker serves: what it began ends with it. What others ask of it is heard `delay` milliseconds
 * later. All requests of one isolate share the store, and so all that is remembered.
 */
function requestTo({environment: time, server}: Shop, store: Store, delay = 0) {
	let over = false;
	const whileOpen =
		<T extends unknown[]>(callback: (...told: T) => void) =>
		(...told: T) => {
			if (!over) callback(...told);
		};
	const environment = {
		...time,
		timer(callback: () => void, ms: number) {
			time.timer(whileOpen(callback), ms);
			// It may be another request that calls it off, and cannot.
			return () => undefined;
		},
		bind:
			<T>(callback: (value: T) => void) =>
			(value: T) => {
				time.timer(() => {
					whileOpen(callback)(value);
				}, delay);
			},
	};
	const events: LatchkeyEvent[] = [];
	const fetch = createFetchIn(environment, {
		fetch: async (url, init) =>
			new Promise((resolve, reject) => {
				server.fetch(url, init).then(whileOpen(resolve), whileOpen(reject));
			}),
		store,
		scope: null,
		onEvent: event => events.push(event),
	});
	return {
		end() {
			over = true;
		},
		types: () => events.map(({type}) => type),
		pay: async (init: RequestInit & CallOptions = {}) =>
			outcomeOf(
				fetch('https://shop.test/orders', {method: 'POST', body: '{"cart":42}', operation: OPERATION, ...init}),
			),
	};
}

describe('a request that ends takes what it began with it', () => {
	test('who has joined finds out within a second, and goes on under the same key', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(swallow);
		const first = requestTo(shop, store);
		const second = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		const told = second.pay();
		await environment.settle();
		first.end();
		const began = environment.monotonic();
		expect(await environment.finish(told)).toMatchObject({outcome: 'succeeded', replayed: true, attempts: 2});
		expect(environment.monotonic() - began).toBeLessThanOrEqual(1_000);
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
		expect(second.types()).toEqual(expect.arrayContaining(['joined', 'taken-over', 'settled']));
	});

	test.each([
		['a millisecond before the last of its callers runs out of time, is joined', 200_000, true],
		['once they have, is not', 200_001, false],
	])('the work of one, where another begins something else: %s', async (_, ms, joins) => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(hang);
		const first = requestTo(shop, store);
		void first.pay({timeout: false, totalTimeout: 200_001});
		await environment.settle();
		// It has gone, and nobody was told.
		first.end();
		await environment.advance(ms);
		await environment.finish(requestTo(shop, store).pay({operation: 'another'}));
		const second = requestTo(shop, store);
		const told = second.pay();
		await environment.settle();
		expect(second.types().includes('joined')).toBe(joins);
		await environment.finish(told);
	});

	test('one of those who have joined takes over, and the others join that', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(swallow, after(5_000));
		const first = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		const told = [requestTo(shop, store).pay()];
		await environment.advance(100);
		told.push(requestTo(shop, store).pay());
		await environment.settle();
		first.end();
		const [two, three] = await environment.finish(Promise.all(told));
		expect(two).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(three).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(server.requests).toHaveLength(2);
	});

	test('whoever has joined takes the outcome, also where one of them was told before the others looked', async () => {
		const shop = openShop({saves: 'errors', resolver: () => Response.json({paid: false}, {status: 402})});
		const {environment, server, store} = shop;
		server.script(swallow);
		const first = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		const told = [requestTo(shop, store).pay()];
		await environment.advance(100);
		told.push(requestTo(shop, store).pay());
		await environment.settle();
		first.end();
		const [two, three] = await environment.finish(Promise.all(told));
		expect(two).toMatchObject({outcome: 'refused', replayed: true});
		expect(three).toMatchObject({outcome: 'refused', key: two?.key});
		expect(await three?.response?.json()).toEqual({paid: false});
		expect(server.requests).toHaveLength(2);
	});

	test('should the store have lost the record meanwhile, no other key is sent', async () => {
		const shop = openShop();
		const {environment, server} = shop;
		let {store: current} = shop;
		const store: Store = {
			claim: (id, claim) => current.claim(id, claim),
			renew: (id, renewal) => current.renew(id, renewal),
			settle: (id, settlement) => current.settle(id, settlement),
			forget: (id, freeing) => current.forget(id, freeing),
			list: (scope, name, open) => current.list(scope, name, open),
			sweep: () => current.sweep(),
		};
		server.script(swallow);
		const first = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		first.end();
		current = memoryStoreIn(environment);
		expect(await environment.finish(requestTo(shop, store).pay())).toMatchObject({outcome: 'succeeded'});
		expect(server.charges()).toBe(1);
	});

	test('a server that refuses the repeat has not proven a mismatch', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		const reused = answer(422, {'content-type': 'application/json'}, '{"code":"idempotency_key_reused"}');
		server.script(hang, reused);
		const first = requestTo(shop, store);
		const second = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		const told = second.pay();
		await environment.settle();
		first.end();
		expect(await environment.finish(told)).toMatchObject({outcome: 'unknown', attempts: 2});
	});

	test('one that ended before its claim was answered has sent nothing: a refusal is believed', async () => {
		const shop = openShop();
		const {environment, server} = shop;
		let claims = 0;
		const store: Store = {
			...shop.store,
			claim: async (id, claim) => {
				const result = await shop.store.claim(id, claim);
				return claims++ === 0 ? new Promise(() => undefined) : result;
			},
		};
		server.script(answer(402));
		const first = requestTo(shop, store);
		const second = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		first.end();
		expect(await environment.finish(second.pay())).toMatchObject({outcome: 'refused', attempts: 1});
	});

	test('whoever gave up before sends nothing any more', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(hang);
		const first = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		const leaving = new AbortController();
		const told = requestTo(shop, store).pay({signal: leaving.signal});
		first.end();
		await environment.advance(500);
		leaving.abort();
		await told;
		await environment.advance(5_000);
		expect(server.requests).toHaveLength(1);
	});

	test('one that waited for another process: that keeps its claim', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(after(5_000));
		const elsewhere = shop.realm().pay();
		await environment.settle();
		const first = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		first.end();
		expect(await environment.finish(requestTo(shop, store).pay())).toMatchObject({outcome: 'succeeded'});
		expect(await elsewhere).toMatchObject({outcome: 'succeeded'});
		expect(server.requests).toHaveLength(1);
	});

	test('one whose body could not be read: nobody looks after it any more', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(after(3_000));
		const body = new ReadableStream({
			pull() {
				throw new Error('the disk is gone');
			},
		});
		const first = requestTo(shop, store);
		const second = requestTo(shop, store);
		void first.pay({body, duplex: 'half'} as RequestInit);
		const told = second.pay();
		await environment.advance(1);
		first.end();
		expect(await environment.finish(told)).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect(second.types().filter(type => type === 'joined')).toHaveLength(1);
	});

	test('one that ended while it wound down holds nobody up', async () => {
		const shop = openShop();
		const {environment, server} = shop;
		let settles = 0;
		const store: Store = {
			...shop.store,
			settle: async (id, settlement) =>
				settles++ === 0 ? new Promise(() => undefined) : shop.store.settle(id, settlement),
		};
		server.script(swallow);
		const first = requestTo(shop, store);
		const second = requestTo(shop, store);
		const leaving = new AbortController();
		void first.pay({signal: leaving.signal});
		await environment.settle();
		leaving.abort();
		await environment.advance(200);
		const told = second.pay();
		await environment.settle();
		first.end();
		expect(await environment.finish(told)).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});

	test('what nobody comes back for is dropped when others begin, and goes on under its key all the same', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(swallow);
		const first = requestTo(shop, store);
		void first.pay();
		await environment.settle();
		first.end();
		await environment.advance(180_000);
		await environment.finish(requestTo(shop, store).pay({operation: 'another'}));
		const later = requestTo(shop, store);
		expect(await environment.finish(later.pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(later.types()).not.toContain('joined');
		expect(server.charges()).toBe(2);
	});
});

describe('a request that goes on is not taken for one that has ended', () => {
	test('its isolate is busy', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(after(5_000));
		const told = [requestTo(shop, store, 600).pay()];
		await environment.settle();
		told.push(requestTo(shop, store, 600).pay());
		const [one, two] = await environment.finish(Promise.all(told));
		expect(one).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect(two).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect(server.requests).toHaveLength(1);
	});

	test('it takes its time, and others begin meanwhile', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(after(300_000));
		const patient = {timeout: false, totalTimeout: false} as const;
		const told = requestTo(shop, store).pay(patient);
		await environment.advance(200_000);
		await environment.finish(requestTo(shop, store).pay({operation: 'another'}));
		const second = requestTo(shop, store);
		void second.pay(patient);
		expect(second.types()).toContain('joined');
		expect(await environment.finish(told)).toMatchObject({outcome: 'succeeded', attempts: 1});
	});

	test('should it be all the same, both go on under one key, and are told the same', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(after(5_000), after(5_000));
		const first = requestTo(shop, store, 2_000).pay();
		await environment.settle();
		const second = requestTo(shop, store).pay();
		expect(await environment.finish(first)).toMatchObject({outcome: 'succeeded'});
		const third = requestTo(shop, store);
		const told = third.pay();
		expect(third.types()).toContain('joined');
		const [two, three] = await environment.finish(Promise.all([second, told]));
		expect(two.outcome).toBe('succeeded');
		expect(three.outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	test('should it be all the same, and its caller leave, it winds down', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(after(5_000), after(5_000));
		const leaving = new AbortController();
		void requestTo(shop, store, 2_000).pay({signal: leaving.signal});
		await environment.settle();
		const told = requestTo(shop, store).pay();
		await environment.advance(1_000);
		leaving.abort();
		await environment.advance(3_000);
		expect(server.requests.map(({signal}) => signal?.aborted)).toEqual([true, false]);
		expect(await environment.finish(told)).toMatchObject({outcome: 'succeeded'});
	});

	test('who leaves last lets it wind down where it began, and who comes within 100 ms keeps it', async () => {
		const shop = openShop();
		const {environment, server, store} = shop;
		server.script(after(500));
		const leaving = new AbortController();
		void requestTo(shop, store).pay({signal: leaving.signal});
		await environment.settle();
		leaving.abort();
		await environment.advance(50);
		const told = requestTo(shop, store).pay();
		expect(await environment.finish(told)).toMatchObject({outcome: 'succeeded', replayed: false, attempts: 1});
		expect(server.requests[0]?.signal?.aborted).toBe(false);
	});
});

test('each caller of a flight is told by an error of its own, whose response it can read', async () => {
	const {environment, realm, server} = openShop();
	server.script(answer(502, {}, 'bad gateway'));
	const {pay} = realm({retry: 0});
	const [one, two] = await environment.finish(Promise.all([pay(), pay()]));
	expect(two.error).toEqual(one.error);
	expect(await one.response?.text()).toBe('bad gateway');
	expect(await two.response?.text()).toBe('bad gateway');
});
