import {describe, expect, test} from 'vitest';
import {environment as realEnvironment, type Environment} from '../../src/environment.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {FetchOptions} from '../../src/options.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {eventually} from '../support/eventually.ts';
import {
	hushed,
	inMemory,
	nodeGuards,
	overDatabase,
	startGuarded,
	type Guard,
	type GuardedShop,
	type Made,
} from './npm-guards.ts';
import {gate, realm, uuid} from './realm.ts';

// Real servers with the guards that people put before their own back ends.

const body = '{"amount":1}';
const order = {method: 'POST', body, headers: {'content-type': 'application/json'}, operation: 'pay'} as const;
const guards = [inMemory, ...nodeGuards];
const paid = (id: number): Made => ({status: 201, body: {id}});
const declined = (): Made => ({status: 402, body: {error: 'card_declined'}});

/** What has to be waited for comes at once; what takes 4321 ms, by hand. */
function handClock() {
	const due = new Set<() => void>();
	const timer: Environment['timer'] = (callback, ms, holds) => {
		if (ms !== 4321) return realEnvironment.timer(callback, ms <= 5_000 ? 1 : ms, holds);
		due.add(callback);
		return () => due.delete(callback);
	};
	return {
		timer,
		async timeOut() {
			await eventually(() => expect(due.size).toBe(1));
			for (const callback of due) callback();
		},
	};
}

function client(server: GuardedShop, {dialect}: Guard, options: FetchOptions = {}, clock = handClock()) {
	const {fetch, events} = realm({dialect, timeout: 4321, ...options}, clock);
	return {
		...clock,
		events,
		pay: async (init: RequestInit & {idempotencyKey?: string} = {}) =>
			outcomeOf(fetch(`${server.origin}/pay`, {...order, ...init})),
	};
}

describe('the answer is lost after the effect', () => {
	test.each(guards)('$name: one effect, and the answer comes again', async guard => {
		await using server = await startGuarded(guard, paid);
		server.loseAnswers(1);
		const {outcome, response, attempts} = await client(server, guard).pay();
		expect([outcome, response?.status, attempts]).toEqual(['succeeded', 201, 2]);
		expect(await response?.json()).toEqual({id: 1});
		expect(server.effects()).toBe(1);
		expect(server.keys).toEqual([uuid, server.keys[0]]);
	});

	test.each(nodeGuards)('$name keeps a decline, which is refused', async guard => {
		await using server = await startGuarded(guard, declined);
		server.loseAnswers(1);
		expect(await client(server, guard).pay()).toMatchObject({outcome: 'refused', attempts: 2, replayed: true});
		expect(server.effects()).toBe(1);
	});

	test('express-idempotency keeps no decline: it is asked twice, and the outcome unknown', async () => {
		await using server = await startGuarded(inMemory, declined);
		server.loseAnswers(1);
		expect(await client(server, inMemory).pay()).toMatchObject({outcome: 'unknown', keyKept: true});
		expect(server.effects()).toBe(2);
	});
});

describe('a 500 comes after the effect', () => {
	const failing = (effects: number): Made => (effects === 1 ? {status: 500, body: {error: 'failed'}} : paid(effects));

	test.each(nodeGuards)('$name keeps it: one effect, and the outcome is unknown', async guard => {
		await using server = await startGuarded(guard, failing);
		expect(await client(server, guard).pay()).toMatchObject({outcome: 'unknown', keyKept: true});
		expect(server.effects()).toBe(1);
	});

	test('express-idempotency frees the key: two effects', async () => {
		await using server = await startGuarded(inMemory, failing);
		expect(await client(server, inMemory).pay()).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(server.effects()).toBe(2);
	});
});

describe('the first request is still being worked on', () => {
	async function waiting(guard: Guard) {
		const {opened, open} = gate();
		const server = await startGuarded(guard, async id => opened.then(() => paid(id)));
		const {pay, timeOut, events} = client(server, guard);
		const report = pay();
		await eventually(() => expect(server.effects()).toBe(1));
		await timeOut();
		return {server, open, report, events};
	}

	test.each(guards)('$name: it is waited for, and there is one effect', async guard => {
		const {server: started, open, report, events} = await waiting(guard);
		await using server = started;
		await eventually(() =>
			expect(events.filter(it => it.type === 'wait' && it.why === 'in-progress').length).toBeGreaterThan(3),
		);
		open();
		const {outcome, response} = await report;
		expect([outcome, await response?.json()]).toEqual(['succeeded', {id: 1}]);
		expect(server.effects()).toBe(1);
		expect(new Set(server.keys).size).toBe(1);
	});

	test('express-idempotency in production, whose 409 says nothing: it is asked for a while, and then the outcome is unknown', async () => {
		const {server: started, open, report} = await waiting(hushed);
		await using server = started;
		expect(await report).toMatchObject({outcome: 'unknown', keyKept: true});
		expect(server.effects()).toBe(1);
		open();
	});
});

describe('twenty at once, each of another process', () => {
	const twenty = async (guard: Guard) => {
		const idempotencyKey = '8e03978e-40d5-43e8-bc93-6894a57f9324';
		const {opened, open} = gate();
		const server = await startGuarded(guard, async id => opened.then(() => paid(id)));
		const clients = Array.from({length: 20}, () => client(server, guard));
		const reports = clients.map(async ({pay}) => pay({idempotencyKey}));
		await eventually(() => expect(server.keys.length).toBeGreaterThanOrEqual(20));
		open();
		return {server, reports: await Promise.all(reports)};
	};

	test.each(guards)('$name: one effect, and twenty times its answer', async guard => {
		const {server: started, reports} = await twenty(guard);
		await using server = started;
		const told = await Promise.all(reports.map(async ({outcome, response}) => [outcome, await response?.json()]));
		expect(told).toEqual(Array.from({length: 20}, () => ['succeeded', {id: 1}]));
		expect(server.effects()).toBe(1);
	});

	test('express-idempotency over a database looks before it writes: twenty effects', async () => {
		const {server: started, reports} = await twenty(overDatabase(20));
		await using server = started;
		expect(reports.map(({outcome}) => outcome)).toEqual(Array.from({length: 20}, () => 'succeeded'));
		expect(server.effects()).toBe(20);
	});

	test.each([...guards, overDatabase(1)])('$name: of one process it is one request', async guard => {
		await using server = await startGuarded(guard, paid);
		const {pay} = client(server, guard);
		const reports = await Promise.all(Array.from({length: 20}, async () => pay()));
		expect(new Set(reports.map(({outcome}) => outcome))).toEqual(new Set(['succeeded']));
		expect([server.keys.length, server.effects()]).toEqual([1, 1]);
	});
});

/** Nobody else sends its keys. */
const sole = (): FetchOptions => ({keySenders: 'this-store', store: {...memoryStore(), durable: true}});

describe('another payload under a key that the server knows', () => {
	const idempotencyKey = '8e03978e-40d5-43e8-bc93-6894a57f9324';

	test.each([...guards, hushed])('$name: is key reuse, and nothing happens', async guard => {
		await using server = await startGuarded(guard, paid);
		await client(server, guard).pay({idempotencyKey});
		const other = client(server, guard, sole());
		const report = await other.pay({idempotencyKey, body: '{"amount":2}'});
		expect(report).toMatchObject({outcome: 'mismatched', error: {code: 'KEY_REUSED'}});
		expect(server.effects()).toBe(1);
	});

	test.each([...guards, hushed])(
		'$name: is unknown, where somebody else may have sent this one before',
		async guard => {
			await using server = await startGuarded(guard, paid);
			await client(server, guard).pay({idempotencyKey});
			const report = await client(server, guard).pay({idempotencyKey, body: '{"amount":2}'});
			expect(report).toMatchObject({outcome: 'unknown', keyKept: true});
			expect(server.effects()).toBe(1);
		},
	);

	async function meanwhile(guard: Guard) {
		const {opened, open} = gate();
		await using server = await startGuarded(guard, async id => opened.then(() => paid(id)));
		const first = client(server, guard).pay({idempotencyKey});
		await eventually(() => expect(server.effects()).toBe(1));
		const other = client(server, guard, sole());
		const report = other.pay({idempotencyKey, body: '{"amount":2}'});
		await eventually(() => expect(other.events.map(({type}) => type)).toContain('answer'));
		open();
		return {first: await first, other: await report, effects: server.effects()};
	}

	test('express-idempotency: is key reuse while the first is worked on, too', async () => {
		const {first, other, effects} = await meanwhile(inMemory);
		expect([first.outcome, other.outcome, effects]).toEqual(['succeeded', 'mismatched', 1]);
	});

	test.each(nodeGuards)('$name: is waited for while the first is worked on, and then unknown', async guard => {
		const {first, other, effects} = await meanwhile(guard);
		expect([first.outcome, other.outcome, effects]).toEqual(['succeeded', 'unknown', 1]);
	});
});
