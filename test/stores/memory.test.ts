import {describe, expect, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {memoryStore, memoryStoreIn} from '../../src/stores/memory.ts';
import {claimOf, ID} from './claim-of.ts';
import {testClock} from './clock.ts';
import {sweepTests} from './sweeping.ts';

describe('memory store', () => {
	const clock = testClock();
	storeContract({test, makeStore: () => memoryStoreIn(clock), elapse: clock.elapse});

	describe('a sweep', () => {
		sweepTests(memoryStoreIn);
	});

	test('two stores share nothing', () => {
		const [one, other] = [memoryStore(), memoryStore()];
		void one.claim(ID, claimOf());
		expect(other.list(ID.scope)).toEqual([]);
	});

	test('a claim is granted synchronously, so that nothing comes between', () => {
		expect(memoryStore().claim(ID, claimOf())).toMatchObject({status: 'claimed'});
	});

	test('a sweep says how many records went', async () => {
		const store = memoryStoreIn(clock);
		for (const name of ['a', 'b', 'c']) await store.claim({scope: '', name}, claimOf());
		for (const name of ['a', 'b']) await store.forget({scope: '', name}, {key: 'key-1', how: 'force'});
		clock.elapse(7 * 86_400_000);
		expect(store.sweep()).toBe(0);
		clock.elapse(86_400_000);
		expect(store.sweep()).toBe(2);
		expect(store.sweep()).toBe(0);
	});
});
