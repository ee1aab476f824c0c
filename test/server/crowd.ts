import {expect, test} from 'vitest';
import type {EntryStore} from '../../src/server/entry.ts';
import {idempotent} from '../../src/server/index.ts';
import {payment} from './shop.ts';

/** What a guard promises over a real engine, with two processes' worth of connections. */
export function crowdTests(openOne: () => EntryStore, openOther: () => EntryStore): void {
	const guards = () => {
		let effects = 0;
		const scope = (request: Request) => request.headers.get('x-user') ?? 'nobody';
		const stores = [openOne(), openOther()];
		const handler = async (request: Request) => {
			effects++;
			await new Promise(resolve => setTimeout(resolve, 20));
			return new Response(`for ${request.headers.get('x-user')}`, {status: 201});
		};
		const [one, other] = stores.map(store => idempotent(handler, {store, scope, name: crypto.randomUUID()}));
		const same = stores.map(store => idempotent(handler, {store, scope, name: 'same', waiting: 10_000}));
		return {
			one: one!,
			other: other!,
			same,
			effects: () => effects,
			close: async () => Promise.all(stores.map(async it => it.close?.())),
		};
	};
	const of = (user: string, key = 'key-1') => payment({key, headers: {'x-user': user}});

	test('two users with one key never see the answer of each other', async () => {
		const {one, effects, close} = guards();
		const ask = async (user: string) => (await one(of(user))).text();
		expect([await ask('ann'), await ask('bob'), await ask('ann'), await ask('bob')]).toEqual([
			'for ann',
			'for bob',
			'for ann',
			'for bob',
		]);
		expect(effects()).toBe(2);
		await close();
	});

	test('of 40 at once over both one runs, and all get its answer', async () => {
		const {same, effects, close} = guards();
		const key = crypto.randomUUID();
		const all = Array.from({length: 40}, async (_, i) => (await same[i % 2]!(of('ann', key))).text());
		expect(new Set(await Promise.all(all))).toEqual(new Set(['for ann']));
		expect(effects()).toBe(1);
		await close();
	});

	test('40 keys at once over both run once each', async () => {
		const {same, effects, close} = guards();
		const prefix = crypto.randomUUID();
		const all = Array.from({length: 80}, async (_, i) => same[i % 2]!(of('ann', `${prefix}-${i % 40}`)));
		expect(new Set((await Promise.all(all)).map(it => it.status))).toEqual(new Set([201]));
		expect(effects()).toBe(40);
		await close();
	});
}
