import {randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {Redis} from 'ioredis';
import {Pool} from 'pg';
import {placeOf} from '../../src/stores/redis/record.ts';
import {rowId} from '../../src/stores/row.ts';
import type {OperationId, Store} from '../../src/stores/store.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {anyRedis} from '../support/redis-server.ts';
import {openStore, type Place} from './place.ts';

/** A running engine, and a store in it that nobody else uses. */
export type Engine = {
	/** For other processes. */
	readonly place: Place;
	/** This process's own. */
	readonly store: Store;
	/** Makes of a settled record one that ought to have been swept. */
	readonly outlive: (id: OperationId) => Promise<void>;
	readonly stop: () => Promise<void>;
};

export const engines = {sqlite: startSqlite, redis: startRedis, postgres: startPostgres};

async function startSqlite(): Promise<Engine> {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-fleet-'));
	const place: Place = {engine: 'sqlite', path: join(folder, 'operations.db')};
	const {store, close} = await openStore(place);
	return {
		place,
		store,
		async outlive(id) {
			const database = new DatabaseSync(place.path);
			database.prepare('UPDATE operations SET keep_until = 1 WHERE id = ?').run(rowId(id));
			database.close();
		},
		async stop() {
			await close();
			await rm(folder, {recursive: true});
		},
	};
}

async function startRedis(): Promise<Engine> {
	const server = await anyRedis();
	const place: Place = {engine: 'redis', url: server.url, prefix: `fleet-${randomUUID()}`};
	const {store, close} = await openStore(place);
	const client = new Redis(server.url);
	return {
		place,
		store,
		// When it expires stays as it is, as on a server that is behind with that.
		async outlive(id) {
			await client.hset(placeOf(place.prefix, id).keys[0], 'keep_until', 1);
		},
		async stop() {
			for await (const keys of client.scanStream({match: `${place.prefix}:*`}) as AsyncIterable<string[]>)
				if (keys.length > 0) await client.del(keys);
			client.disconnect();
			await close();
			await server.close();
		},
	};
}

async function startPostgres(): Promise<Engine> {
	const server = await somePostgres();
	const place: Place = {engine: 'postgres', url: server.url, table: `fleet_${randomUUID()}`};
	const {store, close} = await openStore(place);
	const pool = new Pool({connectionString: server.url});
	// The engine may stop before its connections have said good-bye.
	pool.on('error', () => undefined);
	return {
		place,
		store,
		async outlive(id) {
			await pool.query(`UPDATE "${place.table}" SET keep_until = 1 WHERE id = $1`, [rowId(id)]);
		},
		async stop() {
			await pool.query(`DROP TABLE "${place.table}"`);
			await pool.end();
			await close();
			await server.remove();
		},
	};
}
