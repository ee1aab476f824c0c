import {describe, expect, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {memoryStore, memoryStoreIn} from '../../src/stores/memory.ts';
import type {OperationId} from '../../src/stores/store.ts';
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

	test('of settled records the last 10,000 are kept, and each that is open, whatever it was before', () => {
		const store = memoryStoreIn(clock);
		const [again, refused] = ['again', 'refused'].map(name => ({scope: '', name}));
		const settle = (id: OperationId, key: string, status: 'refused' | 'succeeded', token = 1) =>
			store.settle(id, {key, owner: 'ann', token, state: {status}, fenced: false, keepAnswer: false});
		for (const id of [again!, refused!]) {
			void store.claim(id, claimOf({key: 'first'}));
			void settle(id, 'first', 'refused');
		}

		void store.claim(again!, claimOf({key: 'second'}));
		for (let i = 0; i < 9_999; i++) {
			const id = {scope: 'many', name: String(i)};
			void store.claim(id, claimOf());
			void settle(id, 'key-1', 'succeeded');
		}

		expect(store.list('', 'refused')).toHaveLength(1);
		const last = {scope: 'many', name: 'last'};
		void store.claim(last, claimOf());
		void settle(last, 'key-1', 'succeeded');
		expect(store.list('')).toMatchObject([{record: {name: 'again', key: 'second', state: {status: 'sending'}}}]);
		expect(store.list('many')).toHaveLength(10_000);
	});
});
