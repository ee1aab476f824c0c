import {describe, expect, test} from 'vitest';
import {createFetch} from '../../src/fetch.ts';
import {indexedDbStoreIn} from '../../src/stores/indexeddb.ts';
import {claimOf, ID} from './claim-of.ts';
import {testClock} from './clock.ts';
import {freshName, getRaw, putRaw} from './database.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

describe('a record that cannot be read', () => {
	const garbage = {...ID, key: 7};
	const ofTheFuture = {...ID, version: 2};

	async function spoilt(value: unknown) {
		const name = freshName();
		const store = indexedDbStoreIn(testClock(), {name});
		await store.claim({...ID, name: 'sound'}, claimOf());
		await putRaw(name, value);
		return {name, store};
	}

	test.each([
		['garbage', garbage],
		['of a future version', ofTheFuture],
	])('%s: every step throws, and writes nothing', async (_, value) => {
		const {name, store} = await spoilt(value);
		const lease = {key: 'key-1', owner: 'ann', token: 1};
		const steps = [
			() => store.claim(ID, claimOf()),
			() => store.renew(ID, {...lease, lease: 1}),
			() => store.settle(ID, {...lease, state: {status: 'succeeded'}, fenced: false, keepAnswer: false}),
			() => store.forget(ID, {key: 'key-1', how: 'force'}),
		];
		for (const step of steps) await expect(step()).rejects.toThrow(TypeError);
		expect(await getRaw(name, [ID.scope, ID.name])).toEqual(value);
	});

	test('is listed as it stands, beside the others', async () => {
		const {store} = await spoilt(garbage);
		const listed = (await store.list(ID.scope)).map(({record}) => record);
		expect(listed).toHaveLength(2);
		expect(listed).toContainEqual(garbage);
		expect(listed).toContainEqual(expect.objectContaining({name: 'sound', key: 'key-1'}));
		expect((await store.list(ID.scope, ID.name)).map(({record}) => record)).toEqual([garbage]);
	});

	test('is a StoreError to what is unfinished, and to a sign-out, which drops the others', async () => {
		const name = freshName();
		const store = indexedDbStoreIn(testClock(), {name});
		const fetch = createFetch({store, scope: null, fetch: async () => new Response('', {status: 201})});
		for (const operation of ['a', 'z']) await fetch('https://shop.test/', {method: 'POST', operation});
		await putRaw(name, {...garbage, scope: '', name: '["m"]'});
		const failed = expect.objectContaining({code: 'STORE_FAILED'});
		await expect(unfinished(fetch)).rejects.toThrow(failed);
		await expect(forgetAll(fetch)).rejects.toThrow(failed);
		const others = [await store.list('', '["a"]'), await store.list('', '["z"]')].flat();
		expect(others.map(({record}) => record.freed)).toEqual([true, true]);
	});

	test('says which version it has', async () => {
		const {store} = await spoilt(ofTheFuture);
		await expect(store.claim(ID, claimOf())).rejects.toThrow('version 2');
	});

	test('is left alone by a sweep, which goes on with the others', async () => {
		const name = freshName();
		const clock = testClock();
		const store = indexedDbStoreIn(clock, {name});
		for (const other of ['a', 'z']) {
			await store.claim({...ID, name: other}, claimOf());
			await store.forget({...ID, name: other}, {key: 'key-1', how: 'force'});
		}

		await putRaw(name, garbage);
		clock.elapse(7 * 86_400_000);
		expect(await store.sweep()).toBe(0);
		clock.elapse(86_400_000);
		expect(await store.sweep()).toBe(2);
		expect(await getRaw(name, [ID.scope, ID.name])).toEqual(garbage);
	});

	test('does not harm the records of another scope', async () => {
		const {store} = await spoilt(garbage);
		expect(await store.list('scope-b')).toEqual([]);
	});
});
