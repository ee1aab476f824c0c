import {describe, expect, test} from 'vitest';
import {after, answer, unreachable, type Step} from '../support/fake-server.ts';
import {follow} from './follow.ts';
import {openShop} from './shop.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';

const ways: Array<[string, Step, 'not-sent' | 'refused']> = [
	['was never sent', unreachable, 'not-sent'],
	['was turned away', answer(401), 'refused'],
];

describe.each(ways)('an operation that %s', (_, step, status) => {
	async function turnedAway() {
		const shop = openShop();
		const buyer = shop.realm({retry: 0});
		shop.server.script(step);
		const {key} = await shop.environment.finish(buyer.pay());
		return {...shop, buyer, key};
	}

	test('is not completed: complete() does nothing, and the key stays', async () => {
		const {environment, realm, buyer, key, record} = await turnedAway();
		const before = await record();
		const {seen} = follow(buyer);
		const shown = buyer.handle.state;
		for (const {handle} of [buyer, realm()]) await expect(handle.complete()).resolves.toBeUndefined();
		expect(buyer.handle.state).toBe(shown);
		expect(seen).toEqual([shown]);
		expect(buyer.handle.outcome()).toMatchObject({outcome: status, key});
		expect(await record()).toEqual(before);
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'succeeded', key});
	});

	test.each(['in this realm', 'in another one'])('is forgotten without force, %s', async where => {
		const {environment, realm, buyer, server, key, record} = await turnedAway();
		const {handle} = where === 'in this realm' ? buyer : realm();
		await handle.forget();
		expect(handle.state.status).toBe('idle');
		expect(await record()).toMatchObject({freed: true, key});
		expect((await environment.finish(buyer.pay())).key).not.toBe(key);
		expect(server.requests).toHaveLength(2);
	});

	test('goes at sign-out', async () => {
		const {environment, buyer, key, record} = await turnedAway();
		await forgetAll(buyer.fetch);
		expect(await record()).toMatchObject({freed: true, key});
		expect((await environment.finish(buyer.pay())).key).not.toBe(key);
	});

	test('is resolved as succeeded: somebody found that it took place after all', async () => {
		const {environment, realm, buyer, server, key, record} = await turnedAway();
		await buyer.handle.resolve('succeeded');
		expect(buyer.handle.state.status).toBe('succeeded');
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
		for (const {pay} of [buyer, realm()])
			expect((await environment.finish(pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', key});
		expect(server.requests).toHaveLength(1);
	});

	test('is resolved as refused: the next call begins anew under a new key', async () => {
		const {environment, realm, buyer, key, record} = await turnedAway();
		await realm().handle.resolve('refused');
		expect((await record())?.state.status).toBe('refused');
		expect((await environment.finish(buyer.pay())).key).not.toBe(key);
	});

	test('is not resolved once it has begun again', async () => {
		const {environment, realm, buyer, server, key} = await turnedAway();
		server.script(after(5000));
		const call = buyer.pay();
		await environment.settle();
		for (const outcome of ['succeeded', 'refused'] as const)
			await expect(realm().handle.resolve(outcome)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key});
		await expect(realm().handle.forget()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key});
		expect((await environment.finish(call)).outcome).toBe('succeeded');
	});

	test('is shown as such to those who subscribe, here and elsewhere, until it is under way again', async () => {
		const {environment, realm, buyer, server} = await turnedAway();
		const other = realm();
		const [here, elsewhere] = [follow(buyer), follow(other)];
		await environment.settle();
		expect(here.statuses()).toEqual([status]);
		expect(elsewhere.statuses()).toEqual(['loading', status]);
		server.script(after(1000));
		await environment.finish(buyer.pay());
		expect(new Set(here.statuses())).toEqual(new Set([status, 'working', 'succeeded']));
	});
});
