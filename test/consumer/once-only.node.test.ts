import type {DatabaseSync} from 'node:sqlite';
import {describe, expect, test} from 'vitest';
import {
	headerId,
	MessageIdError,
	onceOnly,
	PoisonMessageError,
	type ConsumerEvent,
	type DeadLetter,
	type Message,
	type TransactionOptions,
} from '../../src/consumer/index.ts';
import {memoryEntries} from '../../src/server/index.ts';
import {sqlitePlace} from './inboxes.ts';

const message = (id: string, value = id, key?: string): Message => ({headers: {'message-id': id}, value, key});

/** A consumer whose handler fails of a value that is listed, after it has written it. */
function consumerOf(options: Partial<TransactionOptions<DatabaseSync>> = {}) {
	const place = sqlitePlace();
	const failing = new Set<string>();
	const attempts: number[] = [];
	const letters: DeadLetter[] = [];
	const events: ConsumerEvent[] = [];
	const consume = onceOnly(
		({tx, message: {value}, attempt}) => {
			void place.write(tx, String(value));
			attempts.push(attempt);
			if (failing.has(String(value))) throw new RangeError(`cannot do ${String(value)}`);
		},
		{
			transaction: place.inbox,
			consumer: 'billing',
			id: headerId('message-id'),
			maxAttempts: 3,
			onEvent: event => events.push(event),
			...options,
		},
	);
	const row = (id: string) => ({
		...place.database.prepare('SELECT state, attempts, last_error FROM latchkey_inbox WHERE message_id = ?').get(id),
	});
	return {...place, consume, failing, attempts, letters, events, row};
}

const taking = (letters: DeadLetter[]) => ({
	deadLetter: (letter: DeadLetter) => void letters.push(letter),
});

describe('one by one', () => {
	test('a message takes effect once', async () => {
		const {consume, written} = consumerOf();
		expect(await consume(message('a'))).toEqual({status: 'processed', attempt: 1});
		expect(await consume(message('a'))).toEqual({status: 'duplicate'});
		expect(await written()).toEqual(['a']);
	});

	test('of an attempt that fails nothing is left but its number and its error', async () => {
		const {consume, written, failing, attempts, row} = consumerOf();
		failing.add('a');
		await expect(consume(message('a'))).rejects.toThrow(new RangeError('cannot do a'));
		expect(await written()).toEqual([]);
		expect(row('a')).toEqual({state: 'failed', attempts: 1, last_error: 'RangeError: cannot do a'});
		failing.clear();
		expect(await consume(message('a'))).toEqual({status: 'processed', attempt: 2});
		expect([await written(), attempts]).toEqual([['a'], [1, 2]]);
	});

	test('an id of another payload is never processed, and never dropped in silence', async () => {
		const {consume, written, events} = consumerOf();
		await consume(message('a', 'one'));
		const error: unknown = await consume(message('a', 'other')).catch((it: unknown) => it);
		expect(error).toBeInstanceOf(MessageIdError);
		expect(error).toMatchObject({code: 'MESSAGE_ID_REUSED', id: 'a'});
		expect(events).toEqual([expect.objectContaining({type: 'refused', id: 'a'})]);
		expect(await written()).toEqual(['one']);
	});

	test('no payload is another one than an empty one; text is that of its bytes', async () => {
		const {consume} = consumerOf();
		await consume({...message('a'), value: null});
		await expect(consume({...message('a'), value: ''})).rejects.toThrow(MessageIdError);
		await consume(message('b', 'é'));
		expect(await consume({...message('b'), value: new TextEncoder().encode('é')})).toEqual({status: 'duplicate'});
	});

	test.each([5, undefined, {amount: 5}, new ArrayBuffer(8), [1]])('a payload of %j is none', async value => {
		const {consume, written} = consumerOf();
		await expect(consume({...message('a'), value: value as never})).rejects.toThrow(MessageIdError);
		expect(await written()).toEqual([]);
	});

	test.each([5, undefined, {}, [1]])('a fingerprint of %j is none', async print => {
		const {consume, written} = consumerOf({fingerprint: () => print as never});
		await expect(consume(message('a'))).rejects.toThrow(MessageIdError);
		expect(await written()).toEqual([]);
	});

	test('what differs between two sendings may be left out', async () => {
		const {consume} = consumerOf({fingerprint: ({value}) => String(value).slice(0, 1)});
		await consume(message('a', 'x1'));
		expect(await consume(message('a', 'x2'))).toEqual({status: 'duplicate'});
		await expect(consume(message('a', 'y1'))).rejects.toThrow(MessageIdError);
	});

	test('what has no id is refused, or handed to the dead letters', async () => {
		const {consume, written} = consumerOf();
		await expect(consume({value: 'a'})).rejects.toMatchObject({code: 'MESSAGE_ID_MISSING'});
		await expect(consume(message(''))).rejects.toMatchObject({code: 'MESSAGE_ID_MISSING'});
		const letters: DeadLetter[] = [];
		const skipping = consumerOf({onPoison: 'skip', ...taking(letters)});
		expect(await skipping.consume({value: 'a'})).toEqual({status: 'skipped'});
		expect(letters).toMatchObject([{id: undefined, attempts: 0, message: {value: 'a'}}]);
		expect([await written(), await skipping.written()]).toEqual([[], []]);
	});

	test('ids of any length and any characters are ids', async () => {
		const {consume, written} = consumerOf({id: ({value}) => String(value)});
		const ids = ['\0', '\uD800', '\uD801', 'x'.repeat(10_000), `${'x'.repeat(10_000)}y`];
		for (const id of ids) expect(await consume(message('', id))).toMatchObject({status: 'processed'});
		for (const id of ids) expect(await consume(message('', id))).toEqual({status: 'duplicate'});
		expect(await written()).toHaveLength(5);
	});

	test('what is older than the window is told and processed', async () => {
		const {consume, events} = consumerOf({window: 1_000});
		await consume({...message('a'), timestamp: String(Date.now() - 5_000)});
		await consume({...message('b'), timestamp: Date.now()});
		expect(events).toMatchObject([{type: 'older-than-window', id: 'a'}]);
	});

	test('a handler that takes time is no handler for SQLite, and no attempt', async () => {
		const {inbox, write, written, database} = sqlitePlace();
		const consume = onceOnly(
			async ({tx}) => {
				await write(tx, 'a');
			},
			{transaction: inbox, consumer: 'billing', id: headerId('message-id')},
		);
		await expect(consume(message('a'))).rejects.toThrow(/^latchkey: a handler on SQLite must be synchronous/);
		expect(await written()).toEqual([]);
		expect(database.prepare('SELECT * FROM latchkey_inbox').all()).toEqual([]);
	});

	test('nor does it write after it was refused, at any delivery', async () => {
		const {inbox, write, written} = sqlitePlace();
		const late: Array<Promise<void>> = [];
		const slow = async (tx: Parameters<typeof write>[0]) => {
			await Promise.resolve();
			await write(tx, 'a');
		};
		const consume = onceOnly(
			({tx}) => {
				const its = slow(tx);
				late.push(its);
				return its;
			},
			{transaction: inbox, consumer: 'billing', id: headerId('message-id')},
		);
		for (let delivery = 1; delivery <= 3; delivery++)
			await expect(consume(message('a'))).rejects.toThrow(/must be synchronous/);
		expect((await Promise.allSettled(late)).map(({status}) => status)).toEqual(Array(3).fill('rejected'));
		expect(await written()).toEqual([]);
	});

	test('a message whose id or payload makes its options throw is refused, and stops no other', async () => {
		const skipped: unknown[] = [];
		const {consume, written} = consumerOf({
			fingerprint: ({value}) => (JSON.parse(String(value)) as {amount: number}).amount.toString(),
			onPoison: 'skip',
			deadLetter({error}) {
				skipped.push(error);
			},
		});
		const messages = [message('a', '{"amount":1}'), message('b', 'null'), message('c', '{"amount":2}')];
		expect((await consume.batch(messages)).map(({status}) => status)).toEqual(['processed', 'skipped', 'processed']);
		expect(await consume(message('d', '{'))).toEqual({status: 'skipped'});
		expect(skipped).toMatchObject([
			{code: 'MESSAGE_ID_MISSING', cause: new TypeError("Cannot read properties of null (reading 'amount')")},
			{code: 'MESSAGE_ID_MISSING', cause: {name: 'SyntaxError'}},
		]);
		expect(await written()).toHaveLength(2);
	});

	test('a store or a transaction, not both', () => {
		const {inbox} = sqlitePlace();
		const both = {transaction: inbox, store: memoryEntries(), consumer: 'billing', id: headerId('message-id')};
		expect(() => onceOnly(() => undefined, both)).toThrow('onceOnly takes a store or a transaction, not both');
	});

	test('a step has one key at all attempts, and messages have their own', async () => {
		const {inbox} = sqlitePlace();
		const keys: string[] = [];
		const options = {transaction: inbox, id: headerId('message-id')};
		const handler = ({key}: {key: (step: string) => string}) => {
			keys.push(key('mail'), key('sms'));
			if (keys.length === 2) throw new Error('once');
		};
		const consume = onceOnly(handler, {...options, consumer: 'one'});
		await consume(message('a')).catch(() => undefined);
		await consume(message('a'));
		await consume(message('b'));
		await onceOnly(handler, {...options, consumer: 'two'})(message('a'));
		expect(keys.slice(0, 2)).toEqual(keys.slice(2, 4));
		expect(new Set(keys).size).toBe(6);
	});
});

describe('poison', () => {
	test('stops its consumer at each delivery, and goes on once it is mended', async () => {
		const letters: DeadLetter[] = [];
		const {consume, failing, written, events} = consumerOf(taking(letters));
		failing.add('a');
		await expect(consume(message('a'))).rejects.toThrow(RangeError);
		await expect(consume(message('a'))).rejects.toThrow(RangeError);
		for (const attempts of [3, 4]) {
			const error: unknown = await consume(message('a')).catch((it: unknown) => it);
			expect(error).toBeInstanceOf(PoisonMessageError);
			expect(error).toMatchObject({attempts, id: 'a', cause: new RangeError('cannot do a')});
		}

		expect(letters).toMatchObject([{id: 'a', attempts: 3}]);
		expect(events.map(({type}) => type)).toEqual(['failed', 'failed', 'failed', 'poison', 'failed', 'poison']);
		failing.clear();
		expect(await consume(message('a'))).toEqual({status: 'processed', attempt: 5});
		expect(await written()).toEqual(['a']);
	});

	test('is skipped once its dead letter is delivered', async () => {
		const letters: DeadLetter[] = [];
		const {consume, failing, written} = consumerOf({onPoison: 'skip', ...taking(letters)});
		failing.add('a');
		await expect(consume(message('a'))).rejects.toThrow(RangeError);
		await expect(consume(message('a'))).rejects.toThrow(RangeError);
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		expect(letters).toHaveLength(1);
		expect(await written()).toEqual([]);
	});

	test('is not skipped where its dead letter cannot be delivered', async () => {
		let calls = 0;
		const {consume, failing} = consumerOf({
			onPoison: 'skip',
			maxAttempts: 1,
			async deadLetter() {
				if (++calls === 1) throw new Error('no queue');
			},
		});
		failing.add('a');
		await expect(consume(message('a'))).rejects.toThrow('no queue');
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		expect(calls).toBe(2);
	});

	test('skip() gives up by hand what stops, and nothing else', async () => {
		const {consume, failing} = consumerOf();
		failing.add('a');
		expect(await consume.skip('a')).toBe(false);
		await consume(message('a')).catch(() => undefined);
		expect(await consume.skip('a')).toBe(true);
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		await consume(message('b'));
		expect(await consume.skip('b')).toBe(false);
	});

	test('redrive() lets a dead letter be processed, under its own id and from its first attempt', async () => {
		const {consume, failing, written} = consumerOf({onPoison: 'skip', maxAttempts: 1, deadLetter: () => undefined});
		failing.add('a');
		expect(await consume(message('a'))).toEqual({status: 'skipped'});
		failing.clear();
		expect(await consume.redrive('a')).toBe(true);
		expect(await consume(message('a'))).toEqual({status: 'processed', attempt: 1});
		expect(await consume.redrive('a')).toBe(false);
		expect(await written()).toEqual(['a']);
	});
});

describe('in batches', () => {
	const statuses = (results: ReadonlyArray<{status: string}>) => results.map(({status}) => status);

	test('all in one transaction, in their order, duplicates among them once', async () => {
		const {consume, written, database} = consumerOf();
		await consume(message('b'));
		const begins: string[] = [];
		const {exec} = database;
		database.exec = sql => {
			begins.push(sql);
			exec.call(database, sql);
		};
		const results = await consume.batch(['c', 'a', 'b', 'c', 'd'].map(id => message(id)));
		expect(statuses(results)).toEqual(['processed', 'processed', 'duplicate', 'duplicate', 'processed']);
		expect(results.every(({acknowledge}) => acknowledge)).toBe(true);
		expect(await written()).toEqual(['b', 'c', 'a', 'd']);
		expect(begins).toEqual(['BEGIN IMMEDIATE', 'COMMIT']);
	});

	test('one that fails holds back its key, and no other', async () => {
		const {consume, failing, written, row} = consumerOf();
		failing.add('b');
		const batch = [
			message('a', 'a', 'k'),
			message('b', 'b', 'k'),
			message('c', 'c', 'k'),
			message('d', 'd', 'other'),
			message('e'),
		];
		const results = await consume.batch(batch);
		expect(statuses(results)).toEqual(['processed', 'failed', 'held', 'processed', 'processed']);
		expect(results.map(({acknowledge}) => acknowledge)).toEqual([true, false, false, true, true]);
		expect(results[1]).toMatchObject({error: new RangeError('cannot do b')});
		expect(row('b')).toMatchObject({attempts: 1});
		failing.clear();
		expect(statuses(await consume.batch(batch))).toEqual([
			'duplicate',
			'processed',
			'processed',
			'duplicate',
			'duplicate',
		]);
		expect(await written()).toEqual(['a', 'd', 'e', 'b', 'c']);
	});

	test('a second copy of what fails is no further attempt', async () => {
		const {consume, failing, row} = consumerOf();
		failing.add('a');
		expect(statuses(await consume.batch([message('a'), message('a'), message('b')]))).toEqual([
			'failed',
			'held',
			'processed',
		]);
		expect(row('a')).toMatchObject({attempts: 1});
	});

	test('an id of two payloads is refused, before or within the batch, and stops its key', async () => {
		const {consume, written} = consumerOf();
		const within = [message('a', '1', 'k'), message('a', '2', 'k'), message('b', '3', 'k'), message('c', '4')];
		expect(statuses(await consume.batch(within))).toEqual(['processed', 'failed', 'held', 'processed']);
		const before = [message('d', '5'), message('a', '6', 'k'), message('e', '7', 'k')];
		expect(statuses(await consume.batch(before))).toEqual(['processed', 'failed', 'held']);
		expect(await written()).toEqual(['1', '4', '5']);
	});

	test('poison is skipped where it is to be, and its key goes on', async () => {
		const letters: DeadLetter[] = [];
		const {consume, failing, written} = consumerOf({onPoison: 'skip', maxAttempts: 1, ...taking(letters)});
		failing.add('b');
		const batch = ['a', 'b', 'c'].map(id => message(id, id, 'k'));
		expect(statuses(await consume.batch(batch))).toEqual(['processed', 'skipped', 'processed']);
		expect(letters).toMatchObject([{id: 'b', attempts: 1}]);
		expect(await written()).toEqual(['a', 'c']);
	});

	test('none is tried after the database has failed, and nothing is counted', async () => {
		const {inbox} = sqlitePlace();
		let takes = 0;
		const down = {
			...inbox,
			async take() {
				takes++;
				throw new Error('no database');
			},
		};
		const consume = onceOnly(() => undefined, {transaction: down, consumer: 'x', id: headerId('message-id')});
		const results = await consume.batch(['a', 'b', 'c'].map(id => message(id)));
		expect(statuses(results)).toEqual(['failed', 'held', 'held']);
		expect(takes).toBe(2);
	});

	test('nothing comes of nothing', async () => {
		expect(await consumerOf().consume.batch([])).toEqual([]);
	});
});

test('sweep() forgets what is past the window', async () => {
	let now = 1_000_000;
	const {inbox} = sqlitePlace({now: () => now});
	const consume = onceOnly(() => undefined, {
		transaction: inbox,
		consumer: 'x',
		id: headerId('message-id'),
		window: 1_000,
	});
	await consume(message('a'));
	now += 999;
	expect(await consume.sweep()).toBe(0);
	now += 1;
	expect(await consume.sweep()).toBe(1);
	expect(await consume(message('a'))).toMatchObject({status: 'processed'});
});

describe('options', () => {
	const {inbox} = sqlitePlace();
	const sound = {transaction: inbox, consumer: 'x', id: headerId('id')};

	test.each([
		[{...sound, consumer: ''}, 'consumer'],
		[{...sound, consumer: 'a\0b'}, 'consumer'],
		[{...sound, id: 'message-id'}, 'id'],
		[{...sound, transaction: {}}, 'transaction'],
		[{...sound, store: {}}, 'store'],
		[{...sound, maxAttempts: 0}, 'maxAttempts'],
		[{...sound, lease: 1}, 'lease'],
		[{...sound, window: 10, brokerRetention: 10}, 'window'],
		[{...sound, brokerRetention: 2_592_000_000}, 'window'],
		[{...sound, onPoison: 'skip'}, 'deadLetter'],
		[{...sound, onPoison: 'drop'}, 'onPoison'],
		[null, 'onceOnly'],
	])('%o are refused', (options, name) => {
		expect(() => onceOnly(() => undefined, options as never)).toThrow(new RegExp(`^latchkey: .*\\b${name}\\b`));
	});
});
