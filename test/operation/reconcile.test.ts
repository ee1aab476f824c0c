import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import {answer, drop} from '../support/fake-server.ts';
import {OPERATION, openShop} from './shop.ts';

const DAY = 86_400_000;

/** A shop whose operation is unknown and past the life of its key. */
async function expiredShop() {
	const shop = openShop();
	shop.server.script(drop);
	await shop.environment.finish(shop.realm({retry: 0}).pay());
	shop.environment.jump(DAY);
	return {...shop, key: shop.server.keys()[0]};
}

function counted(found: 'succeeded' | 'refused' | undefined) {
	const asked: unknown[] = [];
	const reconcile: FetchOptions['reconcile'] = operation => {
		asked.push(operation);
		return found;
	};
	return {asked, reconcile};
}

describe('reconcile, where the key can no longer be sent', () => {
	test('succeeded: it is told without an answer, and nothing is sent', async () => {
		const {environment, realm, server, record, key} = await expiredShop();
		const {asked, reconcile} = counted('succeeded');
		const {pay, handle} = realm({reconcile});
		const {outcome, error} = await environment.finish(pay());
		expect(outcome).toBe('succeeded');
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED', key});
		expect(asked).toEqual([{operation: OPERATION, key}]);
		expect(server.requests).toHaveLength(1);
		expect((await record())?.state.status).toBe('succeeded');
		expect(handle.state.status).toBe('succeeded');
	});

	// Invariant 4
	test('refused: it frees the operation, and the call goes on under a new key', async () => {
		const {environment, realm, server, key} = await expiredShop();
		const {asked, reconcile} = counted('refused');
		const report = await environment.finish(realm({reconcile}).pay());
		expect(report).toMatchObject({outcome: 'succeeded', replayed: false, attempts: 1});
		expect(report.key).not.toBe(key);
		expect(asked).toHaveLength(1);
		expect(server.keys()).toEqual([key, report.key]);
	});

	// Invariant 5
	test('refused, then a declined first attempt: that is a refusal, no longer a doubt', async () => {
		const {environment, realm, server} = await expiredShop();
		server.script(answer(402));
		const report = await environment.finish(realm({reconcile: () => 'refused'}).pay());
		expect(report).toMatchObject({outcome: 'refused', error: undefined});
	});

	// Invariants 4 and 7
	test.each<[string, FetchOptions['reconcile']]>([
		['does not know', () => undefined],
		[
			'throws',
			() => {
				throw new Error('the API is down');
			},
		],
		['rejects', async () => Promise.reject(new Error('the API is down'))],
		['says something else', () => 'paid' as unknown as 'succeeded'],
		['never answers', async () => new Promise(() => undefined)],
	])('that %s leaves it unknown, and nothing is sent', async (_, reconcile) => {
		const {environment, realm, server, record, key} = await expiredShop();
		const begun = environment.now();
		const {error} = await environment.finish(realm({reconcile: reconcile!, timeout: 7000}).pay());
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', expired: true, key});
		expect(environment.now() - begun).toBeLessThanOrEqual(7000);
		expect(server.requests).toHaveLength(1);
		expect(await record()).toMatchObject({key, owner: '', state: {status: 'unknown'}});
	});

	test('a later call asks again', async () => {
		const {environment, realm} = await expiredShop();
		const {asked, reconcile} = counted(undefined);
		const {pay} = realm({reconcile});
		await environment.finish(pay());
		await environment.finish(pay());
		expect(asked).toHaveLength(2);
	});
});

describe('reconcile, where the attempts ended without an outcome', () => {
	// Invariant 4
	test('refused ends the call: nothing more is sent, and the next call gets a new key', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, drop);
		const {pay} = realm({reconcile: () => 'refused', retry: 1});
		const {outcome, error} = await environment.finish(pay());
		expect(outcome).toBe('refused');
		expect(error).toMatchObject({code: 'REFUSED', attempts: 2});
		expect(server.requests).toHaveLength(2);
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(2);
	});

	test('succeeded ends the call with AlreadySucceededError', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop);
		const {outcome, error} = await environment.finish(realm({reconcile: () => 'succeeded', retry: 0}).pay());
		expect(outcome).toBe('succeeded');
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED', attempts: 1});
	});

	test('it is asked at most once a call, also when refused let the call begin anew', async () => {
		const {environment, realm, server} = await expiredShop();
		const {asked, reconcile} = counted('refused');
		server.script(drop);
		const {outcome} = await environment.finish(realm({reconcile, retry: 0}).pay());
		expect(outcome).toBe('unknown');
		expect(asked).toHaveLength(1);
	});

	test('it is not asked when the attempts settled', async () => {
		const {environment, realm, server} = openShop();
		const {asked, reconcile} = counted('refused');
		server.script(drop);
		expect((await environment.finish(realm({reconcile}).pay())).outcome).toBe('succeeded');
		expect(asked).toHaveLength(0);
	});

	test('a replayed 5xx is final, and asked about', async () => {
		const {environment, realm, server} = openShop();
		server.script(answer(500, {'idempotent-replayed': 'true'}));
		const {outcome, error} = await environment.finish(realm({reconcile: () => 'succeeded'}).pay());
		expect(outcome).toBe('succeeded');
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
	});

	test('a caller that wants no answer from a hanging application is let go at its total time', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop);
		const reconcile = async () => new Promise<undefined>(() => undefined);
		const begun = environment.now();
		const options = {reconcile, retry: 0, timeout: 50_000, totalTimeout: 10_000, dialect: ietf()};
		expect((await environment.finish(realm(options).pay())).outcome).toBe('unknown');
		expect(environment.now() - begun).toBeLessThanOrEqual(10_000);
	});
});
