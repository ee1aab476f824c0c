import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createFetch} from '../../src/fetch.ts';
import {scopeId} from '../../src/request/scope.ts';
import type {Store} from '../../src/stores/store.ts';
import {engines, type Engine} from './engine.ts';
import {spoil} from './spoil.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

type Spoilt = readonly [column: string, value: string | number | null];

const nothing: Spoilt[] = ['scope', 'name', 'version', 'key', 'fingerprint', 'status', 'owner'].map(column => [
	column,
	null,
]);
const times: Spoilt[] = ['token', 'lease_until', 'created_at', 'updated_at', 'key_until'].map(column => [column, null]);
const flags: Spoilt[] = ['final', 'said', 'freed', 'ambiguous', 'awaited'].map(column => [column, null]);
const hostile: Spoilt[] = [
	...nothing,
	...times,
	...flags,
	['version', 2],
	['status', 'lost'],
	['token', 'three'],
	['key_until', ''],
	['key', 'two words'],
	['previous_key', ''],
	['answer', '{"status":20'],
	['answer', '{}\n'],
	['answer', 'null\n'],
	['request', '{"method":"PO'],
	['request', 'null\n'],
	['request', ''],
	['name', 'no JSON'],
	['name', '{"a":1}'],
	['name', '["checkout","other"]'],
	['name', '[42]'],
];

const FAILED = expect.objectContaining({code: 'STORE_FAILED', message: expect.stringContaining('failed to list')});

/** Some that a table finds by its scope no more. */
const isLost = ([column, value]: Spoilt) => column === 'scope' && value === null;

describe.each(['sqlite', 'redis', 'postgres'] as const)('%s', {timeout: 60_000}, kind => {
	let engine: Engine;
	beforeAll(async () => {
		engine = await engines[kind]();
	});
	afterAll(async () => engine.stop());

	/** Three operations of a scope of their own, and one of them paid for or still open. */
	async function three(status: number, store: Store = engine.store) {
		const user = randomUUID();
		const fetch = createFetch({
			store,
			scope: user,
			retry: 0,
			fetch: async url => new Response('', {status: (url as string).endsWith('/bad') ? status : 201}),
		});
		const names = ['good', 'bad', 'better'];
		for (const name of names)
			await fetch(`https://shop.test/${name}`, {method: 'POST', body: '1', operation: ['checkout', name]}).catch(
				() => undefined,
			);
		const scope = await scopeId(user);
		const idOf = (name: string) => ({scope, name: JSON.stringify(['checkout', name])});
		const freed = async (...of: string[]) => {
			const found = await Promise.all(of.map(async name => store.list(scope, idOf(name).name)));
			return found.flat().map(({record}) => record.freed);
		};
		return {fetch, bad: idOf('bad'), freed};
	}

	const seen = kind === 'redis' ? hostile : hostile.filter(one => !isLost(one));

	test.each(seen)('a record whose %s is %j: sign-out drops the others, and says that it is not all', async (...how) => {
		const {fetch, bad, freed} = await three(201);
		await spoil(engine.place, bad, ...how);
		await expect(forgetAll(fetch)).rejects.toThrow(FAILED);
		expect(await freed('good', 'better')).toEqual([true, true]);
	});

	test.each(seen)('an open one whose %s is %j: what is unfinished cannot be told', async (...how) => {
		const {fetch, bad} = await three(500);
		expect(await unfinished(fetch)).toHaveLength(1);
		await spoil(engine.place, bad, ...how);
		await expect(unfinished(fetch)).rejects.toThrow(FAILED);
	});

	test('and other scopes are told as ever, so is every other name', async () => {
		const [one, other] = [await three(500), await three(500)];
		await spoil(engine.place, one.bad, 'version', 2);
		expect(await unfinished(other.fetch)).toHaveLength(1);
		await forgetAll(other.fetch);
		expect(await one.freed('good', 'better')).toEqual([false, false]);
		await operationOf(one.fetch, ['checkout', 'good']).complete();
		expect(await one.freed('good')).toEqual([true]);
	});

	test('one that stands in another scope is neither dropped there nor shown', async () => {
		const [one, other] = [await three(500), await three(201)];
		await spoil(engine.place, one.bad, 'scope', other.bad.scope);
		const [its] = kind === 'redis' ? [one] : [other];
		await expect(unfinished(its.fetch)).rejects.toThrow(FAILED);
		await expect(forgetAll(its.fetch)).rejects.toThrow(FAILED);
		expect(await its?.freed('good', 'better')).toEqual([true, true]);
	});
});
