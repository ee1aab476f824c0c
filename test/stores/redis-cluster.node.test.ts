import {expect, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {recordsIn} from '../support/records.ts';
import {claimOf} from './claim-of.ts';
import {onRedisClusters} from './on-redis-clusters.ts';
import type {Aging} from './redis-aging.ts';

onRedisClusters('redis store', cluster => {
	let aging: Aging;

	storeContract({
		test,
		makeStore() {
			const prefix = cluster.prefix();
			aging = cluster.aging(prefix);
			return aging.seen(redisStore({client: cluster.client(), prefix}));
		},
		elapse: async ms => aging.elapse(ms),
	});

	test('one scope is spread over the nodes', async () => {
		const prefix = cluster.prefix();
		const store = redisStore({client: cluster.client(), prefix});
		const names = Array.from({length: 60}, (__, i) => `operation-${i}`);
		await Promise.all(names.map(async name => store.claim({scope: 'scope-a', name}, claimOf())));
		await cluster.areSpread(`${prefix}:*:op:*`);
		expect((await recordsIn(store, 'scope-a')).map(({name}) => name).toSorted()).toEqual(names.toSorted());
	});
});
