import {afterAll, beforeAll, describe, expect} from 'vitest';
import type {RedisClient} from '../../src/stores/redis/client.ts';
import {startRedisCluster, type RedisCluster} from '../support/redis-server.ts';
import {agingOn, type Aging} from './redis-aging.ts';
import {ioredisCluster, nodeRedis, nodeRedisCluster, type Connection} from './redis-clients.ts';

export type OnCluster = {
	readonly client: () => RedisClient;
	/** Of keys that nobody else has. */
	readonly prefix: () => string;
	/** The time of the keys that begin so. */
	readonly aging: (prefix: string) => Aging;
	/** Checks that each node has some of these keys. */
	readonly areSpread: (pattern: string) => Promise<void>;
};

/** Describes it on a cluster, once for the clients of each package. */
export function onRedisClusters(what: string, describeOn: (cluster: OnCluster) => void): void {
	let cluster: RedisCluster;
	let count = 0;
	beforeAll(async () => {
		cluster = await startRedisCluster();
	}, 60_000);
	afterAll(async () => cluster.close());

	describe.each([
		['a node-redis cluster', nodeRedisCluster],
		['an ioredis cluster', ioredisCluster],
	])(`${what} on %s`, (_, connect) => {
		let connection: Connection;
		beforeAll(async () => {
			connection = await connect(cluster.urls);
		});
		afterAll(() => {
			connection.close();
		});

		describeOn({
			client: () => connection.client,
			prefix: () => `test-${++count}`,
			aging: prefix => agingOn(cluster.urls, prefix),
			async areSpread(pattern) {
				for (const url of cluster.urls) {
					const {client, close} = await nodeRedis(url);
					expect(await client.keys(pattern)).not.toEqual([]);
					close();
				}
			},
		});
	});
}
