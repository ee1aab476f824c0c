import {Client, Pool, type PoolClient} from 'pg';

/** What each lane has in a database of its own. No constraint says that an order is there once: that is what is counted. */
const schema = `
CREATE TABLE orders (id bigserial PRIMARY KEY, number integer NOT NULL, amount integer NOT NULL, request text);
CREATE TABLE outbox (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), number integer NOT NULL, published_at timestamptz);
CREATE TABLE shipments (id bigserial PRIMARY KEY, number integer NOT NULL);
`;

/** A new database on this server. */
export async function createDatabase(server: string, name: string): Promise<string> {
	await runOn(server, `CREATE DATABASE ${name}`);
	const url = new URL(server);
	url.pathname = name;
	await runOn(url.href, schema);
	return url.href;
}

async function runOn(url: string, statement: string): Promise<void> {
	const client = new Client(url);
	await client.connect();
	await client.query(statement);
	await client.end();
}

export function poolAt(url: string): Pool {
	const pool = new Pool({connectionString: url, max: 16});
	pool.on('error', () => undefined);
	return pool;
}

export async function inTransaction<T>(pool: Pool, run: (tx: PoolClient) => Promise<T>): Promise<T> {
	const client = await pool.connect();
	try {
		await client.query('BEGIN');
		const result = await run(client);
		await client.query('COMMIT');
		return result;
	} catch (error) {
		await client.query('ROLLBACK').catch(() => undefined);
		throw error;
	} finally {
		client.release();
	}
}

/** Rows of one stage, and how many orders have several of them, or none. */
export type Tally = {readonly rows: number; readonly doubled: number; readonly missing: number};

const numbers = {
	orders: 'SELECT number FROM orders',
	outbox: 'SELECT number FROM outbox',
	latchkey_outbox: `SELECT (convert_from(value, 'UTF8')::json->>'number')::integer AS number FROM latchkey_outbox`,
	shipments: 'SELECT number FROM shipments',
} as const;

export async function tally(pool: Pool, table: keyof typeof numbers, orders: number): Promise<Tally> {
	const {rows} = await pool.query<{count: number}>(
		`SELECT count(*)::integer FROM (${numbers[table]}) AS found GROUP BY number`,
	);
	return {
		rows: rows.reduce((sum, {count}) => sum + count, 0),
		doubled: rows.filter(({count}) => count > 1).length,
		missing: orders - rows.length,
	};
}
