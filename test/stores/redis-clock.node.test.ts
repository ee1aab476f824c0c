import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {environment} from '../../src/environment.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {OperationRecord} from '../../src/operation/record.ts';
import type {FetchOptions} from '../../src/options.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {realm} from '../http/realm.ts';
import {drop, fakeServer, swallow, type FakeServer} from '../support/fake-server.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {recordsIn} from '../support/records.ts';
import {agingOn, type Aging} from './redis-aging.ts';
import {nodeRedis, type Connection} from './redis-clients.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const SECOND = 1_000;
const DAY = 86_400_000;

let engine: RedisEngine;
let connection: Connection;
let prefix: string;
let aging: Aging;
let shop: FakeServer;

beforeAll(async () => {
	engine = await anyRedis();
	connection = await nodeRedis(engine.url);
});
afterAll(async () => {
	connection.close();
	await engine.close();
});
beforeEach(() => {
	prefix = engine.freshPrefix();
	aging = agingOn([engine.url], prefix);
	shop = fakeServer(environment);
});

/** A server that keeps keys for ten seconds: they may be sent for five. */
const dialect = ietf({retention: 10 * SECOND});

describe.each([30 * SECOND, -30 * SECOND, DAY, -DAY])(
	'a process whose clock is off by %i ms from that of Redis',
	offset => {
		function open(options: FetchOptions = {}) {
			const store = redisStore({client: connection.client, prefix});
			const time = {now: () => environment.now() + offset};
			const {fetch} = realm({store, dialect, fetch: shop.fetch, retry: 0, keepRequest: true, ...options}, time);
			const init = {method: 'POST', body: '42', operation: ['checkout', '42']} as const;
			return {fetch, pay: async () => outcomeOf(fetch('https://shop.test/orders', init))};
		}

		test('fetches a success again while the server keeps it, and not once that has forgotten', async () => {
			await open().pay();
			await aging.elapse(2 * SECOND);
			expect(await open().pay()).toMatchObject({outcome: 'succeeded', replayed: true, attempts: 1});
			await aging.elapse(3 * SECOND);
			expect((await open().pay()).error).toMatchObject({code: 'ALREADY_SUCCEEDED', attempts: 0});
			expect(shop.requests).toHaveLength(2);
		});

		test('sends a doubt again while its key is young enough, and not after that', async () => {
			shop.script(drop, drop);
			await open().pay();
			await aging.elapse(2 * SECOND);
			expect((await open().pay()).error).toMatchObject({attempts: 1, reason: undefined});
			await aging.elapse(3 * SECOND);
			expect((await open().pay()).error).toMatchObject({attempts: 0, reason: 'expired'});
			expect(new Set(shop.keys()).size).toBe(1);
			expect(shop.requests).toHaveLength(2);
		});

		test('tells what is unfinished by the time of Redis, and resumes it in time alone', async () => {
			shop.script(drop, drop);
			await open().pay();
			await aging.elapse(2 * SECOND);
			const [young] = await unfinished(open().fetch);
			expect(young).toMatchObject({expired: false, working: false});
			await expect(young!.resume!()).rejects.toMatchObject({attempts: 1, reason: undefined});
			await aging.elapse(3 * SECOND);
			const [old] = await unfinished(open().fetch);
			expect(old).toMatchObject({expired: true, working: false});
			expect(old).not.toHaveProperty('resume');
			await expect(young!.resume!()).rejects.toMatchObject({attempts: 0, reason: 'expired'});
			expect(shop.requests).toHaveLength(2);
		});

		test('knows by the time of Redis who is at it', async () => {
			shop.script(swallow);
			const leave = new AbortController();
			const {fetch} = open();
			const init = {method: 'POST', body: '42', operation: ['checkout', '42'], signal: leave.signal} as const;
			const call = fetch('https://shop.test/orders', init);
			await expect.poll(() => shop.requests).toHaveLength(1);
			expect(await unfinished(open().fetch)).toMatchObject([{working: true}]);
			await aging.elapse(10 * SECOND);
			expect(await unfinished(open().fetch)).toMatchObject([{working: false}]);
			leave.abort();
			await expect(call).rejects.toMatchObject({name: 'AbortError'});
		});
	},
);

test('a retention of any length counts as ten years, and its record can be read', async () => {
	const store = redisStore({client: connection.client, prefix});
	const {fetch} = realm({store, dialect: ietf({retention: Number.MAX_VALUE}), fetch: shop.fetch, retry: 0});
	shop.script(drop);
	const init = {method: 'POST', body: '42', operation: 'pay'} as const;
	await expect(fetch('https://shop.test/orders', init)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
	const [{keyUntil, createdAt}] = (await recordsIn(store, '')) as [OperationRecord];
	expect(keyUntil - createdAt).toBe(3_650 * DAY * 0.99);
	expect(await unfinished(fetch)).toMatchObject([{expired: false}]);
	expect((await fetch('https://shop.test/orders', init)).status).toBe(201);
});
