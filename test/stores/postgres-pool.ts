import {randomUUID} from 'node:crypto';
import {Pool, type PoolConfig} from 'pg';
import type {Queryable} from '../../src/stores/postgres.ts';

/** A pool whose lost connections are nobody's concern: they are what the tests make. */
export function openPool(url: string, options: PoolConfig = {}): Pool {
	const pool = new Pool({connectionString: url, ...options});
	pool.on('error', () => undefined);
	// `end()` does not wait for its connections, and the engine may be stopped before they are closed.
	pool.on('connect', client => client.on('error', () => undefined));
	return pool;
}

/** Of its own for each test, in whatever database there is. */
export function someTable(): string {
	return `latchkey_test_${randomUUID().replaceAll('-', '')}`;
}

/** The same driver, and which statements it ran: by their first word that tells them apart. */
export function watched(queryable: Queryable) {
	const verbs: string[] = [];
	return {
		verbs,
		async query(text: string, values: unknown[]) {
			verbs.push(/INSERT|UPDATE|DELETE|DO|SELECT/.exec(text)?.[0].trim() ?? text);
			return queryable.query(text, values);
		},
	};
}

/** Resolves once so many statements wait for a lock on the table. */
export async function blocked(pool: Pool, table: string, many = 1): Promise<void> {
	const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND pid <> pg_backend_pid()`;
	while ((await pool.query(waiting, [`%${table}%`])).rows.length < many);
}
