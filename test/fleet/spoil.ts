import {DatabaseSync} from 'node:sqlite';
import {Redis} from 'ioredis';
import {Pool} from 'pg';
import {placeOf} from '../../src/stores/redis/record.ts';
import {rowId} from '../../src/stores/row.ts';
import type {OperationId} from '../../src/stores/store.ts';
import type {Place} from './place.ts';

/** Sets a column of one record behind the store's back, to what its engine would not let it be. `null`: nothing. */
export async function spoil(place: Place, id: OperationId, column: string, value: string | number | null) {
	if (place.engine === 'sqlite') spoilSqlite(place.path, id, column, value);
	else if (place.engine === 'postgres') await spoilPostgres(place, id, column, value);
	else await spoilRedis(place, id, column, value);
}

function spoilSqlite(path: string, id: OperationId, column: string, value: string | number | null): void {
	const database = new DatabaseSync(path);
	const columns = database.prepare(`SELECT name FROM pragma_table_info('operations')`).all();
	const names = columns.map(({name}) => (name === 'id' ? 'id PRIMARY KEY' : String(name)));
	// The same table without types.
	database.exec(
		`ALTER TABLE operations RENAME TO typed; CREATE TABLE operations (${names.join(', ')});
		INSERT INTO operations SELECT * FROM typed; DROP TABLE typed`,
	);
	const packed = column === 'answer' || column === 'request';
	const spoilt = packed && typeof value === 'string' ? Buffer.from(value) : value;
	database.prepare(`UPDATE operations SET ${column} = ? WHERE id = ?`).run(spoilt, rowId(id));
	database.close();
}

async function spoilPostgres(
	{url, table}: {readonly url: string; readonly table: string},
	id: OperationId,
	column: string,
	value: string | number | null,
): Promise<void> {
	const pool = new Pool({connectionString: url, max: 1});
	pool.on('error', () => undefined);
	try {
		const packed = column === 'answer' || column === 'request';
		const kind = typeof value === 'string' && /^(token|key_until)$/.test(column) ? `, ALTER ${column} TYPE text` : '';
		await pool.query(`ALTER TABLE "${table}" ALTER ${column} DROP NOT NULL${kind}`);
		const spoilt = packed && typeof value === 'string' ? Buffer.from(value) : value;
		await pool.query(`UPDATE "${table}" SET ${column} = $1 WHERE id = $2`, [spoilt, rowId(id)]);
	} finally {
		await pool.end();
	}
}

async function spoilRedis(
	{url, prefix}: {readonly url: string; readonly prefix: string},
	id: OperationId,
	column: string,
	value: string | number | null,
): Promise<void> {
	const client = new Redis(url);
	const [op, answer] = placeOf(prefix, id).keys;
	const text = String(value);
	const packed = Buffer.from(text).toString('base64');
	if (column === 'answer') await client.multi().hset(op, 'answer_until', Date.now()).set(answer, packed).exec();
	else if (column === 'request') await client.hset(op, column, packed);
	else if (value === null) await client.hdel(op, column);
	else await client.hset(op, column, text);
	client.disconnect();
}
