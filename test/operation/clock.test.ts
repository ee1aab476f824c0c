import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {after, answer, drop, hang, lose, swallow, unreachable} from '../support/fake-server.ts';
import type {VirtualEnvironment} from '../support/virtual-environment.ts';
import {openShop, type Realm, type Shop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A process whose clock is off by that from the store's and the server's. Time passes for both. */
function off(environment: VirtualEnvironment, ms: number): VirtualEnvironment {
	return {...environment, now: () => environment.now() + ms};
}

/** A server that documents to keep keys for ten seconds: they may be sent for five. */
const brief: FetchOptions = {dialect: ietf({retention: 10 * SECOND}), retry: 0};
const offsets = [30 * SECOND, -30 * SECOND, DAY, -DAY, YEAR];

async function pressed({environment, server}: Shop, {pay}: Realm, step = drop) {
	server.script(step);
	return environment.finish(pay());
}

describe.each(offsets)('where the clock of the process is off by %i ms from that of the store', offset => {
	function openOff(options: FetchOptions = {}) {
		const shop = openShop();
		const time = off(shop.environment, offset);
		return {...shop, time, process: () => shop.realm({...brief, ...options}, {}, time)};
	}

	test('a success is fetched again while the server keeps it, and not once that may have forgotten', async () => {
		const shop = openOff();
		const {environment, server, process} = shop;
		await pressed(shop, process(), lose);
		await environment.finish(process().pay());
		environment.jump(4 * SECOND);
		expect(await environment.finish(process().pay())).toMatchObject({
			outcome: 'succeeded',
			replayed: true,
			attempts: 1,
		});
		expect(server.requests).toHaveLength(3);
		environment.jump(SECOND);
		expect((await environment.finish(process().pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', attempts: 0});
		expect(server.requests).toHaveLength(3);
	});

	test('a doubt is sent again while its key is young enough, and not after that', async () => {
		const shop = openOff();
		const {environment, server, process} = shop;
		await pressed(shop, process());
		environment.jump(4 * SECOND);
		expect((await pressed(shop, process())).error).toMatchObject({attempts: 1, reason: undefined});
		environment.jump(SECOND);
		expect((await pressed(shop, process())).error).toMatchObject({attempts: 0, reason: 'expired'});
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.requests).toHaveLength(2);
	});

	test('a key that ends in the middle of a flight is not sent any more', async () => {
		const shop = openOff({retry: {delay: () => 2 * SECOND}});
		shop.server.script(drop, drop, drop, drop);
		const {error} = await shop.environment.finish(shop.process().pay());
		expect(error).toMatchObject({reason: 'expired', attempts: 3});
	});

	test('unfinished() says so, and what it offered to resume is not sent past the end either', async () => {
		const shop = openOff({keepRequest: true});
		const {environment, server, process} = shop;
		await pressed(shop, process());
		environment.jump(4 * SECOND);
		const [young] = await unfinished(process().fetch);
		expect(young).toMatchObject({expired: false, working: false, resume: expect.any(Function) as unknown});
		environment.jump(SECOND);
		const [old] = await unfinished(process().fetch);
		expect(old).toMatchObject({expired: true});
		expect(old).not.toHaveProperty('resume');
		await expect(environment.finish(young!.resume!())).rejects.toMatchObject({reason: 'expired'});
		expect(server.requests).toHaveLength(1);
	});

	test('what it offered is not sent past the end either where the record has gone since', async () => {
		const shop = openOff({keepRequest: true});
		const {environment, server, store, realm, time, process} = shop;
		await pressed(shop, process());
		environment.jump(4 * SECOND);
		const empty = memoryStoreIn(environment);
		const {fetch} = realm({...brief, keepRequest: true}, {...empty, list: (...of) => store.list(...of)}, time);
		const [young] = await unfinished(fetch);
		environment.jump(SECOND);
		await expect(environment.finish(young!.resume!())).rejects.toMatchObject({reason: 'expired'});
		expect(server.requests).toHaveLength(1);
	});

	test('what is offered to resume is sent in time', async () => {
		const shop = openOff({keepRequest: true});
		await pressed(shop, shop.process());
		shop.environment.jump(4 * SECOND);
		const [young] = await unfinished(shop.process().fetch);
		expect((await shop.environment.finish(young!.resume!())).status).toBe(201);
	});

	test('an owner is at it for as long as its lease lasts by the clock of the store', async () => {
		const {environment, server, realm, time} = openOff();
		server.script(swallow);
		void realm({}, {}, time).pay();
		await environment.settle();
		const working = async () => (await unfinished(realm({}, {}, time).fetch))[0]?.working;
		environment.jump(54 * SECOND);
		expect(await working()).toBe(true);
		environment.jump(2 * SECOND);
		expect(await working()).toBe(false);
	});

	test('a handle tells since when it stands so, by the clock of its reader', async () => {
		const shop = openOff();
		const {environment, process, time} = shop;
		await pressed(shop, process());
		environment.jump(HOUR);
		const {handle} = process();
		void handle.state;
		await environment.settle();
		expect(handle.state).toMatchObject({status: 'unknown', since: time.now() - HOUR});
	});
});

describe('the end of a key', () => {
	const declared = (retention: number | undefined): FetchOptions => ({dialect: ietf(retention ? {retention} : {})});
	/** Of a day, less a hundredth. */
	const LONG = DAY - DAY / 100;
	/** Of an hour, less a minute. */
	const SHORT = HOUR - MINUTE;
	const cases: Array<[string, string, number | undefined, number | undefined, number]> = [
		['an hour', 'a day', HOUR, DAY, SHORT],
		['a day', 'an hour', DAY, HOUR, SHORT],
		['a day', 'nothing', DAY, undefined, LONG],
		['nothing', 'a day', undefined, DAY, LONG],
		['nothing', 'an hour', undefined, HOUR, SHORT],
		['nothing', 'ten days', undefined, 10 * DAY, LONG],
		['an hour', 'nothing', HOUR, undefined, SHORT],
		['ten days', 'nothing', 10 * DAY, undefined, 10 * LONG],
		['ten seconds', 'nothing', 10 * SECOND, undefined, 5 * SECOND],
		['a day', 'ten seconds', DAY, 10 * SECOND, 5 * SECOND],
	];

	test.each(cases)('declared as %s at its birth and as %s now: the earlier one', async (_, __, born, now, end) => {
		for (const [age, requests] of [
			[end - 1, 2],
			[end, 1],
		] as const) {
			const shop = openShop();
			const {environment, server, realm} = shop;
			await pressed(shop, realm({...declared(born), retry: 0}));
			environment.jump(age);
			const listed = await unfinished(realm(declared(now)).fetch);
			expect(listed).toMatchObject([{expired: requests === 1}]);
			await environment.finish(realm(declared(now)).pay());
			expect(server.requests).toHaveLength(requests);
		}
	});

	test.each(cases.filter(([, , , now]) => now !== undefined))(
		'declared as %s and as %s now holds for what would be fetched again, too',
		async (_, __, born, now, end) => {
			for (const [age, requests] of [
				[end - 1, 2],
				[end, 1],
			] as const) {
				const {environment, server, realm} = openShop();
				await environment.finish(realm(declared(born)).pay());
				environment.jump(age);
				await environment.finish(realm(declared(now)).pay());
				expect(server.requests).toHaveLength(requests);
			}
		},
	);

	test("and for an unprocessed key, past which it is another one's turn", async () => {
		const shop = openShop();
		const {environment, server, realm} = shop;
		await pressed(shop, realm({...declared(DAY), retry: 0}), answer(401));
		environment.jump(SHORT - 1);
		await pressed(shop, realm({...declared(HOUR), retry: 0}), answer(401));
		expect(new Set(server.keys()).size).toBe(1);
		environment.jump(1);
		await environment.finish(realm(declared(HOUR)).pay());
		expect(new Set(server.keys()).size).toBe(2);
	});

	test('a success under an own key that is older than its record is not fetched again either', async () => {
		const {environment, server, realm} = openShop();
		const since = environment.now() - DAY;
		const {pay} = realm({keySenders: 'this-store'});
		expect(await environment.finish(pay({idempotencyKey: 'order-42'}))).toMatchObject({outcome: 'succeeded'});
		const idempotencyKey = {key: 'order-42', since};
		const {error} = await environment.finish(realm(declared(DAY)).pay({idempotencyKey}));
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests).toHaveLength(1);
	});

	test.each([Number.MAX_VALUE, 3_650 * DAY + 1])('a retention of %d counts as ten years', async retention => {
		const {environment, server, realm, record} = openShop();
		server.script(drop);
		await environment.finish(realm({...declared(retention), retry: 0}).pay());
		const {keyUntil, createdAt} = (await record())!;
		expect(keyUntil - createdAt).toBe(3_650 * DAY * 0.99);
		environment.jump(9 * YEAR);
		expect((await environment.finish(realm(declared(retention)).pay())).outcome).toBe('succeeded');
	});
});

test('what is too old to be sent is so by its times, and not written down as final', async () => {
	const shop = openShop();
	const {environment, server, realm, record} = shop;
	await pressed(shop, realm({retry: 0}));
	environment.jump(2 * DAY);
	expect((await environment.finish(realm().pay())).error).toMatchObject({
		reason: 'expired',
		expired: true,
		attempts: 0,
	});
	expect((await record())?.state).toEqual({status: 'unknown'});
	environment.jump(-2 * DAY);
	// The record was written by the clock that was ahead, and says so.
	expect((await environment.finish(realm().pay())).error).toMatchObject({reason: 'clock'});
	environment.jump(2 * DAY);
	expect((await environment.finish(realm().pay())).error).toMatchObject({reason: 'expired'});
	expect(server.requests).toHaveLength(1);
});

test('the age of a key is that by the store, where a process has slept and its clock was set back meanwhile', async () => {
	const {environment, realm, server} = openShop();
	let behind = 0;
	const time = {...environment, now: () => environment.now() - behind};
	server.script(async exchange => {
		behind = 2 * HOUR;
		environment.jump(behind);
		return drop(exchange);
	});
	const {pay} = realm({dialect: ietf({retention: HOUR})}, {}, time);
	expect((await environment.finish(pay())).error).toMatchObject({reason: 'expired', attempts: 1});
	expect(server.requests).toHaveLength(1);
});

describe('a clock that was set back', () => {
	const back: Array<[string, FetchOptions, number]> = [
		['a day', {}, DAY],
		['a minute', {}, MINUTE],
		['five seconds, where a key lives for ten', brief, 5 * SECOND],
		['three seconds, where a key lives for ten', brief, 3 * SECOND],
	];

	test.each(back)('by %s: nothing is sent, which is not final, until it is right again', async (_, options, ms) => {
		const shop = openShop();
		const {environment, server, realm, record} = shop;
		const buyer = realm({retry: 0, ...options});
		await pressed(shop, buyer);
		environment.jump(-ms);
		for (const {pay} of [buyer, realm(options)]) {
			const {outcome, error} = await environment.finish(pay());
			expect(outcome).toBe('unknown');
			expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', reason: 'clock', expired: false, attempts: 0});
			expect(String(error)).toContain('the clock');
		}

		expect(server.requests).toHaveLength(1);
		expect((await record())?.state).toEqual({status: 'unknown'});
		environment.jump(ms);
		expect((await environment.finish(realm(options).pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
	});

	/** A process that was killed in the middle, when the clock was right. */
	async function killed() {
		const shop = openShop();
		shop.server.script(hang);
		void shop.realm().pay();
		await shop.environment.settle();
		shop.environment.jump(-DAY);
		return shop;
	}

	test('leaves nobody waiting for the lease of a process that was killed before', async () => {
		const {environment, realm, server} = await killed();
		const {handle, pay} = realm();
		const begun = environment.now();
		expect((await environment.finish(pay())).error).toMatchObject({reason: 'clock', attempts: 0});
		expect(environment.now() - begun).toBeLessThan(SECOND);
		expect(server.requests).toHaveLength(1);
		await handle.resolve('succeeded');
		expect((await environment.finish(pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
	});

	test('lets what such a process has left be resolved at once', async () => {
		const {environment, realm, server} = await killed();
		const {handle, pay} = realm();
		await handle.resolve('refused');
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
		expect(new Set(server.keys()).size).toBe(2);
	});

	async function setBack(options: FetchOptions = {}, ms = DAY) {
		const shop = openShop();
		await pressed(shop, shop.realm({retry: 0, ...options}));
		shop.environment.jump(-ms);
		return shop;
	}

	async function reconciled(word: 'succeeded' | 'refused') {
		const shop = await setBack();
		const asked: string[] = [];
		const {pay} = shop.realm({
			reconcile({key}) {
				asked.push(key);
				return word;
			},
		});
		const report = await shop.environment.finish(pay());
		expect(asked).toEqual([shop.server.keys()[0]]);
		return {...shop, ...report};
	}

	test('reconcile is asked, and its success counts', async () => {
		const {server, record, error} = await reconciled('succeeded');
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
		expect(server.requests).toHaveLength(1);
	});

	test('reconcile is asked, and after its refusal the call goes on under a new key', async () => {
		const {server, outcome, key} = await reconciled('refused');
		expect(outcome).toBe('succeeded');
		expect(key).not.toBe(server.keys()[0]);
		expect(server.charges()).toBe(1);
	});

	test.each(['succeeded', 'refused'] as const)('it can be resolved as %s', async word => {
		const {environment, realm, record} = await setBack();
		const {handle, pay} = realm();
		await environment.finish(pay());
		await environment.finish(handle.resolve(word));
		expect((await record())?.state.status).toBe(word);
	});

	test('what was written while it was far ahead stays unsendable, and says so, until it is resolved', async () => {
		const {environment, server, realm} = await setBack({}, YEAR);
		for (let days = 0; days < 100; days += 20) {
			environment.jump(days * DAY);
			expect((await environment.finish(realm().pay())).error).toMatchObject({reason: 'clock', attempts: 0});
		}

		expect(server.requests).toHaveLength(1);
		await realm().handle.resolve('refused');
		expect((await environment.finish(realm().pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(2);
	});

	test('a success is not fetched again: whether the server still has it is not known', async () => {
		const {environment, server, realm} = openShop();
		const options = {dialect: ietf({retention: DAY})};
		await environment.finish(realm(options).pay());
		environment.jump(-HOUR);
		expect((await environment.finish(realm(options).pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests).toHaveLength(1);
		environment.jump(HOUR);
		expect(await environment.finish(realm(options).pay())).toMatchObject({outcome: 'succeeded', replayed: true});
	});

	test('unfinished() offers nothing to resume, and does not call it expired', async () => {
		const shop = openShop();
		const {environment, server, realm} = shop;
		const options = {keepRequest: true, retry: 0};
		await pressed(shop, realm(options));
		const [offered] = await unfinished(realm(options).fetch);
		environment.jump(-DAY);
		const [listed] = await unfinished(realm(options).fetch);
		expect(listed).toMatchObject({expired: false, working: false});
		expect(listed).not.toHaveProperty('resume');
		await expect(environment.finish(offered!.resume!())).rejects.toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			reason: 'clock',
		});
		expect(server.requests).toHaveLength(1);
		environment.jump(DAY);
		const [again] = await unfinished(realm(options).fetch);
		expect((await environment.finish(again!.resume!())).status).toBe(201);
	});

	test.each([
		['a connection that was not made', unreachable],
		['a 401', answer(401)],
	])('what %s left unprocessed is not sent, keeps its key, and goes on under it', async (_, step) => {
		const shop = openShop();
		const {environment, server, realm, record} = shop;
		await pressed(shop, realm({retry: 0}), step);
		environment.jump(-DAY);
		for (let presses = 0; presses < 2; presses++) {
			const {outcome, error} = await environment.finish(realm().pay());
			expect(outcome).toBe('not-sent');
			expect(error).toMatchObject({code: 'NOT_SENT', keyKept: true, attempts: 0});
			expect(String(error)).toContain('The clock is behind');
		}

		expect((await record())?.state.status).toBe('unprocessed');
		expect(server.requests).toHaveLength(1);
		environment.jump(DAY);
		expect((await environment.finish(realm().pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('a caller of a key that is not random is told that it is unknown, and never that it was not sent', async () => {
		const shop = openShop();
		const {environment, realm} = shop;
		shop.server.script(unreachable);
		await environment.finish(realm({retry: 0}).pay({idempotencyKey: 'order-42'}));
		environment.jump(-DAY);
		expect((await environment.finish(realm().pay({idempotencyKey: 'order-42'}))).error).toMatchObject({
			reason: 'clock',
		});
	});
});

describe('a success by word', () => {
	const options: FetchOptions = {dialect: ietf({retention: DAY}), retry: 0};
	const ways: Array<[string, (shop: Shop) => Promise<void>]> = [
		['resolve()', async ({realm}) => realm(options).handle.resolve('succeeded')],
		[
			'reconcile, asked at the end of a loop',
			async shop => {
				shop.server.script(drop);
				await shop.realm({...options, reconcile: () => 'succeeded'}).pay();
			},
		],
	];

	test.each(ways)('of %s is kept as such and never fetched, here or after a reload', async (_, say) => {
		const shop = openShop();
		const {environment, server, realm, record} = shop;
		const buyer = realm(options);
		await pressed(shop, buyer);
		await environment.finish(say(shop));
		const {length} = server.requests;
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
		for (const {pay} of [buyer, realm(options), realm(options)])
			expect((await environment.finish(pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', attempts: 0});
		expect(server.requests).toHaveLength(length);
		expect(server.charges()).toBe(0);
	});

	test('gives way to the answer, which may be fetched again', async () => {
		const {environment, server, realm, record} = openShop();
		server.script(after(SECOND));
		const call = realm(options).pay();
		await environment.settle();
		environment.jump(2 * MINUTE);
		await realm(options).handle.resolve('succeeded');
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
		expect((await environment.finish(call)).outcome).toBe('succeeded');
		expect((await record())?.state).toEqual({status: 'succeeded', httpStatus: 201});
		expect(await environment.finish(realm(options).pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});

	test('does not give way to a refusal that comes late', async () => {
		const {environment, server, realm, record} = openShop();
		server.script(after(SECOND, answer(402, {'idempotent-replayed': 'true'})));
		const call = realm(options).pay();
		await environment.settle();
		environment.jump(2 * MINUTE);
		await realm(options).handle.resolve('succeeded');
		expect((await environment.finish(call)).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
	});
});
