import {afterAll, beforeAll, describe, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {agingOn, type Aging} from './redis-aging.ts';
import {adapter, ioredis, nodeRedis, type Connection} from './redis-clients.ts';

let engine: RedisEngine;
beforeAll(async () => {
	engine = await anyRedis();
});
afterAll(async () => engine.close());

describe.each([
	['node-redis', nodeRedis],
	['ioredis', ioredis],
	['an adapter', adapter],
])('redis store on %s', (_, connect) => {
	let connection: Connection;
	let aging: Aging;

	beforeAll(async () => {
		connection = await connect(engine.url);
	});
	afterAll(() => {
		connection.close();
	});

	storeContract({
		test,
		makeStore() {
			const prefix = engine.freshPrefix();
			aging = agingOn([engine.url], prefix);
			return aging.seen(redisStore({client: connection.client, prefix}));
		},
		elapse: async ms => aging.elapse(ms),
	});
});
