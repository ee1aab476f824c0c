import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {environment} from '../../src/environment.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {FetchOptions} from '../../src/options.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {gate, realm} from '../http/realm.ts';
import {fakeServer, type FakeServer} from '../support/fake-server.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {adapter, type Counting} from './redis-clients.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

let engine: RedisEngine;
let counting: Counting;
let prefix: string;
let shop: FakeServer;

beforeAll(async () => {
	engine = await anyRedis();
	counting = await adapter(engine.url);
});
afterAll(async () => {
	counting.close();
	await engine.close();
});
beforeEach(() => {
	prefix = engine.freshPrefix();
	shop = fakeServer(environment);
});

/** A process. */
function open(options: FetchOptions = {}) {
	const {fetch} = realm({store: redisStore({client: counting.client, prefix}), fetch: shop.fetch, ...options});
	return {
		fetch,
		pay: async (cart = '42') =>
			outcomeOf(fetch('https://shop.test/orders', {method: 'POST', body: cart, operation: ['checkout', cart]})),
	};
}

describe('a call over the redis store', () => {
	test('is two writes, each one round trip', async () => {
		const {pay} = open();
		await pay('1');
		const before = counting.sent.length;
		expect(await pay('2')).toMatchObject({outcome: 'succeeded'});
		expect(counting.sent.slice(before)).toEqual(['EVALSHA', 'EVALSHA']);
	});

	test('is one effect for two processes, and both get the answer', async () => {
		const claimed = gate();
		const waiting = gate();
		shop.script(async ({serve}) => {
			claimed.open();
			await waiting.opened;
			return serve();
		});
		const first = open().pay();
		await claimed.opened;
		const second = open({
			onEvent({type}) {
				if (type === 'waiting-elsewhere') waiting.open();
			},
		}).pay();
		const reports = await Promise.all([first, second]);
		for (const {outcome, response} of reports) {
			expect(outcome).toBe('succeeded');
			expect(await response?.json()).toMatchObject({charges: 1});
		}

		expect(shop.requests).toHaveLength(1);
	});

	test('has its answer kept with `keepResponse`, for a process that starts later', async () => {
		await open({keepResponse: true}).pay();
		const {outcome, response} = await open({keepResponse: true}).pay();
		expect(outcome).toBe('succeeded');
		expect(await response?.json()).toMatchObject({charges: 1});
		expect(shop.requests).toHaveLength(1);
	});

	test('in doubt is listed as unfinished by every process, and is sent under the same key', async () => {
		shop.script(async () => {
			throw new TypeError('fetch failed');
		});
		await open({retry: 0}).pay();
		const {fetch, pay} = open();
		expect(await unfinished(fetch)).toMatchObject([{operation: ['checkout', '42']}]);
		expect(await pay()).toMatchObject({outcome: 'succeeded'});
		expect(await unfinished(fetch)).toEqual([]);
		expect(new Set(shop.keys()).size).toBe(1);
	});

	test('that was completed begins anew, under another key', async () => {
		const {fetch, pay} = open();
		await pay();
		await operationOf(fetch, ['checkout', '42']).complete();
		expect(await open().pay()).toMatchObject({outcome: 'succeeded'});
		expect(new Set(shop.keys()).size).toBe(2);
		expect(shop.charges()).toBe(2);
	});
});
