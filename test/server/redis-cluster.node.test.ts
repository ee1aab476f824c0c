import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {entryContract} from '../../src/server/contract.ts';
import {redisEntries} from '../../src/server/redis.ts';
import {agingOn, type Aging} from '../stores/redis-aging.ts';
import {ioredisCluster, nodeRedis, nodeRedisCluster, type Connection} from '../stores/redis-clients.ts';
import {startRedisCluster, type RedisCluster} from '../support/redis-server.ts';
import {asked} from './redis-asked.ts';

let cluster: RedisCluster;
let count = 0;
beforeAll(async () => {
	cluster = await startRedisCluster();
}, 60_000);
afterAll(async () => cluster.close());

describe.each([
	['a node-redis cluster', nodeRedisCluster],
	['an ioredis cluster', ioredisCluster],
])('redis entries on %s', (_, connect) => {
	let connection: Connection;
	let aging: Aging;
	beforeAll(async () => {
		connection = await connect(cluster.urls);
	});
	afterAll(() => {
		connection.close();
	});

	entryContract({
		test,
		makeStore() {
			const prefix = `entries-${++count}`;
			aging = agingOn(cluster.urls, prefix);
			return redisEntries({client: connection.client, prefix});
		},
		elapse: async ms => aging.elapse(ms),
	});

	test('they are spread over the nodes, and all that are unsettled are found', async () => {
		const prefix = `entries-${++count}`;
		const store = redisEntries({client: connection.client, prefix});
		const ids = Array.from('0123456789abcdef', digit => digit.repeat(64));
		await Promise.all(ids.map(async (id, i) => store.begin(id, asked({key: `key-${i}`}))));
		expect(await store.unsettled('shop', 100)).toHaveLength(ids.length);
		for (const url of cluster.urls) {
			const {client, close} = await nodeRedis(url);
			expect(await client.keys(`${prefix}:*:entry:*`)).not.toEqual([]);
			close();
		}
	});
});
