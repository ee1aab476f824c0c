import {describe, expect, test} from 'vitest';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {after, answer, drop, lose, unreachable} from '../support/fake-server.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {openShop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const changed: unknown = expect.stringContaining('The signed-in user (scope) changed');

/** A page whose user can sign out at any time. */
function openPage(options: FetchOptions = {}) {
	const shop = openShop();
	const session: {user: string | undefined} = {user: 'ann'};
	const page = shop.realm({scope: () => session.user, ...options});
	return {...shop, ...page, session};
}

describe('once somebody else is signed in, nothing more is sent', () => {
	test('after an ambiguous attempt the outcome is unknown, and the operation stays that of the first user', async () => {
		const {environment, pay, fetch, server, session} = openPage();
		server.script(after(1000, drop));
		const call = pay();
		await environment.settle();
		session.user = 'bob';
		const {outcome, error} = await environment.finish(call);

		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 1, message: changed});
		expect(server.requests).toHaveLength(1);
		expect(await unfinished(fetch)).toEqual([]);
		session.user = 'ann';
		expect(await unfinished(fetch)).toMatchObject([{key: server.keys()[0]}]);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', key: server.keys()[0]});
	});

	test.each<[string, RequestInit & CallOptions]>([
		['without a name', {operation: true}],
		['under a key of its own', {operation: true, idempotencyKey: 'order-42'}],
	])('a call %s is not sent again either', async (_, init) => {
		const {environment, pay, server, session} = openPage();
		server.script(after(1000, drop));
		const call = pay(init);
		await environment.settle();
		session.user = 'bob';

		expect((await environment.finish(call)).outcome).toBe('unknown');
		expect(server.requests).toHaveLength(1);
	});

	test('before the first attempt it is not sent', async () => {
		const {environment, pay, server, session} = openPage();
		const call = pay();
		session.user = 'bob';
		const {outcome, error} = await environment.finish(call);

		expect(outcome).toBe('not-sent');
		expect(error).toMatchObject({code: 'NOT_SENT', attempts: 0, message: changed});
		expect(server.requests).toEqual([]);
	});

	test('after attempts that reached nobody it is not sent', async () => {
		const {environment, pay, server, session} = openPage();
		server.script(after(1000, unreachable));
		const call = pay();
		await environment.settle();
		session.user = 'bob';

		expect((await environment.finish(call)).error).toMatchObject({code: 'NOT_SENT', message: changed});
		expect(server.requests).toHaveLength(1);
	});

	test('after an answer that settles nothing but is not ambiguous, that is the answer', async () => {
		const {environment, pay, server, session} = openPage();
		server.script(after(1000, answer(429)));
		const call = pay();
		await environment.settle();
		session.user = 'bob';
		const {outcome, response} = await environment.finish(call);

		expect([outcome, response?.status]).toEqual(['refused', 429]);
		expect(server.requests).toHaveLength(1);
	});

	test('while the request is in progress it is not asked about any more', async () => {
		const {environment, pay, server, session} = openPage();
		server.script(answer(409, {'retry-after': '5'}));
		const call = pay();
		await environment.settle();
		session.user = 'bob';

		expect((await environment.finish(call)).outcome).toBe('unknown');
		expect(server.requests).toHaveLength(1);
	});

	test('while fresh headers are made: they are those of the other user', async () => {
		const {environment, pay, server, session} = openPage({
			attemptHeaders: async () =>
				new Promise(resolve => {
					environment.timer(() => {
						resolve({authorization: `Bearer ${session.user}`});
					}, 1000);
				}),
		});
		const call = pay();
		await environment.settle();
		session.user = 'bob';

		expect((await environment.finish(call)).error).toMatchObject({code: 'NOT_SENT', message: changed});
		expect(server.requests).toEqual([]);
	});

	test('after a cure, which the other user has made', async () => {
		const {environment, pay, server, session} = openPage({
			reauthorize() {
				session.user = 'bob';
				return true;
			},
		});
		server.script(answer(401));
		const {outcome, response} = await environment.finish(pay());

		expect([outcome, response?.status]).toEqual(['refused', 401]);
		expect(server.requests).toHaveLength(1);
	});

	test('nor is an answer fetched again', async () => {
		const dialect = ietf({retention: 86_400_000});
		const {environment, realm, server, session, store} = openPage();
		const scope = () => session.user;
		await environment.finish(realm({scope, dialect}).pay());
		// Between the look into the store and the request.
		const over = {
			async claim(...given: Parameters<typeof store.claim>) {
				const claimed = await store.claim(...given);
				session.user = 'bob';
				return claimed;
			},
		};
		const {error} = await environment.finish(realm({scope, dialect}, over).pay());

		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests).toHaveLength(1);
	});

	test('nor is the application asked what became of it, in the session of another', async () => {
		let asked = 0;
		const {environment, pay, server, session} = openPage({
			retry: 0,
			reconcile() {
				asked++;
				return 'refused';
			},
		});
		server.script(after(1000, lose));
		const call = pay();
		await environment.settle();
		session.user = 'bob';

		expect((await environment.finish(call)).outcome).toBe('unknown');
		expect(asked).toBe(0);
	});

	test.each<[string, () => string]>([
		['throws', () => expect.fail('no session')],
		['is empty', () => ''],
	])('a scope that %s is another one', async (_, broken) => {
		let scope = () => 'ann';
		const {environment, realm, server} = openShop();
		server.script(after(1000, drop));
		const call = realm({scope: () => scope()}).pay();
		await environment.settle();
		scope = broken;

		expect((await environment.finish(call)).error).toMatchObject({code: 'OUTCOME_UNKNOWN', message: changed});
		expect(server.requests).toHaveLength(1);
	});
});

describe('all goes on', () => {
	test('for a user who has come back by the next attempt', async () => {
		const {environment, pay, server, session} = openPage();
		server.script(after(1000, drop));
		const call = pay();
		await environment.settle();
		session.user = undefined;
		environment.timer(() => {
			session.user = 'ann';
		}, 1000);

		expect((await environment.finish(call)).outcome).toBe('succeeded');
	});
});
