import {randomUUID} from 'node:crypto';
import {postgresStore, type Queryable} from 'latchkey/stores/postgres';
import {Pool} from 'pg';
import {prepared} from '../../test/support/prepared.ts';
import {begunRow, handColumns, settledColumns, settledFields, type Subject} from './subject.ts';

export async function postgresSubject(connectionString: string): Promise<Subject> {
	const pool = openPool(connectionString);
	return subjectOn('postgres', pool, pool);
}

export async function preparedPostgresSubject(connectionString: string): Promise<Subject> {
	const pool = openPool(connectionString);
	return subjectOn('postgres, prepared', pool, prepared(pool));
}

function openPool(connectionString: string): Pool {
	// A new connection takes longer than anything that is measured.
	const pool = new Pool({connectionString, idleTimeoutMillis: 0});
	pool.on('error', () => undefined);
	return pool;
}

async function subjectOn(title: string, pool: Pool, queryable: Queryable): Promise<Subject> {
	const name = `bench_${randomUUID().slice(0, 8)}`;
	const [table, hand] = [`${name}_operations`, `${name}_hand`];
	const store = postgresStore({pool: queryable, table});
	await store.setup();
	await pool.query(`CREATE TABLE ${hand} (id text PRIMARY KEY, ${handColumns.slice(1).join(' text, ')} text)`);
	const insert = `INSERT INTO ${hand} VALUES (${handColumns.map((_, i) => `$${i + 1}`).join(', ')})`;
	const changes = settledColumns.map((column, i) => `${column} = $${i + 2}`);
	const update = `UPDATE ${hand} SET ${changes.join(', ')} WHERE id = $1`;

	return {
		name: title,
		store,
		async byHand(id) {
			await queryable.query(insert, Object.values(begunRow(id)));
			await queryable.query(update, [id, ...Object.values(settledFields())]);
		},
		growth: {
			async fill(count) {
				const columns = await pool.query<{name: string}>(
					'SELECT column_name AS name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position',
					[table],
				);
				const copied = columns.rows.map(column =>
					column.name === 'id' ? 'md5(i::text) || md5((-i)::text)' : column.name,
				);
				await pool.query(`INSERT INTO ${table} SELECT ${copied.join(', ')}
					FROM generate_series(1, ${count}) AS i, (SELECT * FROM ${table} WHERE keep_until > 0 LIMIT 1) AS one`);
				await pool.query(`VACUUM ANALYZE ${table}`);
				await pool.query('CHECKPOINT');
			},
			async expire(count) {
				await pool.query(`UPDATE ${table} SET keep_until = 1 WHERE ctid = ANY(ARRAY(
					SELECT ctid FROM ${table} WHERE keep_until > 1 LIMIT ${count}))`);
				await pool.query('CHECKPOINT');
			},
			sweep: async () => store.sweep(),
		},
		async close() {
			await pool.query(`DROP TABLE ${table}, ${hand}`);
			await pool.end();
		},
	};
}
