import {describe, expect, test} from 'vitest';
import type {LatchkeyEvent} from '../../src/events.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {Store} from '../../src/stores/store.ts';
import {after, answer, drop, hang, ok, swallow, type Step} from '../support/fake-server.ts';
import {gate, OPERATION, openShop, type Realm} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const HOUR = 3_600_000;

function timesOf({events}: Realm, type: LatchkeyEvent['type']): number[] {
	return events.filter(event => event.type === type).map(({at}) => at);
}

describe('waiting-elsewhere', () => {
	test('is told once, when the wait begins, however often it is looked at again', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(15_000));
		const owner = realm();
		const call = owner.pay();
		await environment.advance(1_000);
		const began = environment.now();
		const waiter = realm();
		const [report] = await environment.finish(Promise.all([waiter.pay(), call]));
		expect(report.outcome).toBe('succeeded');
		expect(timesOf(waiter, 'waiting-elsewhere')).toEqual([began]);
		expect(waiter.types()).toEqual(['waiting-elsewhere', 'settled']);
		expect(owner.types()).not.toContain('waiting-elsewhere');
	});

	test('is told once for all who wait in one realm, and to each client that waits', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(5_000));
		const call = realm().pay();
		await environment.settle();
		const waiters = [realm(), realm()];
		await environment.finish(Promise.all([call, ...waiters.flatMap(({pay}) => [pay(), pay()])]));
		for (const waiter of waiters) expect(waiter.types()).toEqual(['joined', 'waiting-elsewhere', 'settled']);
	});

	test('is told by who waits again after it was overtaken, once more', async () => {
		const {environment, realm, server} = openShop();
		const page = realm({timeout: 60_000, totalTimeout: false});
		const other = realm({timeout: false, totalTimeout: false});
		const overtaken = gate();
		server.script(async exchange => {
			await overtaken.opened;
			return drop(exchange);
		}, after(20_000));
		const call = page.pay();
		await environment.settle();
		environment.jump(HOUR);
		const theirs = other.pay();
		await environment.settle();
		overtaken.open();
		expect(await environment.finish(Promise.all([call, theirs]))).toMatchObject([
			{outcome: 'succeeded', attempts: 1},
			{outcome: 'succeeded', attempts: 1},
		]);
		expect(page.types()).toEqual(['attempt', 'answer', 'wait', 'lease-lost', 'waiting-elsewhere', 'settled']);
	});

	test('is told, too, where the first key that was offered had been used', async () => {
		const {environment, realm, server, store} = openShop();
		const own = {keyFrom: ({previousKey = ''}) => `${previousKey}+`, keySenders: 'this-store'} as const;
		const other = realm(own);
		await environment.finish(other.pay());
		await other.handle.complete();
		const begun = gate();
		server.script(async exchange => {
			begun.open();
			return after(5_000)(exchange);
		});
		let call: Promise<unknown> | undefined;
		const waiter = realm(own, {
			async claim(id, claim) {
				const result = await store.claim(id, claim);
				// Another tab begins between the key that was used and the next one.
				call ??= other.pay();
				await begun.opened;
				return result;
			},
		});
		const report = await environment.finish(waiter.pay());
		await environment.finish(call!);
		expect(report).toMatchObject({outcome: 'succeeded', attempts: 0, key: '++'});
		expect(waiter.types()).toEqual(['waiting-elsewhere', 'settled']);
		expect(server.charges()).toBe(2);
	});

	test('is not told by who finds nobody at it', async () => {
		const {environment, realm, server} = openShop();
		server.script(swallow);
		void realm().pay();
		await environment.settle();
		environment.jump(HOUR);
		const page = realm();
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(page.types()).toEqual(['taken-over', 'attempt', 'answer', 'settled']);
	});
});

describe('preflight-suspected', () => {
	const cases: Array<[string, string, Step[], number]> = [
		['is told once, at the first attempt, however many fail', 'https://other.test/', [drop, drop, drop, drop], 1],
		['is told of a first attempt that fails, though the second succeeds', 'https://other.test/', [drop, ok], 1],
		['is not told where the first attempt was answered', 'https://other.test/', [answer(503), drop, drop, drop], 0],
		['is not told of an answer', 'https://other.test/', [answer(503), ok], 0],
		['is not told at the same origin', 'https://shop.test/', [drop, drop, drop, drop], 0],
	];
	test.each(cases)('%s', async (_, base, steps, count) => {
		const {environment, realm, server} = openShop();
		environment.base = base;
		server.script(...steps);
		const page = realm();
		await environment.finish(page.pay());
		const told = page.events.flatMap(event => (event.type === 'preflight-suspected' ? [event] : []));
		expect(told).toHaveLength(count);
		expect(
			page
				.types()
				.filter(type => type !== 'wait')
				.slice(0, 1 + count),
		).toEqual(['attempt', 'preflight-suspected'].slice(0, 1 + count));
		for (const event of told)
			expect(event).toMatchObject({header: 'Idempotency-Key', operation: OPERATION, key: server.keys()[0]});
	});

	test('is told of a call without a name, too', async () => {
		const {environment, realm, server} = openShop();
		environment.base = 'https://other.test/';
		server.script(drop, drop);
		const page = realm();
		await environment.finish(page.pay({operation: true}));
		expect(page.types().filter(type => type === 'preflight-suspected')).toHaveLength(1);
	});
});

describe('a caller whose time is over', () => {
	const text =
		'Operation checkout/42 may have taken effect; do not report it as failed. ' +
		'Calling it again is safe where the server honours keys.';

	test.each(['first', 'joiner'])('is told the name of the operation: the %s', async who => {
		const {environment, realm, server} = openShop();
		server.script(hang);
		const {pay} = realm();
		const hasty = {totalTimeout: 1_000};
		const calls = who === 'first' ? [pay(hasty), pay()] : [pay(), pay(hasty)];
		const {error, operation, key, attempts} = await environment.finish(calls[who === 'first' ? 0 : 1]!);
		expect(error).toMatchObject({name: 'OutcomeUnknownError', message: text, cause: {name: 'TimeoutError'}});
		expect({operation, key, attempts}).toEqual({operation: OPERATION, key: server.keys()[0], attempts: 1});
	});

	test('who joined a call whose body is still being read is told it, and that nothing was sent', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		const body = new ReadableStream({pull: async () => new Promise<void>(() => undefined)});
		void pay({body, duplex: 'half'} as RequestInit);
		const {outcome, error} = await environment.finish(pay({totalTimeout: 1_000}));
		expect(outcome).toBe('not-sent');
		expect(String(error)).toMatch(/^NotSentError: Operation checkout\/42 did not reach the server/);
		expect(server.requests).toHaveLength(0);
	});
});

describe('working, in unfinished()', () => {
	/** A call that is never answered, seen by another realm. `gone`: what is known of its owner. */
	async function seen(presence: Store['presence'], step: Step = hang) {
		const shop = openShop();
		shop.server.script(step);
		void shop.realm({retry: 0}).pay();
		await shop.environment.settle();
		const watcher = shop.realm({}, presence ? {presence} : {});
		const working = async () => {
			const found = await shop.environment.finish(unfinished(watcher.fetch));
			return found.map(one => one.working);
		};
		return {...shop, working};
	}

	const hold = () => () => undefined;
	const present = {hold, gone: async () => new Promise<void>(() => undefined)};
	const gone = {hold, gone: async () => undefined};

	test('lasts as long as the presence of its owner, within its lease', async () => {
		const {environment, working, record} = await seen(present);
		expect(await working()).toEqual([true]);
		environment.jump((await record())!.leaseUntil - environment.now() - 1);
		expect(await working()).toEqual([true]);
		environment.jump(1);
		expect(await working()).toEqual([false]);
	});

	test('is over as soon as its owner is gone, however long its lease is', async () => {
		const {working} = await seen(gone);
		expect(await working()).toEqual([false]);
	});

	test('goes by the lease alone where nothing tells who is there', async () => {
		const {environment, working, record} = await seen(undefined);
		environment.jump((await record())!.leaseUntil - environment.now() - 1);
		expect(await working()).toEqual([true]);
		environment.jump(1);
		expect(await working()).toEqual([false]);
	});

	test('is not said of what nobody is at', async () => {
		const {working} = await seen(present, drop);
		expect(await working()).toEqual([false]);
	});
});

describe('outcomeOf a call without a key goes by the status alone', () => {
	test.each([
		[200, 'succeeded'],
		[204, 'succeeded'],
		[299, 'succeeded'],
		[302, 'unknown'],
		[400, 'refused'],
		[404, 'refused'],
		[408, 'unknown'],
		[499, 'refused'],
		[500, 'unknown'],
		[503, 'unknown'],
	])('%i: %s', async (status, outcome) => {
		const {realm, server} = openShop();
		server.script(answer(status));
		const {fetch} = realm();
		const report = await outcomeOf(fetch('https://shop.test/orders', {method: 'POST'}));
		const nothing = {operation: undefined, key: undefined, attempts: 0, replayed: false, keyKept: true};
		expect(report).toEqual({outcome, error: undefined, response: expect.any(Response) as unknown, ...nothing});
		expect(report.response?.status).toBe(status);
	});

	test('of a failure nothing is known', async () => {
		const {realm, server} = openShop();
		server.script(drop);
		const report = await outcomeOf(realm().fetch('https://shop.test/orders', {method: 'POST'}));
		expect(report).toMatchObject({outcome: 'unknown', response: undefined, error: {message: 'fetch failed'}});
	});
});
