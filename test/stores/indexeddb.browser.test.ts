import {afterEach, describe, expect, test, vi} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {storeContract} from '../../src/stores/contract.ts';
import {indexedDbStore, indexedDbStoreIn} from '../../src/stores/indexeddb.ts';
import type {Store} from '../../src/stores/store.ts';
import {openShop} from '../operation/shop.ts';
import {drop} from '../support/fake-server.ts';
import {recordsIn} from '../support/records.ts';
import {claimOf, ID} from './claim-of.ts';
import {testClock} from './clock.ts';
import {freshName} from './database.ts';
import {sweepTests} from './sweeping.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

afterEach(() => {
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
});

describe('the contract', () => {
	const clock = testClock();

	describe('over one connection', () => {
		storeContract({test, makeStore: () => indexedDbStoreIn(clock, {name: freshName()}), elapse: clock.elapse});
	});

	describe('over two connections', () => {
		const makeStore = () => {
			const name = freshName();
			return alternating([indexedDbStoreIn(clock, {name}), indexedDbStoreIn(clock, {name})]);
		};
		storeContract({test, makeStore, elapse: clock.elapse});
	});
});

describe('a sweep', () => {
	sweepTests(clock => indexedDbStoreIn(clock, {name: freshName()}));
});

test('a retention of any length counts as ten years, and its record can be read', async () => {
	const {environment, realm, server} = openShop();
	const name = freshName();
	const options = {dialect: ietf({retention: Number.MAX_VALUE}), retry: 0};
	const reload = () => realm({...options, store: indexedDbStoreIn(environment, {name})});
	server.script(drop);
	expect((await reload().pay()).outcome).toBe('unknown');
	const [record] = await recordsIn(indexedDbStore({name}), '');
	expect(record!.keyUntil - record!.createdAt).toBe(3_650 * 86_400_000 * 0.99);
	expect(await unfinished(reload().fetch)).toMatchObject([{expired: false}]);
	expect((await reload().pay()).outcome).toBe('succeeded');
});

/** Takes another of the stores for each step. */
function alternating(stores: readonly [Store, Store]): Store {
	let turn = 0;
	const next = () => stores[turn++ % 2 === 0 ? 0 : 1];
	return {
		claim: (id, claim) => next().claim(id, claim),
		renew: (id, renewal) => next().renew(id, renewal),
		settle: (id, settlement) => next().settle(id, settlement),
		forget: (id, freeing) => next().forget(id, freeing),
		list: (scope, name) => next().list(scope, name),
		sweep: () => next().sweep(),
		close: async () => {
			for (const store of stores) await store.close?.();
		},
	};
}

describe('durability', () => {
	test('every transaction is strict', async () => {
		const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
		const store = indexedDbStore({name: freshName()});
		await store.claim(ID, claimOf());
		await store.renew(ID, {key: 'key-1', owner: 'ann', token: 1, lease: 1});
		await store.settle(ID, {
			key: 'key-1',
			owner: 'ann',
			token: 1,
			state: {status: 'succeeded'},
			fenced: false,
			keepAnswer: false,
		});
		await store.forget(ID, {key: 'key-1', how: 'complete'});
		await store.sweep();
		const made = transaction.mock.results.map(({value}) => [value.mode, value.durability]);
		expect(made).toEqual(Array.from({length: 5}, () => ['readwrite', 'strict']));
	});

	test('a claim is answered only once its transaction is complete', async () => {
		const order: string[] = [];
		const begin: IDBDatabase['transaction'] = Reflect.get(IDBDatabase.prototype, 'transaction');
		vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
			const transaction = begin.apply(this, args);
			transaction.addEventListener('complete', () => order.push('complete'));
			return transaction;
		});
		await indexedDbStore({name: freshName()}).claim(ID, claimOf());
		order.push('answered');
		expect(order).toEqual(['complete', 'answered']);
	});

	test('a write that fails is thrown as it is, and leaves nothing behind', async () => {
		const store = indexedDbStore({name: freshName()});
		spyOnPut(() => {
			throw new DOMException('full', 'QuotaExceededError');
		});
		await expect(store.claim(ID, claimOf())).rejects.toMatchObject({name: 'QuotaExceededError'});
		expect(await store.list(ID.scope)).toEqual([]);
	});

	test('a transaction that is aborted from outside is an AbortError', async () => {
		const store = indexedDbStore({name: freshName()});
		spyOnPut(({transaction}) => transaction.abort());
		await expect(store.claim(ID, claimOf())).rejects.toMatchObject({name: 'AbortError'});
		expect(await store.list(ID.scope)).toEqual([]);
	});

	/** Comes in once, after a record was put and before that is committed. */
	function spyOnPut(hook: (records: IDBObjectStore) => void) {
		const put: IDBObjectStore['put'] = Reflect.get(IDBObjectStore.prototype, 'put');
		return vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function (this: IDBObjectStore, value) {
			const request = put.call(this, value);
			hook(this);
			return request;
		});
	}
});
