import {describe, expect, test} from 'vitest';
import type {Dialect} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {after, answer, hang, lose, unreachable} from '../support/fake-server.ts';
import {START} from '../support/virtual-environment.ts';
import {openShop} from './shop.ts';

const HOUR = 3_600_000;
/** Of a day, in milliseconds: what is not used of the retention that is assumed. */
const MARGIN = 864_000;

const made = (hoursAgo: number, key = 'order-42') => ({idempotencyKey: {key, since: START - hoursAgo * HOUR}});
const expired = {outcome: 'unknown', attempts: 0, error: {code: 'OUTCOME_UNKNOWN', reason: 'expired', expired: true}};

describe('an own key that says when it was made', () => {
	test('is sent while it is young, and its end is counted from then', async () => {
		const {environment, realm, record} = openShop();
		expect(await environment.finish(realm().pay(made(20)))).toMatchObject({outcome: 'succeeded', key: 'order-42'});
		expect((await record())?.keyUntil).toBe(START + 4 * HOUR - MARGIN);
	});

	test('is not sent once the server may have forgotten it: a server action that is pressed a day later', async () => {
		const {environment, realm, server, record} = openShop();
		expect(await environment.finish(realm().pay(made(24)))).toMatchObject(expired);
		expect(server.requests).toHaveLength(0);
		expect(await record()).toMatchObject({key: 'order-42', state: {status: 'unknown'}});
	});

	// Invariant 7
	test('is not sent by a clock that is behind its making: how old it is cannot be told then', async () => {
		const {environment, realm, server} = openShop();
		const behind = {outcome: 'unknown', attempts: 0, error: {reason: 'clock', expired: false}};
		expect(await environment.finish(realm().pay(made(-1)))).toMatchObject(behind);
		expect(server.requests).toHaveLength(0);
		environment.jump(HOUR);
		expect((await environment.finish(realm().pay(made(-1)))).outcome).toBe('succeeded');
	});

	test('is sent where clocks differ by no more than what is spared of the retention', async () => {
		const {environment, realm} = openShop();
		const since = START + MARGIN;
		const call = realm().pay({idempotencyKey: {key: 'order-42', since}});
		expect((await environment.finish(call)).outcome).toBe('succeeded');
	});

	test('nor by a process that finds no record of it', async () => {
		const [shop, elsewhere] = [openShop(), openShop()];
		shop.server.script(lose);
		await shop.environment.finish(shop.realm({retry: 0}).pay(made(0)));
		elsewhere.environment.jump(25 * HOUR);
		const {fetch} = shop.server;
		expect(await elsewhere.environment.finish(elsewhere.realm({fetch}).pay(made(0)))).toMatchObject(expired);
		expect(shop.server.charges()).toBe(1);
	});

	test.each([
		['succeeded', 'ALREADY_SUCCEEDED', true],
		['refused', 'REFUSED', false],
	] as const)('is %s where reconcile found that out, and nothing is sent', async (outcome, code, keyKept) => {
		const {environment, realm, server, record} = openShop();
		const report = await environment.finish(realm({reconcile: () => outcome}).pay(made(30)));
		expect(report).toMatchObject({outcome, error: {code}, keyKept, key: 'order-42'});
		expect((await record())?.state.status).toBe(outcome);
		expect(server.requests).toHaveLength(0);
	});

	test('is renewed once somebody found out that it was refused', async () => {
		const {environment, realm} = openShop();
		const {pay, handle} = realm();
		await environment.finish(pay(made(30)));
		await handle.resolve('refused');
		expect((await environment.finish(pay({idempotencyKey: 'order-43'}))).outcome).toBe('succeeded');
	});

	test.each<[string, Dialect, number, boolean]>([
		['within what is declared', ietf({retention: 3 * 24 * HOUR}), 48, true],
		['past what is declared', ietf({retention: HOUR}), 1, false],
	])('%s it is held against that', async (_, dialect, hours, sent) => {
		const {environment, realm, server} = openShop();
		const {outcome} = await environment.finish(realm({dialect}).pay(made(hours)));
		expect([outcome === 'succeeded', server.requests.length > 0]).toEqual([sent, sent]);
	});

	test('from the future limits nothing beyond the age of its record', async () => {
		const {environment, realm, record} = openShop();
		await environment.finish(realm().pay(made(-100)));
		expect((await record())?.keyUntil).toBe(START + 24 * HOUR - MARGIN);
	});

	test('in fractions of a millisecond is taken', async () => {
		const {environment, realm} = openShop();
		const idempotencyKey = {key: 'order-42', since: START - 0.5};
		expect(await environment.finish(realm().pay({idempotencyKey}))).toMatchObject({outcome: 'succeeded'});
	});
});

describe('the earlier of two ends counts', () => {
	test('that of the record, where the caller names a later one', async () => {
		const {environment, realm, server} = openShop();
		server.script(lose);
		await environment.finish(realm({retry: 0}).pay(made(20)));
		environment.jump(4 * HOUR);
		expect(await environment.finish(realm().pay(made(-4)))).toMatchObject(expired);
		expect(await environment.finish(realm().pay({idempotencyKey: 'order-42'}))).toMatchObject(expired);
		expect(server.requests).toHaveLength(1);
	});

	test('that of the caller, where the record has a later one', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(lose);
		await environment.finish(realm({retry: 0}).pay({idempotencyKey: 'order-42'}));
		const before = (await record())?.keyUntil;
		expect(await environment.finish(realm().pay(made(24)))).toMatchObject(expired);
		expect((await record())?.keyUntil).toBe(before);
		expect(server.requests).toHaveLength(1);
	});

	test('no attempt begins past it', async () => {
		const {environment, realm, server} = openShop();
		const since = START - 24 * HOUR + MARGIN + 50_000;
		server.script(...Array.from({length: 11}, () => answer(503)));
		const {pay} = realm({retry: {limit: 10, delay: () => 20_000, backoffLimit: 20_000}, totalTimeout: false});
		const report = await environment.finish(pay({idempotencyKey: {key: 'order-42', since}}));
		expect(report).toMatchObject({outcome: 'unknown', attempts: 3, error: {reason: 'expired', status: 503}});
		expect(server.requests).toHaveLength(3);
	});

	test('a success that is known is told, however old the key is', async () => {
		const {environment, realm, server} = openShop();
		await environment.finish(realm().pay(made(0)));
		const report = await environment.finish(realm().pay(made(48)));
		expect(report).toMatchObject({outcome: 'succeeded', error: {code: 'ALREADY_SUCCEEDED'}});
		expect(server.requests).toHaveLength(1);
	});
});

describe('others who send it at the same time', () => {
	test('a call that joins is told what the one is that it has joined, whatever it says of the age', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		const calls = [pay({idempotencyKey: 'order-42'}), pay(made(48)), pay(made(1))];
		const reports = await environment.finish(Promise.all(calls));
		expect(reports.map(({outcome}) => outcome)).toEqual(['succeeded', 'succeeded', 'succeeded']);
		expect(server.requests).toHaveLength(1);
	});

	test('a call that joins under another key is a TypeError', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		const [first, other] = await environment.finish(Promise.all([pay(made(1)), pay(made(1, 'order-43'))]));
		expect(first.outcome).toBe('succeeded');
		expect(other.error).toBeInstanceOf(TypeError);
		expect(server.keys()).toEqual(['order-42']);
	});

	test('who waits elsewhere with an older one takes the success, and sends nothing itself', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(5000));
		const first = realm().pay({idempotencyKey: 'order-42'});
		await environment.settle();
		const [, report] = await environment.finish(Promise.all([first, realm().pay(made(48))]));
		expect(report).toMatchObject({outcome: 'succeeded', replayed: true, attempts: 0});
		server.script(hang);
		expect(server.requests).toHaveLength(1);
	});

	test('who waits elsewhere with an older one sends nothing where the other came to no end', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(5000, answer(402)));
		const first = realm().pay({idempotencyKey: 'order-42'});
		await environment.settle();
		const [, report] = await environment.finish(Promise.all([first, realm().pay(made(48))]));
		expect(report).toMatchObject(expired);
		expect(server.requests).toHaveLength(1);
	});
});

describe('a key that is too old, where all senders claim it in this store', () => {
	const options = {keySenders: 'this-store', retry: 0} as const;

	test('ends not-sent: nothing was, by anybody', async () => {
		const {environment, realm, server, record} = openShop();
		const report = await environment.finish(realm(options).pay(made(24)));
		expect(report).toMatchObject({outcome: 'not-sent', attempts: 0, error: {code: 'NOT_SENT'}, keyKept: false});
		expect(String(report.error)).toContain('too old to be sent');
		expect((await record())?.state).toEqual({status: 'unprocessed'});
		expect(server.requests).toHaveLength(0);
	});

	test('is not sent later either, though it was turned away before', async () => {
		const {environment, realm, server} = openShop();
		server.script(unreachable);
		await environment.finish(realm(options).pay(made(20)));
		environment.jump(4 * HOUR);
		for (const init of [made(20), {...made(20), body: '{"cart":43}'}])
			expect(await environment.finish(realm(options).pay(init))).toMatchObject({outcome: 'not-sent', attempts: 0});
		expect(server.requests).toHaveLength(1);
	});
});
