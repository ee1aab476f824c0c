import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createClient} from 'redis';
import {
	headerId,
	MessageBusyError,
	PoisonMessageError,
	type DeadLetter,
	type LeasedDelivery,
	type LeaseOptions,
	type Message,
} from '../../src/consumer/index.ts';
import {onceOnly} from '../../src/consumer/index.ts';
import {onceOnlyIn} from '../../src/consumer/once-only.ts';
import type {EntryStore} from '../../src/server/entry.ts';
import {memoryEntries} from '../../src/server/index.ts';
import {memoryEntriesIn} from '../../src/server/memory.ts';
import {redisEntries} from '../../src/server/redis.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {anyRedis} from '../support/redis-server.ts';

const message = (id: string, value = id, key?: string): Message => ({headers: {'message-id': id}, value, key});
const common = {consumer: 'billing', id: headerId('message-id'), maxAttempts: 2};

/** What every store of entries has to do for a consumer. */
function leaseTests(makeStore: () => EntryStore): void {
	function consumerOf(options: Partial<LeaseOptions> = {}) {
		const failing = new Set<string>();
		const effects: string[] = [];
		const attempts: number[] = [];
		const store = makeStore();
		const consume = onceOnly(
			async ({message: {value}, attempt}) => {
				attempts.push(attempt);
				if (failing.has(String(value))) throw new RangeError(`cannot do ${String(value)}`);
				effects.push(String(value));
			},
			{store, ...common, ...options},
		);
		return {consume, failing, effects, attempts, store};
	}

	test('a message takes effect once, and consumers have their own', async () => {
		const {consume, effects, store} = consumerOf();
		expect(await consume(message('a'))).toEqual({status: 'processed', attempt: 1});
		expect(await consume(message('a'))).toEqual({status: 'duplicate'});
		const other = onceOnly(() => void effects.push('other'), {store, ...common, consumer: 'other'});
		await other(message('a'));
		expect(effects).toEqual(['a', 'other']);
	});

	test('of 20 at once one runs, and none of the others is to be acknowledged', async () => {
		const {consume, effects} = consumerOf();
		const all = await Promise.allSettled(Array.from({length: 20}, async () => consume(message('a'))));
		expect(effects).toEqual(['a']);
		const rejected = all.filter(it => it.status === 'rejected');
		expect(rejected.every(({reason}) => reason instanceof MessageBusyError)).toBe(true);
		expect(all.filter(it => it.status === 'fulfilled' && it.value.status === 'processed')).toHaveLength(1);
	});

	test('another payload is refused, while the first runs, has failed and is done', async () => {
		const {consume, failing} = consumerOf();
		const reused = {code: 'MESSAGE_ID_REUSED'};
		failing.add('1');
		await expect(consume(message('a', '1'))).rejects.toThrow(RangeError);
		await expect(consume(message('a', '2'))).rejects.toMatchObject(reused);
		failing.clear();
		await consume(message('a', '1'));
		await expect(consume(message('a', '2'))).rejects.toMatchObject(reused);
	});

	test('attempts are counted over redeliveries, and poison stops', async () => {
		const letters: DeadLetter[] = [];
		const {consume, failing, attempts, effects} = consumerOf({deadLetter: letter => void letters.push(letter)});
		failing.add('a');
		await expect(consume(message('a'))).rejects.toThrow(RangeError);
		await expect(consume(message('a'))).rejects.toThrow(PoisonMessageError);
		await expect(consume(message('a'))).rejects.toThrow(PoisonMessageError);
		expect(letters).toMatchObject([{id: 'a', attempts: 2}]);
		failing.clear();
		expect(await consume(message('a'))).toEqual({status: 'processed', attempt: 4});
		expect(await consume(message('a'))).toEqual({status: 'duplicate'});
		expect([attempts, effects]).toEqual([[1, 2, 3, 4], ['a']]);
	});

	test('poison is skipped, and redriven', async () => {
		const letters: DeadLetter[] = [];
		const {consume, failing} = consumerOf({
			onPoison: 'skip',
			maxAttempts: 1,
			deadLetter: letter => void letters.push(letter),
		});
		failing.add('a');
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		expect(letters).toHaveLength(1);
		failing.clear();
		expect(await consume.redrive('a')).toBe(true);
		expect(await consume(message('a'))).toEqual({status: 'processed', attempt: 1});
		expect(await consume.redrive('a')).toBe(false);
		expect(await consume.skip('a')).toBe(false);
	});

	test('batches keep the order of a key', async () => {
		const {consume, failing, effects} = consumerOf();
		failing.add('b');
		const batch = [message('a', 'a', 'k'), message('b', 'b', 'k'), message('c', 'c', 'k'), message('d')];
		const results = await consume.batch(batch);
		expect(results.map(({status}) => status)).toEqual(['processed', 'failed', 'held', 'processed']);
		failing.clear();
		await consume.batch(batch);
		expect(effects).toEqual(['a', 'd', 'b', 'c']);
	});
}

describe('in memory', () => {
	leaseTests(memoryEntries);
});

describe('on Redis', () => {
	let redis: Awaited<ReturnType<typeof anyRedis>>;
	let client: ReturnType<typeof createClient>;
	beforeAll(async () => {
		redis = await anyRedis();
		client = createClient({url: redis.url});
		await client.connect();
	});
	afterAll(async () => {
		client.destroy();
		await redis.close();
	});
	leaseTests(() => redisEntries({client, prefix: redis.freshPrefix()}));
});

describe('as time passes', () => {
	function timed() {
		const environment = virtualEnvironment();
		const store = memoryEntriesIn(environment);
		const events: string[] = [];
		const of = (handler: (delivery: LeasedDelivery) => Promise<void>, options: Partial<LeaseOptions> = {}) =>
			onceOnlyIn(environment, handler, {
				store,
				...common,
				window: 60_000,
				onEvent: ({type}) => events.push(type),
				...options,
			});
		return {environment, store, of, events};
	}

	test('a long handler keeps its lease, and others are told when to come again', async () => {
		const {environment, of} = timed();
		let end: () => void = () => undefined;
		const consume = of(async () => new Promise(resolve => (end = resolve)));
		const first = consume(message('a'));
		await environment.advance(25_000);
		const error: unknown = await consume(message('a')).catch((it: unknown) => it);
		expect(error).toBeInstanceOf(MessageBusyError);
		expect((error as MessageBusyError).retryAfter).toBeGreaterThan(5_000);
		end();
		expect(await first).toMatchObject({status: 'processed'});
		expect(await consume(message('a'))).toEqual({status: 'duplicate'});
	});

	test('what a killed consumer was at runs again once its lease is over', async () => {
		const {environment, of, store} = timed();
		const dead = {...store, renew: () => new Promise<never>(() => undefined)};
		void of(async () => new Promise(() => undefined), {store: dead})(message('a'));
		await environment.advance(5_000);
		const consume = of(async () => undefined);
		await expect(consume(message('a'))).rejects.toThrow(MessageBusyError);
		await environment.advance(6_000);
		expect(await consume(message('a'))).toMatchObject({status: 'processed'});
	});

	test("who loses its lease is told, and does not settle what is another's", async () => {
		const {environment, of, store, events} = timed();
		let fail: (error: Error) => void = () => undefined;
		const lost = {...store, renew: () => ({status: 'lost'}) as const};
		const slow = of(async () => new Promise((_, reject) => (fail = reject)), {store: lost})(message('a'));
		await environment.advance(11_000);
		expect(events).toEqual(['lease-lost']);
		const consume = of(async () => undefined);
		expect(await consume(message('a'))).toMatchObject({status: 'processed'});
		fail(new Error('late'));
		await expect(slow).rejects.toThrow('late');
		expect(await consume(message('a'))).toEqual({status: 'duplicate'});
	});

	test('a handler that has lost its lease hears of it while it works', async () => {
		const {environment, of, store, events} = timed();
		let end: () => void = () => undefined;
		const told: string[] = [];
		const lost = {...store, renew: () => ({status: 'lost'}) as const};
		const handler = async ({signal}: LeasedDelivery) => {
			signal.addEventListener('abort', () => told.push(String(signal.reason)));
			return new Promise<void>(resolve => (end = resolve));
		};
		const slow = of(handler, {store: lost})(message('a'));
		await environment.advance(11_000);
		expect(told).toEqual([expect.stringContaining('the lease is lost')]);
		await of(async () => undefined)(message('a'));
		end();
		await slow;
		// Once, and not again when its answer finds another's.
		expect(events).toEqual(['lease-lost']);
	});

	test('a lease that turns out to be lost when the handler is done is told, too', async () => {
		const {environment, of, store, events} = timed();
		let end: () => void = () => undefined;
		const deaf = {...store, renew: () => new Promise<never>(() => undefined)};
		const slow = of(async () => new Promise(resolve => (end = resolve)), {store: deaf, storeTimeout: 60_000})(
			message('a'),
		);
		await environment.advance(11_000);
		events.length = 0;
		await of(async () => undefined)(message('a'));
		end();
		await slow;
		expect(events).toEqual(['lease-lost']);
	});

	test('past the window it is forgotten, failures too', async () => {
		const {environment, of, store} = timed();
		const consume = of(async () => undefined);
		await consume(message('a'));
		await of(async () => {
			throw new Error('failed');
		})(message('b')).catch(() => undefined);
		await environment.advance(59_000);
		expect(await consume.sweep()).toBe(0);
		await environment.advance(1_000);
		expect(await consume.sweep()).toBe(2);
		expect(await store.unsettled('billing', 10)).toEqual([]);
	});

	test('where the store fails nothing is acknowledged', async () => {
		const {of, store} = timed();
		const down = {
			...store,
			answer() {
				throw new Error('down');
			},
		};
		await expect(of(async () => undefined, {store: down})(message('a'))).rejects.toThrow('down');
	});
});
