import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {after, answer, drop, hang, ok, type Step} from '../support/fake-server.ts';
import {faulty} from './faulty-store.ts';
import {openShop} from './shop.ts';

const HOUR = 3_600_000;

function openPage(own: FetchOptions = {}) {
	const shop = openShop();
	const disk = faulty(shop.store);
	return {...shop, disk, page: shop.realm({retry: 0, ...own}, disk.over), other: shop.realm({retry: 0})};
}

describe('a verdict is told when the time of a caller ends, though the store hangs', () => {
	const saved: FetchOptions = {dialect: ietf({saves: 'errors'})};
	const verdicts: Array<[string, Step, object, FetchOptions]> = [
		['a success', ok, {outcome: 'succeeded', replayed: false}, {}],
		['a refusal that is saved', answer(402), {outcome: 'refused', keyKept: false}, saved],
		['a refusal', answer(402), {outcome: 'refused', keyKept: false}, {}],
		['what was turned away', answer(403), {outcome: 'refused', keyKept: true}, {}],
	];

	test.each(verdicts)('%s', async (_, step, told, own) => {
		const {environment, server, page, disk, record} = openPage(own);
		server.script(async exchange => (disk.hangs(), step(exchange)));
		const begun = environment.now();
		const call = page.pay({totalTimeout: 2_000});
		expect(await environment.finish(call)).toMatchObject({...told, attempts: 1});
		expect(environment.now() - begun).toBe(2_000);
		disk.mend();
		await environment.advance(HOUR);
		expect((await record())?.state.status).not.toBe('sending');
		expect(server.requests).toHaveLength(1);
	});

	test('to each caller that joined with the same request, and to no other', async () => {
		const {environment, server, page, disk} = openPage();
		server.script(async exchange => (disk.hangs(), after(100)(exchange)));
		const calls = [page.pay(), page.pay({body: '{"cart":43}'})];
		const hasty = page.pay({totalTimeout: 1_000});
		const [first, changed] = await environment.finish(Promise.all([...calls, hasty]));
		expect(first).toMatchObject({outcome: 'succeeded'});
		expect(changed?.error).toMatchObject({code: 'PAYLOAD_CHANGED'});
		expect(await hasty).toMatchObject({outcome: 'succeeded', attempts: 1});
	});

	test('who calls after all have been told so takes no part in that, and is told of an effect of before', async () => {
		const {environment, server, page, disk} = openPage();
		server.script(async exchange => (disk.hangs(), ok(exchange)));
		expect((await environment.finish(page.pay({totalTimeout: 2_000}))).replayed).toBe(false);
		await environment.advance(500);
		const later = page.pay();
		disk.mend();
		expect(await environment.finish(later)).toMatchObject({outcome: 'succeeded', replayed: true, attempts: 0});
		expect(page.types()).not.toContain('joined');
		expect(server.charges()).toBe(1);
	});

	test('what was found out, too', async () => {
		const {environment, server, page, disk} = openPage({reconcile: () => (disk.hangs(), 'succeeded')});
		server.script(drop);
		const {outcome, error} = await environment.finish(page.pay({totalTimeout: 2_000}));
		expect([outcome, (error as {code?: string}).code]).toEqual(['succeeded', 'ALREADY_SUCCEEDED']);
	});

	test('but no refusal once another may have taken over', async () => {
		const {environment, server, page, disk} = openPage();
		server.script(async exchange => (disk.hangs(), environment.jump(HOUR), answer(402)(exchange)));
		expect((await environment.finish(page.pay({totalTimeout: HOUR + 2_000}))).outcome).toBe('unknown');
	});
});

describe('what the store has not taken is written as soon as it does', () => {
	test('for as long as this realm lives', async () => {
		const {environment, page, disk, record, server} = openPage();
		server.script(async exchange => (disk.breaks(), answer(402)(exchange)));
		expect((await environment.finish(page.pay())).outcome).toBe('refused');
		await environment.advance(3 * HOUR);
		disk.mend();
		await environment.advance(30_000);
		expect((await record())?.state).toEqual({status: 'refused', httpStatus: 402});
		expect(environment.timers()).toBe(0);
	});

	test('once, however often it is pressed meanwhile', async () => {
		const {environment, page, disk} = openPage();
		await environment.finish(page.pay());
		await environment.finish(page.handle.complete());
		disk.breaks('settle');
		for (let presses = 0; presses < 5; presses++) await environment.finish(page.pay());
		expect(environment.timers()).toBe(1);
	});

	test('and holds no lease of others up, where it is taken and nobody hears of it', async () => {
		const {environment, server, page, other, disk} = openPage();
		server.script(async exchange => (disk.deafens('claim', 'settle'), disk.breaks('settle'), drop(exchange)));
		await environment.finish(page.pay());
		expect(await environment.finish(other.pay())).toMatchObject({outcome: 'succeeded'});
	});

	test('for a thousand operations, and those that only this realm knows', async () => {
		const {environment, page, disk, server} = openPage({onStoreError: 'degrade'});
		disk.breaks('claim', 'settle');
		server.script(drop);
		const pay = async (id: string) => environment.finish(page.pay({operation: ['checkout', id]}));
		const {key} = await pay('open');
		await pay('paid');
		for (let i = 0; i < 1_000; i++) await pay(`${i}`);
		disk.breaks('list');
		expect(await pay('open')).toMatchObject({key, outcome: 'succeeded'});
		expect(environment.timers()).toBeLessThan(1_010);
	}, 60_000);
});

describe('two processes tell the same in the end, where the store of one failed', () => {
	const refusals: Array<[string, string, FetchOptions]> = [
		['a refusal that is saved stands, whoever asked after it', 'refused', {dialect: ietf({saves: 'errors'})}],
		['one that an attempt of the other may contradict is not told any more', 'unknown', {}],
	];

	describe.each(['hangs', 'breaks'] as const)('the store %s', fault => {
		test.each(refusals)('%s', async (_, status, own) => {
			const {environment, server, page, disk, record, realm} = openPage(own);
			const other = realm({retry: 0, ...own});
			server.script(async exchange => (disk[fault](), answer(402)(exchange)), drop);
			expect((await environment.finish(page.pay({totalTimeout: 2_000}))).outcome).toBe('refused');
			expect((await environment.finish(other.pay({totalTimeout: HOUR}))).outcome).toBe('unknown');
			disk.mend();
			await environment.advance(60_000);
			expect((await record())?.state.status).toBe(status);
			const looks = [page.handle, other.handle].map(handle => handle.subscribe(() => undefined));
			await environment.advance(1_000);
			expect([page.handle.state.status, other.handle.state.status]).toEqual([status, status]);
			for (const stop of looks) stop();
		});
	});
});

describe('what is thrown before anything is sent is a mistake, and was not sent', () => {
	/** Right for the key that it is tried with. */
	const mistake = (key: string) => {
		if (key.startsWith('0000')) return key;
		throw new TypeError('a mistake');
	};
	const split = (key: string) => (key.startsWith('0000') ? key : 'a\nb');
	const mistakes: Array<[string, FetchOptions, CallOptions]> = [
		['by formatKey', {dialect: {...ietf(), formatKey: mistake}}, {}],
		['by a formatKey that gives no header', {dialect: {...ietf(), formatKey: split}}, {}],
		['by attemptHeaders that give no headers', {attemptHeaders: () => ({'a b': 'c'})}, {}],
	];

	test.each(mistakes)('%s', async (_, own, call) => {
		const {environment, server, page, record} = openPage(own);
		const {error} = await environment.finish(page.pay(call));
		expect(error).toBeInstanceOf(TypeError);
		expect((await record())?.state.status).toBe('unprocessed');
		expect(page.handle.state.status).toBe('not-sent');
		expect(server.requests).toHaveLength(0);
	});

	test.each(mistakes)('%s, after an attempt of before: that stays unknown', async (_, own, call) => {
		const {environment, server, page, other} = openPage(own);
		server.script(drop);
		await environment.finish(other.pay());
		const {outcome, error} = await environment.finish(page.pay(call));
		expect([outcome, (error as {code: string}).code]).toEqual(['unknown', 'OUTCOME_UNKNOWN']);
		expect(server.requests).toHaveLength(1);
	});

	test('what a scope throws that is read again before an attempt', async () => {
		let calls = 0;
		const {environment, server, page} = openPage({
			scope: () => {
				if (++calls > 1) throw new Error('the session is gone');
				return 'ann';
			},
		});
		const {outcome} = await environment.finish(page.pay());
		expect(outcome).toBe('not-sent');
		expect(server.requests).toHaveLength(0);
	});
});

describe('a body that takes longer than the call has', () => {
	const never = () => new ReadableStream({pull: async () => new Promise(() => undefined)});
	const slow = {body: never(), duplex: 'half'} as RequestInit;

	test.each<[string, CallOptions]>([
		['a named call', {}],
		['a call by its content', {operation: true}],
		['a call under its own key', {operation: true, idempotencyKey: 'order-42'}],
	])('is not sent: %s', async (_, call) => {
		const {environment, server, page, record} = openPage();
		const {outcome, error, keyKept} = await environment.finish(
			page.pay({...slow, body: never(), ...call, totalTimeout: 3_000}),
		);
		expect({outcome, keyKept, code: (error as {code: string}).code}).toEqual({
			outcome: 'not-sent',
			keyKept: true,
			code: 'NOT_SENT',
		});
		expect([server.requests.length, await record()]).toEqual([0, undefined]);
	});

	test('holds up nobody who joined, once its caller has left', async () => {
		const {environment, server, page} = openPage();
		const leaving = new AbortController();
		const first = page.pay({...slow, body: never(), signal: leaving.signal});
		const joined = page.pay();
		await environment.advance(1_000);
		leaving.abort();
		expect(await environment.finish(joined)).toMatchObject({outcome: 'succeeded'});
		expect((await first).error).toMatchObject({name: 'AbortError'});
		expect(server.requests).toHaveLength(1);
	});
});

describe('Retry-After beyond what is waited for', () => {
	const asks: Array<[string, number, string, object]> = [
		['503', 503, '3600', {outcome: 'unknown'}],
		['429', 429, '31', {outcome: 'refused', keyKept: true}],
		['409 of one in progress', 409, '86400', {outcome: 'unknown'}],
	];

	test.each(asks)(
		'ends the call at once, with the answer, and a handle tells when: %s',
		async (_, status, seconds, told) => {
			const {environment, server, page} = openPage({retry: {limit: 3}});
			server.script(answer(status, {'retry-after': seconds}));
			const begun = environment.now();
			const {response, ...report} = await environment.finish(page.pay());
			expect(report).toMatchObject({...told, attempts: 1});
			expect([response?.status, response?.headers.get('retry-after')]).toEqual([status, seconds]);
			expect(environment.now()).toBe(begun);
			expect(page.handle.state).toMatchObject({status: report.outcome, retryAt: begun + Number(seconds) * 1_000});
		},
	);

	test('a handle goes on to tell when, though somebody looks at the store again', async () => {
		const {environment, server, page} = openPage({retry: {limit: 3}});
		server.script(answer(503, {'retry-after': '3600'}));
		await environment.finish(page.pay());
		const told = page.handle.state;
		const stop = page.handle.subscribe(() => undefined);
		await environment.advance(1_000);
		expect(page.handle.state).toBe(told);
		stop();
	});

	test('beyond the time of the call, too', async () => {
		const {environment, server, page} = openPage({retry: {limit: 3}, totalTimeout: 10_000});
		server.script(answer(503, {'retry-after': '15'}));
		const begun = environment.now();
		expect((await environment.finish(page.pay())).attempts).toBe(1);
		expect(page.handle.state).toMatchObject({status: 'unknown', retryAt: begun + 15_000});
	});

	test('that leaves no time for another attempt, too', async () => {
		const {environment, server, page} = openPage({retry: {limit: 3}, totalTimeout: 15_000});
		server.script(answer(503, {'retry-after': '15'}));
		const begun = environment.now();
		expect((await environment.finish(page.pay())).attempts).toBe(1);
		expect(environment.now()).toBe(begun);
		expect(page.handle.state).toMatchObject({status: 'unknown', retryAt: begun + 15_000});
	});

	test('is not told any more where another has succeeded meanwhile', async () => {
		const {environment, server, page, other} = openPage({retry: {limit: 3}, totalTimeout: 3 * HOUR});
		server.script(async exchange => {
			environment.jump(HOUR);
			await other.pay();
			return answer(503, {'retry-after': '3600'})(exchange);
		});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded'});
		expect(page.handle.state.retryAt).toBeUndefined();
	});

	test('is waited for up to that, and then nothing is due any more', async () => {
		const {environment, server, page} = openPage({retry: {limit: 3}});
		server.script(answer(503, {'retry-after': '30'}));
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(page.handle.state.retryAt).toBeUndefined();
	});

	test('polls for one in progress have a floor', async () => {
		const {environment, server, page} = openPage({totalTimeout: 10_000});
		server.script(...Array.from({length: 100}, () => answer(409, {'retry-after': '0'})));
		await environment.finish(page.pay());
		expect(server.requests.length).toBeLessThanOrEqual(20);
	});
});

test('an abort before the call was not sent', async () => {
	const {environment, server, page, record} = openPage();
	const reason = new Error('never mind');
	const report = await environment.finish(page.pay({signal: AbortSignal.abort(reason)}));
	expect(report).toMatchObject({outcome: 'not-sent', error: reason, keyKept: true});
	expect([server.requests.length, await record()]).toEqual([0, undefined]);
	server.script(hang);
	const leaving = new AbortController();
	const call = page.pay({signal: leaving.signal});
	await environment.settle();
	leaving.abort(reason);
	const [begun, later] = await environment.finish(Promise.all([call, page.pay({signal: leaving.signal})]));
	expect([begun.outcome, later.outcome]).toEqual(['unknown', 'unknown']);
});
