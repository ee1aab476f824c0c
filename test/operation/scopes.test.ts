import {describe, expect, test, vi} from 'vitest';
import type * as Platform from '#platform';
import {drop, unreachable, type Step} from '../support/fake-server.ts';
import {openShop, type Realm, type Shop} from './shop.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

// Browsers hash later, and so does every realm here.
vi.mock('#platform', async original => {
	const platform = await original<typeof Platform>();
	return {...platform, sha256: async (data: string | Uint8Array<ArrayBuffer>) => platform.sha256(data)};
});

/** A page of Ann's, on which her call ended like this; the scope that was asked for last is Bob's. */
async function annAfter(step?: Step): Promise<Shop & {ann: Realm; key: string}> {
	const shop = openShop();
	const {environment, realm, server} = shop;
	if (step) server.script(step);
	const {key = ''} = await environment.finish(realm({scope: 'ann', retry: 0}).pay());
	await environment.finish(realm({scope: 'bob'}).pay());
	return {...shop, ann: realm({scope: 'ann', retry: 0}), key};
}

describe('where another scope was asked for last', () => {
	test.each<['complete' | 'forget']>([['complete'], ['forget']])('%s() frees the name', async how => {
		const {environment, ann, server, key} = await annAfter();
		await ann.handle[how]();
		const again = await environment.finish(ann.pay());
		expect(again).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(again.key).not.toBe(key);
		expect(server.charges()).toBe(3);
	});

	test('forget() frees what was turned away', async () => {
		const {environment, ann, key} = await annAfter(unreachable);
		await ann.handle.forget();
		expect((await environment.finish(ann.pay())).key).not.toBe(key);
	});

	test('forget({force}) frees what is open', async () => {
		const {environment, ann, key} = await annAfter(drop);
		await ann.handle.forget({force: true});
		expect((await environment.finish(ann.pay())).key).not.toBe(key);
	});

	test.each<['succeeded' | 'refused']>([['succeeded'], ['refused']])('resolve(%o) settles what is open', async word => {
		const {environment, ann, key} = await annAfter(drop);
		await ann.handle.resolve(word);
		expect(ann.handle.state.status).toBe(word);
		const again = await environment.finish(ann.pay());
		expect(again.key === key).toBe(word === 'succeeded');
	});

	test('a handle shows how it stands', async () => {
		const {environment, ann} = await annAfter(drop);
		expect(ann.handle.state.status).toBe('loading');
		await environment.settle();
		expect(ann.handle.state.status).toBe('unknown');
	});

	test('unfinished() lists what is open, and the call goes on under its key', async () => {
		const {environment, ann, key} = await annAfter(drop);
		expect(await unfinished(ann.fetch)).toMatchObject([{key, working: false}]);
		expect(await environment.finish(ann.pay())).toMatchObject({outcome: 'succeeded', key});
	});

	test('a further attempt renews the claim that it has', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await environment.finish(realm({scope: 'bob'}).pay());
		const ann = realm({scope: 'ann'});
		server.script(drop);
		expect(await environment.finish(ann.pay())).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(ann.types()).not.toContain('lease-lost');
	});

	test('forgetAll() drops what is settled', async () => {
		const {environment, ann, key} = await annAfter();
		await forgetAll(ann.fetch);
		expect((await environment.finish(ann.pay())).key).not.toBe(key);
	});
});
