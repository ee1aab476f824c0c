import {expect, test} from 'vitest';
import {entryContract} from '../../src/server/contract.ts';
import {redisEntries} from '../../src/server/redis.ts';
import {onRedisClusters} from '../stores/on-redis-clusters.ts';
import type {Aging} from '../stores/redis-aging.ts';
import {asked} from './redis-asked.ts';

onRedisClusters('redis entries', cluster => {
	let aging: Aging;

	entryContract({
		test,
		makeStore() {
			const prefix = cluster.prefix();
			aging = cluster.aging(prefix);
			return redisEntries({client: cluster.client(), prefix});
		},
		elapse: async ms => aging.elapse(ms),
	});

	test('they are spread over the nodes, and all that are unsettled are found', async () => {
		const prefix = cluster.prefix();
		const store = redisEntries({client: cluster.client(), prefix});
		const ids = Array.from('0123456789abcdef', digit => digit.repeat(64));
		await Promise.all(ids.map(async (id, i) => store.begin(id, asked({key: `key-${i}`}))));
		expect(await store.unsettled('shop', 100)).toHaveLength(ids.length);
		await cluster.areSpread(`${prefix}:*:entry:*`);
	});
});
