import type {Pool, PoolClient} from 'pg';
import type {Order} from './orders.ts';

/** Many accounts, so that requests at once do not wait for each other's rows. */
const ACCOUNTS = 10_000;

export const transferTables = `
SELECT pg_advisory_lock(4711);
CREATE TABLE IF NOT EXISTS bench_accounts (id integer PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS bench_transfers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account integer NOT NULL, amount bigint NOT NULL);
INSERT INTO bench_accounts SELECT i, 1000000000 FROM generate_series(1, ${ACCOUNTS}) AS i ON CONFLICT DO NOTHING;
SELECT pg_advisory_unlock(4711);
`;

/** One SELECT, and two writes. */
export async function transferIn(tx: Pick<PoolClient, 'query'>, request: Request): Promise<Response> {
	const {amount} = (await request.json()) as Order;
	const account = 1 + Math.floor(Math.random() * ACCOUNTS);
	const {rows} = await tx.query<{balance: string}>('SELECT balance FROM bench_accounts WHERE id = $1', [account]);
	if (Number(rows[0]?.balance) < amount) return Response.json({error: 'declined'}, {status: 402});
	await tx.query('UPDATE bench_accounts SET balance = balance - $2 WHERE id = $1', [account, amount]);
	await tx.query('INSERT INTO bench_transfers (account, amount) VALUES ($1, $2)', [account, amount]);
	return Response.json({transferred: amount}, {status: 201});
}

/** The same in a transaction by hand, without a key. */
export function transferInItsOwn(pool: Pool): (request: Request) => Promise<Response> {
	return async request => {
		const client = await pool.connect();
		try {
			await client.query('BEGIN');
			const response = await transferIn(client, request);
			await client.query('COMMIT');
			return response;
		} catch (error) {
			await client.query('ROLLBACK');
			throw error;
		} finally {
			client.release();
		}
	};
}
