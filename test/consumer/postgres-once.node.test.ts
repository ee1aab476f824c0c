import type {Pool, PoolClient} from 'pg';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {headerId, onceOnly, postgresInbox, type Message, type TransactionOptions} from '../../src/consumer/index.ts';
import {openPool, someTable} from '../stores/postgres-pool.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {gate, postgresPlace} from './inboxes.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
let pool: Pool;
beforeAll(async () => {
	server = await somePostgres();
	pool = openPool(server.url, {max: 8});
}, 60_000);
afterAll(async () => {
	await pool.end();
	await server.remove();
});

const message = (id: string, value = id, key?: string): Message => ({headers: {'message-id': id}, value, key});

type Handler = (tx: PoolClient, value: string, attempt: number) => Promise<void>;

async function consumerOf(handler: Handler, options: Partial<TransactionOptions<PoolClient>> = {}) {
	const place = await postgresPlace(pool);
	const consume = onceOnly(async ({tx, message: {value}, attempt}) => handler(tx, String(value), attempt), {
		transaction: place.inbox,
		consumer: 'billing',
		id: headerId('message-id'),
		...options,
	});
	const attempts = async () => {
		const {rows} = await pool.query<{attempts: number}>(`SELECT attempts FROM ${place.table}`);
		return rows.map(row => row.attempts);
	};
	return {...place, consume, attempts};
}

test('a handler that swallows what a statement failed of has processed nothing', async () => {
	const place = await consumerOf(async (tx, value, attempt) => {
		await place.write(tx, value);
		if (attempt === 1) await tx.query('SELECT 1 / 0').catch(() => undefined);
	});
	await expect(place.consume(message('a'))).rejects.toMatchObject({code: '25P02'});
	expect(await place.written()).toEqual([]);
	expect(await place.consume(message('a'))).toEqual({status: 'processed', attempt: 2});
	expect(await place.written()).toEqual(['a']);
});

test('what a handler has not waited for writes into no later transaction', async () => {
	const forgotten = gate();
	let late: Promise<void> = Promise.resolve();
	const place = await consumerOf(async (tx, value) => {
		await place.write(tx, value);
		if (value === 'a') late = forgotten.opened.then(async () => place.write(tx, 'late'));
	});
	expect(await place.consume(message('a'))).toMatchObject({status: 'processed'});
	forgotten.open();
	await expect(late).rejects.toThrow('the transaction is over');
	expect(await place.consume(message('b'))).toMatchObject({status: 'processed'});
	expect(await place.written()).toEqual(['a', 'b']);
});

test('what is found at COMMIT counts against the message', async () => {
	const unique = someTable();
	await pool.query(`CREATE TABLE ${unique} (name text UNIQUE DEFERRABLE INITIALLY DEFERRED)`);
	const {consume, attempts} = await consumerOf(async tx => {
		await tx.query(`INSERT INTO ${unique} VALUES ('same'), ('same')`);
	});
	await expect(consume(message('a'))).rejects.toMatchObject({code: '23505'});
	expect(await attempts()).toEqual([1]);
});

test('a connection that is lost is no attempt, and leaves nothing', async () => {
	let kill = true;
	const place = await consumerOf(async (tx, value) => {
		await place.write(tx, value);
		if (!kill) return;
		kill = false;
		const {rows} = await tx.query<{pid: number}>('SELECT pg_backend_pid() AS pid');
		await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
		await tx.query('SELECT 1');
	});
	await expect(place.consume(message('a'))).rejects.toThrow(/terminat|not queryable/);
	expect([await place.attempts(), await place.written()]).toEqual([[], []]);
	expect(await place.consume(message('a'))).toEqual({status: 'processed', attempt: 1});
	expect(await place.written()).toEqual(['a']);
});

test('what others undo runs again, and is no attempt', async () => {
	let undone = true;
	const place = await consumerOf(async (tx, value) => {
		await place.write(tx, value);
		if (!undone) return;
		undone = false;
		throw Object.assign(new Error('deadlock'), {code: '40P01'});
	});
	expect(await place.consume(message('a'))).toEqual({status: 'processed', attempt: 1});
	expect(await place.written()).toEqual(['a']);
});

test('a second delivery waits for the first, and runs where that fails', async () => {
	const [started, going] = [gate(), gate()];
	let runs = 0;
	const place = await consumerOf(async (tx, value) => {
		runs++;
		await place.write(tx, value);
		if (runs > 1) return;
		started.open();
		await going.opened;
		throw new Error('at last');
	});
	const first = place.consume(message('a'));
	await started.opened;
	const second = place.consume(message('a'));
	const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${place.table}%'`;
	await expect.poll(async () => (await pool.query(waiting)).rows.length).toBe(1);
	expect(runs).toBe(1);
	going.open();
	await expect(first).rejects.toThrow('at last');
	expect(await second).toMatchObject({status: 'processed'});
	expect(await place.written()).toEqual(['a']);
});

test('a message costs one statement beside its effect, which travels with BEGIN, a batch too', async () => {
	const texts: string[] = [];
	const [table, effects] = [someTable(), someTable()];
	const counted = {
		async connect() {
			const client = await pool.connect();
			return {
				async query(text: string, values?: unknown[]) {
					texts.push(
						text
							.split(';\n')
							.map(it => /^\s*(\w+)/.exec(it)?.[1])
							.join(' '),
					);
					return client.query(text, values);
				},
				release: (error?: Error | boolean) => client.release(error),
			};
		},
	};
	await pool.query(`CREATE TABLE ${effects} (name text)`);
	const inbox = postgresInbox({database: counted, table});
	await inbox.setup();
	const consume = onceOnly(async ({tx, id}) => void (await tx.query(`INSERT INTO ${effects} VALUES ($1)`, [id])), {
		transaction: inbox,
		consumer: 'x',
		id: headerId('message-id'),
	});
	texts.length = 0;
	await consume(message('a'));
	expect(texts.splice(0)).toEqual(['BEGIN INSERT', 'INSERT', 'COMMIT']);
	await consume.batch([message('b'), message('c'), message('d')]);
	expect(texts).toEqual(['BEGIN INSERT', 'INSERT', 'INSERT', 'INSERT', 'COMMIT']);
});

test.each(["'", '\\', "\\'", "'; DROP TABLE latchkey_inbox; --", "');--", '$1', '\n;\n', '"', '%'])(
	'an id, a name and a payload are data, whatever they look like: %j',
	async id => {
		const place = await consumerOf(async (tx, value) => place.write(tx, value), {
			consumer: `of ${id}`,
			fingerprint: () => id,
		});
		expect(await place.consume(message(id))).toMatchObject({status: 'processed'});
		expect((await place.consume.batch([message(id), message(`${id}2`)])).map(({status}) => status)).toEqual([
			'duplicate',
			'processed',
		]);
		const {rows} = await pool.query(`SELECT consumer, message_id FROM ${place.table} ORDER BY length(message_id)`);
		expect(rows).toEqual([id, `${id}2`].map(it => ({consumer: `of ${id}`, message_id: it})));
	},
);

test('a batch takes its messages in one order, whatever theirs is, so that two never wait for each other', async () => {
	const taken: unknown[] = [];
	const inbox = postgresInbox({
		database: {
			begin: async run => run({}),
			async query(_tx, text) {
				const ids = /E'\{(.*?)\}'/.exec(text)?.[1]?.replaceAll('"', '').split(',');
				// Before it commits, a transaction is asked whether it stands.
				if (ids === undefined) return {rows: [{}]};
				taken.push(ids);
				return {rows: ids.map(id => ({message_id: id}))};
			},
		},
	});
	const arrivals = ['b', 'c', 'a'].map(id => ({id, fingerprint: 'f'}));
	await inbox.take('x', arrivals, () => undefined);
	await inbox.take('x', arrivals.toReversed(), () => undefined);
	expect(taken).toEqual([
		['a', 'b', 'c'],
		['a', 'b', 'c'],
	]);
});

test('a message that has failed, and is swept while it is delivered again, is processed', async () => {
	// What a look finds that waits for the row to go: the row from before, which nobody has taken.
	let takes = 0;
	const inbox = postgresInbox({
		database: {
			begin: async run => run({}),
			async query(_tx, text) {
				if (text.startsWith('WITH again'))
					return {rows: [{message_id: 'a', fingerprint: 'f', state: 'failed', attempts: null}]};
				return {rows: text.startsWith('INSERT') && ++takes === 1 ? [] : [{message_id: 'a'}]};
			},
		},
	});
	expect(await inbox.take('x', [{id: 'a', fingerprint: 'f'}], ([found]) => found)).toEqual({status: 'new', attempt: 1});
	expect(takes).toBe(2);
});

test('a batch with a statement that fails goes on one by one, but for its key', async () => {
	const place = await consumerOf(async (tx, value) => {
		if (value === 'bad') await tx.query('SELECT 1 / 0');
		await place.write(tx, value);
	});
	const batch = [message('a', 'a', 'k'), message('b', 'bad', 'k'), message('c', 'c', 'k'), message('d')];
	const results = await place.consume.batch(batch);
	expect(results.map(({status}) => status)).toEqual(['processed', 'failed', 'held', 'processed']);
	expect(await place.written()).toEqual(['a', 'd']);
});

test('setup() may be called by many at once, and refuses what is not its own', async () => {
	const table = someTable();
	const inbox = postgresInbox({database: pool, table});
	await Promise.all([inbox.setup(), inbox.setup(), inbox.setup()]);
	await pool.query(`CREATE TABLE ${table}_other (id text)`);
	await expect(postgresInbox({database: pool, table: `${table}_other`}).setup()).rejects.toThrow(
		'not a table of latchkey',
	);
});

test('a table that is missing is told in words that say what to do', async () => {
	const consume = onceOnly(() => undefined, {
		transaction: postgresInbox({database: pool, table: someTable()}),
		consumer: 'x',
		id: headerId('message-id'),
	});
	await expect(consume(message('a'))).rejects.toThrow(/setup\(\)/);
});

test.each([undefined, {}, {database: {}}, {database: {connect: () => undefined}, table: ''}])(
	'%o is refused',
	options => {
		expect(() => postgresInbox(options as never)).toThrow(/^latchkey: /);
	},
);
