import type {Pool} from 'pg';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {postgresStore, type PostgresStore} from '../../src/stores/postgres.ts';
import type {Settlement} from '../../src/stores/store.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {claimOf, ID} from './claim-of.ts';
import {somePlace, type Place} from './postgres-place.ts';
import {blocked, openPool, someTable, watched} from './postgres-pool.ts';
import {recordsIn} from '../support/records.ts';

const SUCCEEDED = {state: {status: 'succeeded', httpStatus: 201}, fenced: false, keepAnswer: false} as const;
const MINE = {key: 'key-1', owner: 'ann', token: 1};
const answer = {status: 201, statusText: '', headers: [], body: new Uint8Array([0, 255]), url: ''};

let server: Awaited<ReturnType<typeof somePostgres>>;
let place: Place;
let pool: Pool;
let table: string;
let driver: ReturnType<typeof watched>;
let store: PostgresStore;
beforeAll(async () => {
	server = await somePostgres();
	place = await somePlace(server.url);
	pool = openPool(server.url, {options: place.options});
}, 60_000);
beforeEach(async () => {
	table = someTable();
	driver = watched(pool);
	store = postgresStore({pool: driver, table});
	await store.setup();
	driver.verbs.length = 0;
});
afterAll(async () => {
	await pool.end();
	await place.remove();
	await server.remove();
});

async function settle(over: Partial<Settlement> = {}) {
	return store.settle(ID, {...MINE, ...SUCCEEDED, ...over});
}

describe('round trips', () => {
	test('a new operation takes one, each renewal one, its outcome one', async () => {
		expect((await store.claim(ID, claimOf())).status).toBe('claimed');
		expect((await store.renew(ID, {...MINE, lease: 5_000})).status).toBe('done');
		expect((await settle()).status).toBe('done');
		expect(driver.verbs).toEqual(['INSERT', 'UPDATE', 'UPDATE']);
	});

	test('an outcome that is kept with its answer takes one', async () => {
		await store.claim(ID, claimOf());
		await settle({keepAnswer: true, answer});
		expect(driver.verbs).toEqual(['INSERT', 'UPDATE']);
		expect((await recordsIn(store, ID.scope, ID.name))[0]?.answer).toEqual(answer);
	});

	test('an answer that nobody waits for is not even read', async () => {
		await store.claim(ID, claimOf());
		const settlement: Settlement = {
			...MINE,
			...SUCCEEDED,
			get answer(): never {
				throw new Error('read');
			},
		};
		expect((await store.settle(ID, settlement)).status).toBe('done');
	});

	test('who waits looks with one each time', async () => {
		await store.claim(ID, claimOf());
		await store.claim(ID, claimOf({owner: 'bob'}));
		driver.verbs.length = 0;
		const waiting = claimOf({owner: 'bob', awaited: 'key-1'});
		expect((await store.claim(ID, waiting)).status).toBe('busy');
		expect(driver.verbs).toEqual(['SELECT']);
		await settle();
		driver.verbs.length = 0;
		expect((await store.claim(ID, waiting)).status).toBe('settled');
		expect(driver.verbs).toEqual(['SELECT']);
	});
});

describe('a claim that meets another one on its way', () => {
	async function meet(end: 'COMMIT' | 'ROLLBACK') {
		const client = await pool.connect();
		try {
			await client.query('BEGIN');
			await postgresStore({pool: client, table}).claim(ID, claimOf({owner: 'bob', key: 'key-2'}));
			const claim = store.claim(ID, claimOf());
			await blocked(pool, table);
			await client.query(end);
			return await claim;
		} finally {
			client.release();
		}
	}

	test('waits for it, and is busy with its key', async () => {
		expect(await meet('COMMIT')).toMatchObject({status: 'busy', record: {key: 'key-2', owner: 'bob', awaited: true}});
	});

	test('begins the operation when that one is undone', async () => {
		expect(await meet('ROLLBACK')).toMatchObject({status: 'claimed', record: {key: 'key-1', owner: 'ann'}});
	});
});

test('of many claims at once one takes over an operation in doubt', async () => {
	await store.claim(ID, claimOf());
	await settle({state: {status: 'unknown'}});
	const claims = Array.from({length: 30}, async (_, i) => store.claim(ID, claimOf({owner: `owner-${i}`})));
	const statuses = (await Promise.all(claims)).map(({status}) => status).toSorted();
	expect(statuses).toEqual([...Array.from({length: 29}, () => 'busy'), 'claimed']);
});

describe('time', () => {
	test('is that of the database, also in a transaction that began long ago', async () => {
		const client = await pool.connect();
		const clock = async () =>
			(await client.query<{now: Date}>('SELECT clock_timestamp() AS now')).rows[0]?.now.getTime() ?? 0;
		await client.query('BEGIN');
		const begun = await clock();
		while ((await clock()) < begun + 20);
		const before = await clock();
		const {now} = await postgresStore({pool: client, table}).claim(ID, claimOf());
		const after = await clock();
		await client.query('ROLLBACK');
		client.release();
		// A `Date` leaves out the microseconds, and the store rounds them.
		expect(now).toBeGreaterThanOrEqual(before);
		expect(now).toBeLessThanOrEqual(after + 1);
	});

	test('may be given in parts of milliseconds, and without end', async () => {
		const claim = claimOf({lease: 1_000.2, keyLife: Number.MAX_VALUE});
		const claimed = await store.claim(ID, claim);
		expect(claimed).toMatchObject({status: 'claimed', record: {leaseUntil: claimed.now + 1_001}});
		expect(await recordsIn(store, ID.scope)).toEqual('record' in claimed && [claimed.record]);
		expect((await store.claim(ID, {...claim, keyLife: 0.5})).status).toBe('claimed');
		expect((await store.renew(ID, {...MINE, lease: 0.1})).status).toBe('done');
	});
});

test('names and scopes may hold half a character, none at all, and anything else', async () => {
	const odd = ['\uD800', '\uDC00', '\\ud800', '\\', '\\\\', '\0', '\\u0000', '💳'.repeat(5_000), '\uFFFD', "'", '$1'];
	for (const text of odd) {
		expect((await store.claim({scope: text, name: text}, claimOf())).status).toBe('claimed');
		expect((await store.claim({scope: 'scope-a', name: text}, claimOf())).status).toBe('claimed');
	}

	for (const text of odd) {
		expect((await recordsIn(store, text)).map(({scope, name}) => [scope, name])).toEqual([[text, text]]);
		expect((await recordsIn(store, 'scope-a', text)).map(({name}) => name)).toEqual([text]);
	}

	expect((await recordsIn(store, 'scope-a')).map(({name}) => name).toSorted()).toEqual(odd.toSorted());
});

describe('a record of a later release', () => {
	test('is an error for every step, and stays as it is', async () => {
		await store.claim(ID, claimOf());
		await pool.query(
			`UPDATE ${table} SET version = 2, keep_until = 0, answer_until = 0, freed = true, answer = '\\x00'`,
		);
		const before = await pool.query(`SELECT * FROM ${table}`);
		const steps: ReadonlyArray<() => unknown> = [
			() => store.claim(ID, claimOf()),
			() => store.renew(ID, {...MINE, lease: 1}),
			() => settle(),
			() => settle({keepAnswer: true, answer}),
			() => store.forget(ID, {key: 'key-1', how: 'force'}),
			() => store.list(ID.scope, ID.name),
			async () => (await store.list(ID.scope)).map(({record}) => record),
			async () => (await store.list(ID.scope, undefined, true)).map(({record}) => record),
		];
		for (const freed of [true, false]) {
			before.rows[0].freed = freed;
			await pool.query(`UPDATE ${table} SET freed = $1`, [freed]);
			for (const step of steps) await expect(step()).rejects.toThrow('it has version 2, this release knows 1');
			expect(await store.sweep()).toBe(0);
			expect((await pool.query(`SELECT * FROM ${table}`)).rows).toEqual(before.rows);
		}
	});
});

test('what cannot be told to be settled is among what is open, and no sweep takes it', async () => {
	await store.claim(ID, claimOf());
	await pool.query(`UPDATE ${table} SET status = 'lost', keep_until = 0`);
	expect(await store.sweep()).toBe(0);
	expect(await store.list(ID.scope, undefined, true)).toHaveLength(1);
});

describe('a sweep', () => {
	beforeEach(async () => {
		await store.claim(ID, claimOf());
		await settle({keepAnswer: true, answer});
		const {fields} = await pool.query(`SELECT * FROM ${table} LIMIT 0`);
		const others = fields.map(({name}) => (name === 'id' ? `'copy ' || i` : name)).join(', ');
		await pool.query(`INSERT INTO ${table} SELECT ${others} FROM ${table}, generate_series(1, 599) AS i`);
		driver.verbs.length = 0;
	});

	test('goes over many records in parts, and says how many went', async () => {
		await pool.query(`UPDATE ${table} SET keep_until = 1`);
		expect(await store.sweep()).toBe(600);
		expect(driver.verbs).toEqual(['DELETE', 'DELETE', 'DELETE', 'UPDATE']);
		expect(await store.sweep()).toBe(0);
	});

	test('clears many answers in parts, and leaves their records', async () => {
		await pool.query(`UPDATE ${table} SET answer_until = 1`);
		expect(await store.sweep()).toBe(0);
		expect(driver.verbs).toEqual(['DELETE', 'UPDATE', 'UPDATE', 'UPDATE']);
		const left = `SELECT count(*)::int AS records, count(answer)::int AS answers, count(answer_until)::int AS times FROM ${table}`;
		expect((await pool.query(left)).rows).toEqual([{records: 600, answers: 0, times: 0}]);
	});

	test('leaves alone what is open, whatever its times say', async () => {
		await pool.query(`UPDATE ${table} SET keep_until = 1, status = 'unknown' WHERE id LIKE 'copy 1%'`);
		await pool.query(`UPDATE ${table} SET freed = true WHERE id LIKE 'copy 1__'`);
		expect(await store.sweep()).toBe(100);
	});

	test('does not wait for a record that another statement is at', async () => {
		await pool.query(`UPDATE ${table} SET keep_until = 1 WHERE id LIKE 'copy 1%'`);
		const client = await pool.connect();
		await client.query('BEGIN');
		await client.query(`SELECT FROM ${table} WHERE id = 'copy 1' FOR UPDATE`);
		expect(await store.sweep()).toBe(110);
		await client.query('ROLLBACK');
		client.release();
		expect(await store.sweep()).toBe(1);
	});
});
