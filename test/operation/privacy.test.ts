import {expect, test} from 'vitest';
import type {OperationRecord} from '../../src/operation/record.ts';
import {after, swallow} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {openShop} from './shop.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const HOUR = 3_600_000;

test('what settles after a sign-out keeps no answer, at rest or in memory', async () => {
	const {environment, realm, server, record} = openShop();
	server.script(after(5_000));
	const page = realm({keepResponse: true});
	const call = page.pay();
	await environment.settle();
	await forgetAll(page.fetch);
	expect((await environment.finish(call)).outcome).toBe('succeeded');
	expect(await record()).toMatchObject({state: {status: 'succeeded'}});
	expect((await record())?.answer).toBeUndefined();
	expect(page.handle.outcome()).toBeUndefined();
	expect((await environment.finish(page.pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
});

test('an answer for those who wait goes within minutes, and never tells the query of its URL', async () => {
	const {environment, realm, server, record} = openShop();
	server.script(async exchange =>
		Object.defineProperty(await after(5_000)(exchange), 'url', {value: 'https://shop.test/orders?token=secret#top'}),
	);
	const [owner, waiting] = [realm(), realm()];
	const call = owner.pay();
	await environment.settle();
	const waits = waiting.pay();
	await environment.finish(Promise.all([call, waits]));
	expect((await record())?.answer).toMatchObject({url: 'https://shop.test/orders'});
	await environment.advance(3 * 60_000);
	expect((await record())?.answer).toBeUndefined();
});

test('many answers for those who wait go in one sweep a minute, and then no more are due', async () => {
	const {environment, realm, server, store} = openShop();
	let sweeps = 0;
	const owner = realm({}, {sweep: () => (sweeps++, store.sweep())});
	const waiting = realm();
	const operations = Array.from({length: 9}, (_, i): ['checkout', string] => ['checkout', `${i}`]);
	for (const operation of operations) {
		server.script(after(5_000));
		const call = owner.pay({operation});
		await environment.settle();
		await environment.finish(Promise.all([call, waiting.pay({operation})]));
		await environment.advance(10_000);
	}
	await environment.advance(3 * 60_000);
	expect((await store.list('')).map(({record}) => record.answer)).toEqual(operations.map(() => undefined));
	expect(sweeps).toBeLessThan(6);
	expect(environment.timers()).toBe(0);

	server.script(after(5_000));
	const call = owner.pay({operation: ['checkout', 'last']});
	await environment.settle();
	await environment.finish(Promise.all([call, waiting.pay({operation: ['checkout', 'last']})]));
	environment.jump(-100 * 24 * HOUR);
	await environment.advance(3 * 60_000);
	expect(environment.timers()).toBe(0);
});

test('one record that cannot be read, or dropped, keeps no others, and is the error', async () => {
	const {environment, realm, store} = openShop();
	const {fetch, pay} = realm(
		{},
		{
			async list(scope, name, open) {
				const listed = await store.list(scope, name, open);
				const broken = {version: 7} as unknown as OperationRecord;
				return name === undefined ? [{record: broken, now: environment.now()}, ...listed] : listed;
			},
			async forget(id, freeing) {
				if (id.name === '["checkout","stuck"]') throw new Error('disk full');
				return store.forget(id, freeing);
			},
		},
	);
	for (const id of ['stuck', '1', '2']) await environment.finish(pay({operation: ['checkout', id]}));
	await expect(environment.finish(forgetAll(fetch))).rejects.toMatchObject({code: 'STORE_FAILED'});
	const freed = (await store.list('')).map(({record}) => [record.name, record.freed]);
	expect(freed).toEqual([
		['["checkout","stuck"]', false],
		['["checkout","1"]', true],
		['["checkout","2"]', true],
	]);
});

test('thousands of records are forgotten in slices', async () => {
	const {environment, realm, store} = openShop();
	let atOnce = 0;
	let most = 0;
	const {fetch, pay} = realm(
		{},
		{
			async forget(id, freeing) {
				most = Math.max(most, ++atOnce);
				await Promise.resolve();
				atOnce--;
				return store.forget(id, freeing);
			},
		},
	);
	for (let i = 0; i < 450; i++) await environment.finish(pay({operation: ['checkout', `${i}`]}));
	await environment.finish(forgetAll(fetch));
	expect(most).toBeLessThanOrEqual(100);
	expect((await store.list('')).every(({record}) => record.freed)).toBe(true);
});

test('a request that was kept is not sent for another user', async () => {
	const {environment, realm, server} = openShop();
	let user = 'ann';
	const options = {keepRequest: true, scope: () => user};
	const time = virtualEnvironment(2);
	server.script(swallow);
	void realm(options, {}, time).pay();
	await time.settle();
	environment.jump(HOUR);
	const [found] = await unfinished(realm(options).fetch);
	user = 'bob';
	await expect(found?.resume?.()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 0});
	expect(server.requests).toHaveLength(1);
});

test('messages tell no query', async () => {
	const {fetch} = openShop().realm({fetch: undefined as never});
	const call = fetch('ftp://shop.test/orders?token=secret', {method: 'POST', body: '1', operation: 'pay'});
	await expect(call).rejects.toThrow(/^(?!.*secret).*ftp:\/\/shop\.test/);
});
