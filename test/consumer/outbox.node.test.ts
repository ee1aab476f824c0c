import type {Pool, PoolClient} from 'pg';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {postgresOutbox, type NewMessage, type OutboxMessage} from '../../src/consumer/index.ts';
import {postgresOutboxIn} from '../../src/consumer/outbox.ts';
import {openPool, someTable} from '../stores/postgres-pool.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {gate} from './inboxes.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
let pool: Pool;
beforeAll(async () => {
	server = await somePostgres();
	pool = openPool(server.url, {max: 12});
}, 60_000);
afterAll(async () => {
	await pool.end();
	await server.remove();
});

async function inTransaction<T>(run: (tx: PoolClient) => Promise<T>): Promise<T> {
	const client = await pool.connect();
	try {
		await client.query('BEGIN');
		const result = await run(client);
		await client.query('COMMIT');
		return result;
	} catch (error) {
		await client.query('ROLLBACK');
		throw error;
	} finally {
		client.release();
	}
}

async function freshOutbox() {
	const table = someTable();
	const environment = virtualEnvironment();
	const outbox = postgresOutboxIn(environment, {database: pool, table});
	await outbox.setup();
	const add = async (...messages: NewMessage[]) => inTransaction(async tx => outbox.add(tx, ...messages));
	return {table, outbox, add, environment};
}

const textOf = ({value}: OutboxMessage) => new TextDecoder().decode(value);
const of = (value: string, key?: string): NewMessage => ({topic: 't', value, ...(key !== undefined && {key})});

/** A broker that fails of the values that are listed. */
function broker() {
	const got: string[] = [];
	const failing = new Set<string>();
	const publish = async (messages: readonly OutboxMessage[]) => {
		const bad = messages.find(it => failing.has(textOf(it)));
		if (bad) throw new Error(`cannot send ${textOf(bad)}`);
		got.push(...messages.map(textOf));
	};
	return {got, failing, publish};
}

test('what is committed is published once, with all that was said', async () => {
	const {outbox, add} = await freshOutbox();
	const seen: OutboxMessage[] = [];
	const publish = async (messages: readonly OutboxMessage[]) => void seen.push(...messages);
	const value = new Uint8Array([0, 255, 128]);
	const [id] = await add({topic: 't\0', key: 'k\0\uD800', headers: {a: 'b'}, value, id: 'own'});
	expect(id).toBe('own');
	expect(await outbox.publish(publish)).toBe(1);
	expect(await outbox.publish(publish)).toBe(0);
	expect(seen).toHaveLength(1);
	expect({...seen[0], value: [...seen[0]!.value]}).toEqual({
		id: 'own',
		topic: 't\0',
		key: 'k\0\uD800',
		headers: {a: 'b', 'message-id': 'own'},
		value: [0, 255, 128],
	});
});

test('what is rolled back is never published', async () => {
	const {outbox} = await freshOutbox();
	const {got, publish} = broker();
	const rolledBack = inTransaction(async tx => {
		await outbox.add(tx, of('a'));
		throw new Error('no order');
	});
	await expect(rolledBack).rejects.toThrow('no order');
	await outbox.publish(publish);
	expect(got).toEqual([]);
});

test('what is committed late, after others with later numbers, is published', async () => {
	const {outbox, add} = await freshOutbox();
	const {got, publish} = broker();
	const late = gate();
	const written = gate();
	const slow = inTransaction(async tx => {
		await outbox.add(tx, of('late'));
		written.open();
		await late.opened;
	});
	await written.opened;
	await add(of('early'));
	await outbox.publish(publish);
	late.open();
	await slow;
	await outbox.publish(publish);
	expect(got).toEqual(['early', 'late']);
});

test('a message that cannot be published stops its key, and no other', async () => {
	const {outbox, add, environment} = await freshOutbox();
	const {got, failing, publish} = broker();
	const errors: Array<[string, string | undefined]> = [];
	const onError = (error: unknown, message?: OutboxMessage) => void errors.push([String(error), message?.key]);
	await add(of('a1', 'a'), of('b1', 'b'), of('a2', 'a'), of('b2', 'b'), of('c1'));
	failing.add('a1');
	expect(await outbox.publish(publish, {onError})).toBe(3);
	expect(got.toSorted()).toEqual(['b1', 'b2', 'c1']);
	expect(errors).toEqual([['Error: cannot send a1', 'a']]);
	failing.clear();
	await add(of('a3', 'a'));
	expect(await outbox.publish(publish, {onError})).toBe(0);
	await environment.advance(500);
	expect(await outbox.publish(publish, {onError})).toBe(3);
	expect(got.slice(3)).toEqual(['a1', 'a2', 'a3']);
});

test('messages that never can be published do not keep the others from it', async () => {
	const {outbox, add} = await freshOutbox();
	const {got, failing, publish} = broker();
	const bad = Array.from({length: 6}, (_, i) => `bad${i}`);
	for (const value of bad) failing.add(value);
	await add(
		...bad.flatMap(value => Array.from({length: 30}, () => of(value, value))),
		...Array.from({length: 30}, (_, i) => of(`good${i}`, `g${i}`)),
	);
	for (let pass = 0; pass < 12; pass++) await outbox.publish(publish, {batch: 32});
	expect(got.filter(it => it.startsWith('good'))).toHaveLength(30);
});

test('where the broker is down, not every message is tried', async () => {
	const {outbox, add} = await freshOutbox();
	await add(...Array.from({length: 50}, (_, i) => of(`${i}`, `${i}`)));
	let calls = 0;
	const publish = async () => {
		calls++;
		throw new Error('down');
	};
	expect(await outbox.publish(publish)).toBe(0);
	expect(calls).toBe(3);
});

test('two relays at once publish no key out of order', async () => {
	const {table, add} = await freshOutbox();
	const relays = [1, 2, 3].map(() => postgresOutbox({database: pool, table}));
	const stop = new AbortController();
	const got: string[] = [];
	const publish = async (messages: readonly OutboxMessage[]) => {
		// The others have their turn between the messages of one.
		for (const message of messages) {
			await new Promise(resolve => setImmediate(resolve));
			got.push(textOf(message));
		}
	};
	const running = relays.map(async outbox => outbox.relay(publish, {signal: stop.signal, batch: 7, idle: 1}));
	for (let round = 0; round < 20; round++)
		await add(...Array.from({length: 10}, (_, i) => of(`${i % 5}:${round}.${i}`, `${i % 5}`)));
	await expect.poll(() => got.length).toBe(200);
	stop.abort();
	await Promise.all(running);
	expect(new Set(got).size).toBe(200);
	for (let key = 0; key < 5; key++) {
		const own = got.filter(it => it.startsWith(`${key}:`)).map(it => Number(it.slice(2).split('.')[0]));
		expect(own).toEqual(own.toSorted((a, b) => a - b));
	}
});

test('while one publishes, another neither waits for it nor passes it', async () => {
	const {outbox, add} = await freshOutbox();
	const {got, publish} = broker();
	await add(of('a1', 'a'));
	const [begun, going] = [gate(), gate()];
	const first = outbox.publish(async messages => {
		begun.open();
		await going.opened;
		await publish(messages);
	});
	await begun.opened;
	// Some of so many keys are in other buckets.
	const others = Array.from({length: 40}, (_, i) => `b${i}`);
	await add(of('a2', 'a'), ...others.map(key => of(key, key)));
	const published = await outbox.publish(publish);
	const before = [...got];
	going.open();
	await first;
	await outbox.publish(publish);
	expect(published).toBeGreaterThan(10);
	expect(before.filter(it => it.startsWith('a'))).toEqual([]);
	expect(got.filter(it => it.startsWith('a'))).toEqual(['a1', 'a2']);
	expect(got).toHaveLength(42);
});

test('a relay whose connection dies while it publishes has it published again', async () => {
	const {outbox, add} = await freshOutbox();
	const {got, publish} = broker();
	await add(of('a', 'k'), of('b', 'k'));
	const dying = outbox.publish(async messages => {
		await publish(messages);
		const {rows} = await pool.query<{pid: number}>(
			`SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()`,
		);
		for (const {pid} of rows) await pool.query('SELECT pg_terminate_backend($1)', [pid]);
	});
	await expect(dying).rejects.toThrow(/terminat|not queryable/);
	await outbox.publish(publish);
	expect(got).toEqual(['a', 'b', 'a', 'b']);
});

test('a relay tells what the database fails of, goes on, and ends when it is told to', async () => {
	const {table, outbox, add, environment} = await freshOutbox();
	const {got, publish} = broker();
	const stop = new AbortController();
	const errors: unknown[] = [];
	await pool.query(`ALTER TABLE ${table} RENAME TO ${table}_away`);
	const running = outbox.relay(publish, {signal: stop.signal, idle: 1_000, onError: error => errors.push(error)});
	await expect.poll(() => errors.length).toBe(1);
	await pool.query(`ALTER TABLE ${table}_away RENAME TO ${table}`);
	await add(of('a'));
	await environment.advance(1_000);
	await expect.poll(() => got).toEqual(['a']);
	stop.abort();
	await running;
	expect(errors).toHaveLength(1);
});

test('sweep() drops what was published, when it is old enough, and never what was not', async () => {
	const {table, outbox, add} = await freshOutbox();
	const {publish} = broker();
	await add(of('a'));
	await outbox.publish(publish);
	await add(of('b'));
	await pool.query(`UPDATE ${table} SET created_at = 0, published_at = published_at - 5000`);
	expect(await outbox.sweep(60_000)).toBe(0);
	expect(await outbox.sweep(5_000)).toBe(1);
	expect((await pool.query(`SELECT FROM ${table}`)).rows).toHaveLength(1);
});

test('a message needs a topic', async () => {
	const {add} = await freshOutbox();
	await expect(add({topic: '', value: 'a'})).rejects.toThrow(/^latchkey: a message of an outbox needs a topic/);
});
