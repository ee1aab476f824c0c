import {describe, expect, test} from 'vitest';
import {answer, drop, hang} from '../support/fake-server.ts';
import {follow} from './follow.ts';
import {OPERATION, openShop} from './shop.ts';
import {recordsIn} from '../support/records.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

describe('forgetAll and unfinished', () => {
	test('forgetAll drops answers and settled records of the scope, and keeps open ones under their keys', async () => {
		const {environment, realm, server, store, record} = openShop();
		const {fetch, pay} = realm({retry: 0, keepResponse: true});
		server.script(drop);
		await environment.finish(pay());
		await environment.finish(pay({operation: 'second'}));
		expect((await record('', ['second']))?.answer).toBeDefined();
		await forgetAll(fetch);
		expect(await record()).toMatchObject({freed: false, state: {status: 'unknown'}, key: server.keys()[0]});
		expect(await record('', ['second'])).toMatchObject({freed: true});
		expect((await recordsIn(store, '')).some(({answer: kept}) => kept !== undefined)).toBe(false);
		expect(operationOf(fetch, 'second').outcome()).toBeUndefined();
	});

	test('forgetAll tells who subscribed, though the store tells of no change', async () => {
		const {environment, realm} = openShop();
		const page = realm({}, {watch: undefined as never});
		const {statuses} = follow(page);
		await environment.finish(page.pay());
		expect(statuses().at(-1)).toBe('succeeded');
		await environment.finish(forgetAll(page.fetch));
		await environment.settle();
		expect(statuses().at(-1)).toBe('idle');
	});

	test('forgetAll drops a hundred records at a time, and lets the page answer in between', async () => {
		const {environment, realm, store} = openShop();
		const {fetch, pay} = realm();
		for (let i = 0; i < 201; i++) await environment.finish(pay({operation: `order-${i}`}));
		const freed = async () => (await recordsIn(store, '')).filter(record => record.freed).length;
		const all = forgetAll(fetch);
		await environment.settle();
		expect(await freed()).toBe(100);
		await environment.advance(0);
		await environment.finish(all);
		expect(await freed()).toBe(201);
	});

	// Invariant 11
	test('forgetAll drops no outcome that the store has not taken yet', async () => {
		const {environment, realm, server, store} = openShop();
		let works = false;
		const {fetch, pay} = realm(
			{},
			{
				async settle(id, settlement) {
					if (!works) throw new Error('disk full');
					return store.settle(id, settlement);
				},
			},
		);
		await environment.finish(pay());
		await forgetAll(fetch);
		works = true;
		expect((await environment.finish(pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests).toHaveLength(1);
	});

	test('unfinished waits a tenth of a second for a word of who is alive', async () => {
		const {environment, realm, server} = openShop();
		server.script(hang);
		void realm().pay();
		await environment.settle();
		const presence = {hold: () => () => undefined, gone: async () => new Promise<void>(() => undefined)};
		const {fetch} = realm({}, {presence});
		const begun = environment.now();
		expect(await environment.finish(unfinished(fetch))).toMatchObject([{working: true}]);
		expect(environment.now() - begun).toBe(100);
	});

	test('forgetAll leaves other scopes alone', async () => {
		const {environment, realm, server} = openShop();
		const [ann, bob] = [realm({scope: 'ann'}), realm({scope: 'bob'})];
		await environment.finish(Promise.all([ann.pay(), bob.pay()]));
		await forgetAll(ann.fetch);
		expect((await environment.finish(bob.pay())).replayed).toBe(true);
		expect((await environment.finish(ann.pay())).replayed).toBe(false);
		expect(server.charges()).toBe(3);
	});

	test('unfinished tells what is open in this scope, and nothing else', async () => {
		const {environment, realm, server} = openShop();
		const {fetch, pay} = realm({retry: 0, scope: 'ann'});
		const since = environment.now();
		server.script(drop);
		await environment.finish(pay());
		await environment.finish(pay({operation: 'paid'}));
		server.script(answer(402));
		await environment.finish(pay({operation: 'declined'}));
		await environment.finish(pay({operation: true}));
		await environment.finish(realm({scope: 'bob'}).pay());
		server.script(hang);
		void pay({operation: 'running'});
		await environment.settle();
		const [key, running] = [server.keys()[0], server.keys().at(-1)];
		expect(await unfinished(fetch)).toEqual([
			{outcome: 'unknown', operation: OPERATION, key, since, expired: false, working: false},
			{
				outcome: 'unknown',
				operation: ['running'],
				key: running,
				since: environment.now(),
				expired: false,
				working: true,
			},
		]);
		environment.jump(86_400_000);
		expect(await unfinished(fetch)).toMatchObject([
			{operation: OPERATION, expired: true},
			{operation: ['running'], expired: true, working: false},
		]);
	});
});
