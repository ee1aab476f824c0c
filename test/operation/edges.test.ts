import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {NotSentError, RefusedError} from '../../src/errors.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import {createFetchIn} from '../../src/fetch.ts';
import type {FetchOptions} from '../../src/options.ts';
import {contentKey} from '../../src/request/content-key.ts';
import {answer, drop, lose, swallow, unreachable, type Step} from '../support/fake-server.ts';
import {faulty} from './faulty-store.ts';
import {openShop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The effect takes place, and a second copy of the request is turned away in front of the server. */
function repeated(status: number): Step {
	return async ({serve}) => {
		await serve();
		return new Response(null, {status});
	};
}

describe('the error of another call tells nothing of this one', () => {
	const others: Array<[string, unknown]> = [
		['a refusal', new RefusedError({operation: ['other'], key: 'theirs', keyKept: false})],
		['one that was not sent', new NotSentError({operation: ['other']})],
		['an error that bears an answer', Object.assign(new Error('402'), {response: new Response(null, {status: 402})})],
	];

	test.each(others)('%s, as the reason of an abort', async (_, reason) => {
		for (const own of [{}, {idempotencyKey: 'own'}, {operation: true as const, idempotencyKey: 'own'}]) {
			const {environment, realm, server} = openShop();
			server.script(swallow);
			const leaving = new AbortController();
			const call = realm().pay({...own, signal: leaving.signal});
			await environment.settle();
			leaving.abort(reason);
			const report = await environment.finish(call);
			expect(report).toMatchObject({outcome: 'unknown', keyKept: true, error: {name: 'AbortError', cause: reason}});
		}
	});

	test.each(others)('%s, thrown by a fetch after the effect, or by attemptHeaders', async (_, error) => {
		const {environment, server, realm} = openShop();
		const fetch: FetchOptions['fetch'] = async (input, init) => {
			await server.fetch(input, init);
			throw error;
		};
		const attemptHeaders = () => {
			throw error;
		};
		for (const own of [{fetch}, {attemptHeaders}]) {
			const call = realm({...own, retry: 0}).pay({operation: true, idempotencyKey: 'own'});
			const report = await environment.finish(call);
			expect(report).toMatchObject({outcome: 'unknown', keyKept: true});
			expect(report.key).not.toBe('theirs');
		}
	});
});

test('a refusal by judge after an attempt in doubt settles nothing, nor does one of a key that others send', async () => {
	const judge = async (response: Response) => ((await response.text()).includes('UNAUTH') ? 'refused' : undefined);
	const {environment, realm, server} = openShop();
	const no = answer(200, {}, '{"errors":["UNAUTHENTICATED"]}');
	server.script(swallow, no);
	const {pay} = realm({timeout: 1_000, judge, retry: 1});
	expect(await environment.finish(pay())).toMatchObject({outcome: 'unknown', keyKept: true});
	expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
	server.script(no);
	const own = realm({judge}).pay({operation: ['other'], idempotencyKey: 'own'});
	expect((await environment.finish(own)).outcome).toBe('unknown');
	expect(server.charges()).toBe(1);
});

describe('what is asked before an attempt may take longer than its key lasts', () => {
	test('then it is not sent', async () => {
		const {environment, realm, server} = openShop();
		const attemptHeaders = async ({attempt}: {attempt: number}) => {
			if (attempt === 2) await new Promise<void>(done => environment.timer(done, 12_000));
			return {};
		};
		server.script(lose);
		const {pay} = realm({dialect: ietf({retention: 10_000}), attemptHeaders, timeout: 15_000});
		expect((await environment.finish(pay())).error).toMatchObject({reason: 'expired'});
		expect(server.requests).toHaveLength(1);
	});
});

describe('the age of a key that was turned away goes on', () => {
	test('of one that is derived, over other requests under the name', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({keyFrom: contentKey(), keySenders: 'this-store', retry: 0});
		const [one, two] = [{body: '{"cart":1}'}, {body: '{"cart":2}'}];
		server.script(repeated(401), unreachable);
		await environment.finish(pay(one));
		environment.jump(20 * HOUR);
		await environment.finish(pay(two));
		environment.jump(20 * HOUR);
		expect((await environment.finish(pay(one))).outcome).toBe('succeeded');
		expect(server.keys()[2]).not.toBe(server.keys()[0]);
	});

	test('of one that is derived, past its end: the next is derived from it', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({keyFrom: contentKey(), keySenders: 'this-store', retry: 0});
		server.script(repeated(401));
		await environment.finish(pay());
		environment.jump(2 * DAY);
		await environment.finish(pay());
		expect(new Set(server.keys()).size).toBe(2);
	});

	test('of an own one: past its end it is not sent, and is to be renewed', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({keySenders: 'this-store', retry: 0});
		server.script(repeated(401));
		await environment.finish(pay({idempotencyKey: 'order-42'}));
		environment.jump(2 * DAY);
		const report = await environment.finish(pay({idempotencyKey: 'order-42'}));
		expect(report).toMatchObject({outcome: 'not-sent', keyKept: false, error: {reason: 'expired'}});
		expect((await environment.finish(pay({idempotencyKey: 'order-43'}))).outcome).toBe('succeeded');
		expect(server.keys()).toEqual(['order-42', 'order-43']);
	});
});

test.each([419, 423, 428, 440, 498, 499])(
	'a %d is answered in front of the handler: the same request keeps its key',
	async status => {
		const {environment, realm, server} = openShop();
		server.script(repeated(status));
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'refused', keyKept: true});
		await environment.finish(realm().pay());
		expect(server.charges()).toBe(1);
	},
);

describe('resolve(), while this realm is at it', () => {
	test('is refused, also when its lease is over', async () => {
		const {environment, realm, server, store} = openShop();
		const disk = faulty(store);
		disk.deafens('claim');
		const page = realm({onStoreError: 'degrade', retry: 3, timeout: 20_000, totalTimeout: 90_000}, disk.over);
		server.script(swallow, swallow, swallow, swallow);
		const call = page.pay();
		await environment.advance(58_000);
		disk.mend();
		await expect(page.handle.resolve('refused')).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		await environment.finish(call);
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded'});
		expect(server.charges()).toBe(1);
	});
});

describe('clients of different configuration on one store', () => {
	test('one that goes on without it uses the key that another in this realm knows', async () => {
		for (const fail of [(disk: ReturnType<typeof faulty>) => disk.breaks('settle'), () => undefined]) {
			const {environment, realm, server, store} = openShop();
			const disk = faulty(store);
			const shared = {...store, durable: true, ...disk.over};
			const [careful, bold] = [
				realm({store: shared, retry: 0}),
				realm({store: shared, retry: 0, onStoreError: 'degrade'}),
			];
			server.script(async exchange => (fail(disk), lose(exchange)));
			await environment.finish(careful.pay());
			disk.breaks();
			await environment.finish(bold.pay());
			expect([new Set(server.keys()).size, server.charges()]).toEqual([1, 1]);
		}
	});
});

test('where a client is made nothing random is asked for: a Worker may not, outside of a request', () => {
	const {environment, store, server} = openShop();
	const uuid = () => {
		throw new Error('not in global scope');
	};
	const make = () =>
		createFetchIn({...environment, uuid}, {fetch: server.fetch, store, onStoreError: 'degrade', scope: null});
	expect(make).not.toThrow();
});

describe('what was sent without the store replaces no other key', () => {
	test.each([
		['of the same request, past its end', {}, 2 * DAY],
		['of another request', {body: '{"cart":43}'}, 0],
	])('that was turned away: %s', async (_, init, later) => {
		const {environment, realm, server, store, record} = openShop();
		const disk = faulty(store);
		disk.breaks();
		const page = realm({onStoreError: 'degrade', retry: 0}, disk.over);
		server.script(lose, repeated(401));
		await environment.finish(page.pay());
		await environment.finish(realm({retry: 0}).pay(init));
		const before = await record();
		environment.jump(later);
		disk.mend();
		expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final'});
		expect(page.types()).toContain('key-conflict');
		expect(await record()).toEqual(before);
	});
});

describe('an own key without a name, and a clock that cannot be right', () => {
	test('is not sent', async () => {
		const {environment, server, realm} = openShop();
		const since = environment.now();
		const {fetch} = realm();
		const post = async (made: number) =>
			outcomeOf(
				fetch('https://shop.test/orders', {
					method: 'POST',
					body: '1',
					operation: true,
					idempotencyKey: {key: 'k', since: made},
				}),
			);
		expect((await environment.finish(post(since))).outcome).toBe('succeeded');
		environment.jump(-3 * DAY);
		expect((await environment.finish(post(since))).error).toMatchObject({reason: 'clock', attempts: 0});
		expect(server.requests).toHaveLength(1);
	});
});

test('unfinished() tells what only this realm knows, whatever is done when the store fails', async () => {
	const {environment, realm, server, store} = openShop();
	const disk = faulty(store);
	// The data of the site has been cleared.
	const page = realm({retry: 0}, {...disk.over, list: async () => []});
	server.script(async exchange => (disk.breaks('claim', 'settle'), drop(exchange)));
	const {key} = await environment.finish(page.pay());
	expect(await unfinished(page.fetch)).toMatchObject([{key, operation: ['checkout', '42']}]);
});
