import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {startRedisCluster, type RedisCluster} from '../support/redis-server.ts';
import {claimOf} from './claim-of.ts';
import {agingOn, type Aging} from './redis-aging.ts';
import {ioredisCluster, nodeRedis, nodeRedisCluster, type Connection} from './redis-clients.ts';
import {recordsIn} from '../support/records.ts';

let cluster: RedisCluster;
let count = 0;
beforeAll(async () => {
	cluster = await startRedisCluster();
}, 60_000);
afterAll(async () => cluster.close());

describe.each([
	['a node-redis cluster', nodeRedisCluster],
	['an ioredis cluster', ioredisCluster],
])('redis store on %s', (_, connect) => {
	let connection: Connection;
	let aging: Aging;

	beforeAll(async () => {
		connection = await connect(cluster.urls);
	});
	afterAll(() => {
		connection.close();
	});

	storeContract({
		test,
		makeStore() {
			const prefix = `store-${++count}`;
			aging = agingOn(cluster.urls, prefix);
			return aging.seen(redisStore({client: connection.client, prefix}));
		},
		elapse: async ms => aging.elapse(ms),
	});

	test('one scope is spread over the nodes', async () => {
		const prefix = `spread-${++count}`;
		const store = redisStore({client: connection.client, prefix});
		const names = Array.from({length: 60}, (__, i) => `operation-${i}`);
		await Promise.all(names.map(async name => store.claim({scope: 'scope-a', name}, claimOf())));
		for (const url of cluster.urls) {
			const {client, close} = await nodeRedis(url);
			expect(await client.keys(`${prefix}:*:op:*`)).not.toEqual([]);
			close();
		}

		expect((await recordsIn(store, 'scope-a')).map(({name}) => name).toSorted()).toEqual(names.toSorted());
	});
});
