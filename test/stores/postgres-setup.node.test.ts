import type {Pool} from 'pg';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {postgresStore, type Queryable} from '../../src/stores/postgres.ts';
import {schemaSql} from '../../src/stores/postgres/schema.ts';
import {startPostgres, type PostgresServer} from '../support/postgres-server.ts';
import {claimOf, ID} from './claim-of.ts';
import {openPool, someTable, watched} from './postgres-pool.ts';
import {recordsIn} from '../support/records.ts';

let server: PostgresServer;
let pool: Pool;
beforeAll(async () => {
	server = await startPostgres();
	pool = openPool(server.url);
}, 60_000);
afterAll(async () => {
	await pool.end();
	await server.remove();
});

/** As `user`, who may do nothing that was not granted. */
function poolOf(user: string, password = 'secret'): Pool {
	return openPool(server.url, {connectionString: undefined, ...poolAddress(), user, password});
}

function poolAddress() {
	const {hostname: host, port, pathname} = new URL(server.url);
	return {host, port: Number(port), database: pathname.slice(1)};
}

async function layout(table: string): Promise<unknown> {
	const columns = `SELECT column_name, data_type, is_nullable, collation_name FROM information_schema.columns WHERE table_name = $1`;
	const indexes = `SELECT replace(indexdef, $1, '') AS index FROM pg_indexes WHERE tablename = $1 ORDER BY 1`;
	const comment = `SELECT obj_description(to_regclass($1), 'pg_class') AS comment`;
	const parts = [columns, indexes, comment].map(async text => (await pool.query(text, [table])).rows);
	return Promise.all(parts);
}

describe('setup', () => {
	test('makes the table once, however many processes begin with it', async () => {
		const table = someTable();
		const pools = Array.from({length: 8}, () => openPool(server.url, {max: 1}));
		await Promise.all(pools.map(async each => postgresStore({pool: each, table}).setup()));
		await Promise.all(pools.map(async each => each.end()));
		const [columns, indexes] = (await layout(table)) as [unknown[], unknown[]];
		expect(columns).toHaveLength(27);
		expect(indexes).toHaveLength(5);
		expect((await postgresStore({pool, table}).claim(ID, claimOf())).status).toBe('claimed');
	});

	test('takes a table that another process makes at that moment for one that is there', async () => {
		const table = someTable();
		const client = await pool.connect();
		// What this sees is of now, but for what Postgres looks up by name.
		await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
		await client.query('SELECT');
		await postgresStore({pool, table}).setup();
		let looks = 0;
		const late: Queryable = {query: async (text, values) => (looks++ === 0 ? client : pool).query(text, values)};
		await postgresStore({pool: late, table})
			.setup()
			.finally(() => {
				client.release(true);
			});
		expect(looks).toBeGreaterThan(1);
		expect((await postgresStore({pool, table}).claim(ID, claimOf())).status).toBe('claimed');
	});

	test('makes what the SQL for migrations makes, and finds nothing to do after it', async () => {
		const [ours, theirs] = [someTable(), someTable()];
		await postgresStore({pool, table: ours}).setup();
		await pool.query(schemaSql(theirs));
		expect(await layout(theirs)).toEqual(await layout(ours));
		const driver = watched(pool);
		await postgresStore({pool: driver, table: theirs}).setup();
		expect(driver.verbs).toEqual(['SELECT']);
	});

	test('needs no right to create where nothing is to be made, nor do the steps', async () => {
		const table = someTable();
		const store = (user: string) => postgresStore({pool: poolOf(user), table});
		await pool.query(`CREATE ROLE clerk LOGIN PASSWORD 'secret'`);
		await expect(store('clerk').setup()).rejects.toThrow(
			/^Postgres: permission denied for schema public \(grant .*CREATE/,
		);
		await postgresStore({pool, table}).setup();
		await expect(store('clerk').claim(ID, claimOf())).rejects.toThrow(
			`Postgres: permission denied for table ${table} (grant SELECT, INSERT, UPDATE and DELETE on ${table};`,
		);
		await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO clerk`);
		const clerk = store('clerk');
		await clerk.setup();
		expect((await clerk.claim(ID, claimOf())).status).toBe('claimed');
		expect((await clerk.forget(ID, {key: 'key-1', how: 'force'})).status).toBe('freed');
		expect(await clerk.sweep()).toBe(0);
	});

	test('leaves a table of a newer release alone, and says so', async () => {
		const table = someTable();
		await pool.query(`CREATE TABLE ${table} (id text); COMMENT ON TABLE ${table} IS 'latchkey schema 2; and more'`);
		const before = await layout(table);
		const setup = postgresStore({pool, table}).setup();
		await expect(setup).rejects.toThrow(
			`Postgres: ${table} is of schema 2, this release of latchkey knows 1: update latchkey, or name another table`,
		);
		expect(await layout(table)).toEqual(before);
	});

	test('leaves a table of something else alone, and says so', async () => {
		const table = someTable();
		await pool.query(`CREATE TABLE ${table} (id text)`);
		const before = await layout(table);
		const store = postgresStore({pool, table});
		await expect(store.setup()).rejects.toThrow(`${table} exists, but is not a table of latchkey`);
		await expect(store.claim(ID, claimOf())).rejects.toThrow(`${table} has not the columns of this release`);
		expect(await layout(table)).toEqual(before);
	});

	test('says so where something else has the name', async () => {
		const [type, view] = [someTable(), someTable()];
		await pool.query(`CREATE TYPE ${type} AS ENUM (); CREATE VIEW ${view} AS SELECT 1`);
		await expect(postgresStore({pool, table: type}).setup()).rejects.toThrow(
			`Postgres: something that is no table has the name ${type}`,
		);
		await expect(postgresStore({pool, table: view}).setup()).rejects.toThrow(
			`${view} exists, but is not a table of latchkey`,
		);
	});
});

describe('the table may be named', () => {
	const names = [
		`Orders`,
		`select`,
		`we"ird'; DROP TABLE witness; --`,
		`a\\b\\'c`,
		`$1 $latchkey$ $$`,
		`ünï 💳`,
		`x`.repeat(63),
		`shop.operations`,
		`sh"o'p.o\\p`,
	];

	test.each(['on', 'off'])('anything, where standard_conforming_strings is %s', async setting => {
		await pool.query(`CREATE SCHEMA IF NOT EXISTS shop; CREATE SCHEMA IF NOT EXISTS "sh""o'p";
			CREATE TABLE IF NOT EXISTS witness ()`);
		const own = openPool(server.url, {max: 1, options: `-c standard_conforming_strings=${setting}`});
		for (const table of names) {
			const store = postgresStore({pool: own, table});
			await store.setup();
			await store.setup();
			expect((await store.claim(ID, claimOf())).status).toBe('claimed');
			const state = {status: 'succeeded'} as const;
			await store.settle(ID, {key: 'key-1', owner: 'ann', token: 1, state, fenced: false, keepAnswer: false});
			expect(await recordsIn(store, ID.scope)).toMatchObject([{state}]);
			expect(await store.sweep()).toBe(0);
			const [part, schema = 'public'] = table.split('.').toReversed();
			const made = 'SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2';
			expect((await pool.query(made, [schema, part])).rows).toHaveLength(1);
			await pool.query(`DROP TABLE ${[schema, part].map(name => `"${name?.replaceAll('"', '""')}"`).join('.')}`);
		}

		await own.end();
		expect((await pool.query(`SELECT FROM pg_tables WHERE tablename = 'witness'`)).rows).toHaveLength(1);
	});
});

describe('an error says what to do', () => {
	const claim = async (own: Queryable, table = someTable()) => postgresStore({pool: own, table}).claim(ID, claimOf());

	test('where the table is missing', async () => {
		const error = claim(pool, 'nowhere');
		await expect(error).rejects.toThrow(
			'Postgres: relation "nowhere" does not exist (make the table with "await store.setup()", or with the SQL in docs/stores.md)',
		);
		await expect(error).rejects.toMatchObject({cause: {code: '42P01'}});
	});

	test('where its schema is missing', async () => {
		const setup = postgresStore({pool, table: 'nowhere.operations'}).setup();
		await expect(setup).rejects.toThrow('Postgres: schema "nowhere" does not exist (make the schema first');
	});

	test('where a column is missing', async () => {
		const table = someTable();
		await postgresStore({pool, table}).setup();
		await pool.query(`ALTER TABLE ${table} RENAME COLUMN revision TO revision_2`);
		await expect(claim(pool, table)).rejects.toThrow(
			`${table} has not the columns of this release: it is of another release or of something else`,
		);
		expect((await pool.query(`SELECT FROM ${table}`)).rows).toEqual([]);
	});

	test('where the password is wrong', async () => {
		await expect(claim(poolOf('postgres', 'wrong'))).rejects.toThrow(
			'Postgres: password authentication failed for user "postgres" (check user and password of the pool)',
		);
	});

	test.each(['127.0.0.1', 'localhost'])('where nobody listens at %s', async host => {
		// That of discard, which no engine uses.
		const own = openPool(`postgres://postgres:secret@${host}:9/postgres`);
		await expect(claim(own)).rejects.toThrow(
			/^Postgres: connect ECONNREFUSED .*:9 \(check host and port of the pool, and whether the server runs\)$/,
		);
	});

	test('where the driver answers something else, or throws it', async () => {
		const nothing = {query: async () => ({rows: undefined})} as unknown as Queryable;
		await expect(claim(nothing)).rejects.toThrow('Postgres: query() of the pool gave no rows');
		await expect(claim({query: async () => Promise.reject('gone')})).rejects.toThrow('Postgres: gone');
	});
});

test('a driver may spell bigint, bytea and rows in its own way', async () => {
	const own = openPool(server.url, {
		types: {
			getTypeParser: (oid: number) => (text: string) => {
				if (oid === 20) return BigInt(text);
				if (oid === 16) return text === 't';
				return oid === 17 ? new Uint8Array(Buffer.from(text.slice(2), 'hex')) : text;
			},
		},
	});
	const driver: Queryable = {
		async query(text, values) {
			// Not every driver takes a number for a boolean.
			if (text.includes('INSERT')) expect(values.filter(value => typeof value === 'boolean')).toHaveLength(5);
			const {rows} = await own.query(text, values);
			return {rows: Object.freeze(rows.map(row => ({...row})))};
		},
	};
	const store = postgresStore({pool: driver, table: someTable()});
	await store.setup();
	const request = {method: 'POST', url: 'https://shop.test/', body: new Uint8Array([0, 255])};
	expect(await store.claim(ID, claimOf({request}))).toMatchObject({status: 'claimed', record: {request}});
	const renewed = await store.renew(ID, {key: 'key-1', owner: 'ann', token: 1, lease: 1_000});
	expect(await recordsIn(store, ID.scope)).toEqual([renewed.record]);
	expect(renewed.record?.request?.body).toEqual(request.body);
	expect(await store.sweep()).toBe(0);
	await own.end();
});
