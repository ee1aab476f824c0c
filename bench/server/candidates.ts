import {join} from 'node:path';
import type {RequestListener} from 'node:http';
import {Idempotency} from '@node-idempotency/core';
import {MemoryStorageAdapter} from '@node-idempotency/storage-adapter-memory';
import {RedisStorageAdapter} from '@node-idempotency/storage-adapter-redis';
import {getSharedIdempotencyService, idempotency} from 'express-idempotency';
import {idempotent as fetchGuard, memoryEntries, type EntryStore} from 'latchkey/server';
import {idempotent as nodeGuard} from 'latchkey/server/node';
import {postgresEntries, transactional} from 'latchkey/server/postgres';
import {redisEntries} from 'latchkey/server/redis';
import {sqliteEntries} from 'latchkey/server/sqlite';
import {Pool} from 'pg';
import {createClient} from 'redis';
import {guardedByCore} from './core.ts';
import {expressApp, listenerOf, order, orderByFetch} from './orders.ts';
import {transferIn, transferInItsOwn, transferTables} from './transfers.ts';

/** Where the engines are. */
export type Engines = {readonly redis: string; readonly postgres: string; readonly folder: string};

/** One way to serve the request. `engines`: started anew for every run. */
type Open = (engines: Engines) => RequestListener | Promise<RequestListener>;

/** The first of a group is what the others are compared with. */
export type Group = Readonly<Record<string, Open>>;

const guarded = (store: EntryStore): RequestListener => nodeGuard(order, {store, scope: null});

function poolOf({postgres}: Engines): Pool {
	const pool = new Pool({connectionString: postgres, max: 10, idleTimeoutMillis: 0});
	pool.on('error', () => undefined);
	return pool;
}

async function onPostgres(engines: Engines): Promise<RequestListener> {
	const store = postgresEntries({pool: poolOf(engines)});
	await store.setup();
	return guarded(store);
}

async function coreOnRedis({redis}: Engines): Promise<RequestListener> {
	const adapter = new RedisStorageAdapter({url: redis});
	await adapter.connect();
	return guardedByCore(new Idempotency(adapter));
}

async function coupled(engines: Engines): Promise<RequestListener> {
	const pool = poolOf(engines);
	await pool.query(transferTables);
	const inTransaction = transactional({database: pool, scope: null});
	await inTransaction.setup();
	return listenerOf(inTransaction(async (request, {tx}) => transferIn(tx, request)));
}

async function apart(engines: Engines): Promise<RequestListener> {
	const pool = poolOf(engines);
	await pool.query(transferTables);
	return listenerOf(transferInItsOwn(pool));
}

export const groups: Readonly<Record<string, Group>> = {
	'node:http, in memory': {
		bare: () => order,
		'latchkey, memory': () => guarded(memoryEntries()),
		'@node-idempotency/core, memory': () => guardedByCore(new Idempotency(new MemoryStorageAdapter())),
	},
	'node:http, on an engine': {
		bare: () => order,
		'latchkey, SQLite': ({folder}) => guarded(sqliteEntries({path: join(folder, 'entries.db')})),
		'latchkey, Redis': async ({redis}) => guarded(redisEntries({client: await createClient({url: redis}).connect()})),
		'@node-idempotency/core, Redis': coreOnRedis,
		'latchkey, Postgres': onPostgres,
	},
	'Express, in memory': {
		bare: () => expressApp([]),
		'latchkey, memory': () => expressApp([nodeGuard({store: memoryEntries(), scope: null})]),
		'express-idempotency, memory': () =>
			expressApp([idempotency()], request => getSharedIdempotencyService().isHit(request)),
	},
	'Fetch, in memory': {
		bare: () => listenerOf(orderByFetch),
		'latchkey, memory': () => listenerOf(fetchGuard(orderByFetch, {store: memoryEntries(), scope: null})),
	},
	'a transaction of Postgres': {
		'its own': apart,
		'latchkey, coupled': coupled,
	},
};
