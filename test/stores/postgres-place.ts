import {randomUUID} from 'node:crypto';
import {Client} from 'pg';

export type Place = {
	readonly client: Client;
	readonly schema: string;
	/** For a pool that works in it. */
	readonly options: string;
	remove(): Promise<void>;
};

/** A schema of its own, so that tests may share a database and leave nothing in it. */
export async function somePlace(url: string): Promise<Place> {
	const schema = `latchkey_${randomUUID().replaceAll('-', '')}`;
	const client = new Client(url);
	client.on('error', () => undefined);
	await client.connect();
	await client.query(`CREATE SCHEMA ${schema}`);
	return {
		client,
		schema,
		// Before the system's own, so that a function in it may stand for one of those.
		options: `-c search_path=${schema},pg_catalog,public`,
		async remove() {
			await client.query(`DROP SCHEMA ${schema} CASCADE`);
			await client.end();
		},
	};
}

/** A place where `statement_timestamp()` moves only when it is told to. */
export async function timelessPlace(url: string): Promise<Place & {elapse(ms: number): Promise<void>}> {
	const place = await somePlace(url);
	const {client, schema} = place;
	await client.query(`CREATE TABLE ${schema}.clock AS SELECT date_trunc('milliseconds', now()) AS time;
		CREATE FUNCTION ${schema}.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT time FROM ${schema}.clock'`);
	return {
		...place,
		async elapse(ms) {
			await client.query(`UPDATE ${schema}.clock SET time = time + $1 * interval '1 millisecond'`, [ms]);
		},
	};
}
