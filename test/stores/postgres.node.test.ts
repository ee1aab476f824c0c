import type {Pool} from 'pg';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {postgresStore, type Queryable} from '../../src/stores/postgres.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {prepared} from '../support/prepared.ts';
import {timelessPlace} from './postgres-place.ts';
import {openPool, someTable} from './postgres-pool.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
beforeAll(async () => {
	server = await somePostgres();
}, 60_000);
afterAll(async () => server.remove());

const itself = (pool: Pool): Queryable => pool;

describe.each([
	['one connection', {max: 1}, '', itself],
	['several connections', {max: 12}, '', itself],
	['several connections with prepared statements', {max: 12}, '', prepared],
	['several connections, where transactions are repeatable', {max: 12}, 'repeatable read', itself],
	['several connections, where transactions are serializable', {max: 12}, 'serializable', itself],
])('a Postgres store over %s', (_, limits, isolation, adapted) => {
	let place: Awaited<ReturnType<typeof timelessPlace>>;
	let pool: Pool;
	let queryable: Queryable;
	beforeAll(async () => {
		place = await timelessPlace(server.url);
		const isolated = isolation && ` -c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`;
		pool = openPool(server.url, {...limits, options: place.options + isolated});
		queryable = adapted(pool);
	});
	afterAll(async () => {
		await pool.end();
		await place.remove();
	});

	storeContract({
		test,
		async makeStore() {
			const store = postgresStore({pool: queryable, table: someTable()});
			await store.setup();
			return store;
		},
		elapse: async ms => place.elapse(ms),
	});

	test('runs as it says', async () => {
		const {rows} = await pool.query('SHOW transaction_isolation');
		expect(rows).toEqual([{transaction_isolation: isolation || 'read committed'}]);
	});
});
