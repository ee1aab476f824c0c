import type {Pool, PoolClient, PoolConfig} from 'pg';
import type {TransactionalHandler, TransactionalOptions} from '../../src/server/postgres.ts';
import {transactional} from '../../src/server/postgres.ts';
import {openPool, someTable} from '../stores/postgres-pool.ts';

/** Charges in a table, and a guard whose keys are beside them. */
export async function someBank(url: string, config: PoolConfig = {}) {
	const pool: Pool = openPool(url, {max: 8, ...config});
	const table = someTable();
	const charges = `${table}_charges`;
	await pool.query(`CREATE TABLE ${charges} (payer text, amount integer)`);
	const guards = (options: Partial<TransactionalOptions<PoolClient>> = {}) =>
		transactional<PoolClient>({database: pool, scope: null, table, storeTimeout: 20_000, ...options});
	await guards().setup();
	const count = async (of: string) => Number((await pool.query(`SELECT count(*) AS n FROM ${of}`)).rows[0].n);
	return {
		pool,
		table,
		charges,
		guards,
		/** A guarded handler. */
		guard: (
			handler: TransactionalHandler<PoolClient, readonly never[]>,
			options: Partial<TransactionalOptions<PoolClient>> = {},
		) => guards(options)(handler),
		/** Charges once, and says so. */
		charge: (async (request, {tx}) => {
			const {amount} = (await request.json()) as {amount: number};
			await tx.query(`INSERT INTO ${charges} VALUES ($1, $2)`, [request.headers.get('x-user') ?? 'ann', amount]);
			return Response.json({charged: amount}, {status: 201});
		}) satisfies TransactionalHandler<PoolClient, readonly never[]>,
		/** How many charges there are, and how many keys. */
		counts: async () => ({charges: await count(charges), keys: await count(table)}),
		async remove() {
			await pool.query(`DROP TABLE IF EXISTS ${charges}, ${table}`);
			await pool.end();
		},
	};
}

export type Bank = Awaited<ReturnType<typeof someBank>>;
