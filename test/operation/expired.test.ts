import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {answer, drop} from '../support/fake-server.ts';
import {openShop, type Shop} from './shop.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** A call whose attempts were all lost. */
async function lost({environment, realm, server}: Shop, options: Parameters<Shop['realm']>[0] = {}) {
	server.script(drop);
	const buyer = realm({retry: 0, ...options});
	await environment.finish(buyer.pay());
	return buyer;
}

describe('an unknown outcome', () => {
	// Invariant 4
	test('is sent again under the same key, here and after a reload, within the life of the key', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const {pay} = await lost(shop);
		server.script(drop);
		expect((await environment.finish(pay())).outcome).toBe('unknown');
		environment.jump(23 * HOUR);
		const report = await environment.finish(realm().pay());
		expect(report.outcome).toBe('succeeded');
		expect(new Set(server.keys())).toEqual(new Set([report.key]));
	});

	// Invariant 5
	test.each([401, 402, 403, 422])('is not settled by a %i, and the first error is the one reported', async status => {
		const {environment, realm, server} = openShop();
		server.script(drop, answer(status));
		const {outcome, error} = await environment.finish(realm().pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			expired: false,
			status,
			cause: new TypeError('fetch failed'),
		});
		expect(server.requests).toHaveLength(2);
	});

	// Invariant 5
	test('is settled by a refusal that is marked as a replay', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, answer(402, {'idempotent-replayed': 'true'}));
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'refused', replayed: true});
	});

	// Invariant 5
	test('is settled by a refusal that the dialect says is saved under the key', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, answer(402), drop, answer(401));
		const {pay} = realm({dialect: ietf({saves: 'errors'})});
		expect((await environment.finish(pay())).outcome).toBe('refused');
		expect((await environment.finish(pay())).outcome).toBe('unknown');
	});

	// Invariant 13
	test.each([
		['an answer that was redirected', {redirected: true}],
		['an opaque redirect', {type: 'opaqueredirect', status: 0}],
	])('is what %s leaves', async (_, facts) => {
		const {environment, realm, server, record} = openShop();
		const descriptors = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, {value}]));
		server.script(async () => Object.defineProperties(new Response('<h1>Log in</h1>'), descriptors));
		expect((await environment.finish(realm().pay())).outcome).toBe('unknown');
		expect(server.requests).toHaveLength(1);
		expect((await record())?.state).toEqual({status: 'unknown'});
	});
});

describe('a key that can no longer be sent', () => {
	// Invariant 7
	test('is not sent a day after its first use, and the error says that it expired', async () => {
		const shop = openShop();
		const {environment, realm, server, record} = shop;
		const {pay} = await lost(shop);
		environment.jump(DAY);
		for (const again of [pay, realm().pay]) {
			const {error} = await environment.finish(again());
			expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', expired: true, attempts: 0});
		}

		expect(server.requests).toHaveLength(1);
		expect((await record())?.key).toBe(server.keys()[0]);
	});

	// Invariant 7
	test('is counted from its first use, however often it is sent', async () => {
		const shop = openShop();
		const {environment, server} = shop;
		const {pay} = await lost(shop);
		for (let hours = 0; hours < 24; hours += 8) {
			environment.jump(8 * HOUR);
			server.script(drop);
			await environment.finish(pay());
		}

		expect(server.requests).toHaveLength(3);
	});

	// Invariant 7
	test('is not sent in the middle of a flight either', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, drop, drop, drop);
		const {pay} = realm({dialect: ietf({retention: 60_000}), retry: {delay: () => 20_000, backoffLimit: 20_000}});
		const {error} = await environment.finish(pay());
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', expired: true});
		expect(server.requests).toHaveLength(2);
	});

	// Invariant 7
	test('is not sent when the clock was set back by more than the lease: its age cannot be trusted', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await lost(shop);
		environment.jump(-DAY);
		const {error} = await environment.finish(realm().pay());
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect(server.requests).toHaveLength(1);
	});

	test('a clock that was set back by less than the lease does no harm', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await lost(shop);
		environment.jump(-10_000);
		expect((await environment.finish(realm().pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
	});

	// Invariant 8
	test('a replayed 5xx is final: nothing more is sent, here or after a reload', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(answer(500, {'idempotent-replayed': 'true'}));
		const {pay} = realm();
		expect((await environment.finish(pay())).error).toMatchObject({code: 'OUTCOME_UNKNOWN', expired: true});
		expect((await record())?.state).toEqual({status: 'unknown', final: true});
		for (const again of [pay, realm().pay])
			expect((await environment.finish(again())).error).toMatchObject({
				code: 'OUTCOME_UNKNOWN',
				expired: true,
				reason: 'final',
			});
		environment.jump(DAY);
		expect((await environment.finish(realm().pay())).error).toMatchObject({expired: true, reason: 'expired'});
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 8
	test('a replayed 4xx is refused at once, also a 409 and a 429', async () => {
		for (const status of [400, 409, 429]) {
			const {environment, realm, server} = openShop();
			const body = '{"code":"email_exists"}';
			server.script(answer(status, {'idempotent-replayed': 'true'}, body));
			expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'refused', replayed: true, attempts: 1});
		}
	});

	test('gives another payload the same answer', async () => {
		const shop = openShop();
		const {environment, server} = shop;
		const {pay} = await lost(shop);
		environment.jump(DAY);
		const {error} = await environment.finish(pay({body: '{"cart":43}'}));
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', expired: true});
		expect(server.requests).toHaveLength(1);
	});
});
