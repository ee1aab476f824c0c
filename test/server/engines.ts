import {spawn} from 'node:child_process';
import {environment} from '../../src/environment.ts';
import type {EntryStore} from '../../src/server/entry.ts';
import {memoryEntriesIn} from '../../src/server/memory.ts';
import {postgresEntries} from '../../src/server/postgres.ts';
import {redisEntries} from '../../src/server/redis.ts';
import {sqliteEntriesIn} from '../../src/server/sqlite.ts';
import {timelessPlace} from '../stores/postgres-place.ts';
import {openPool} from '../stores/postgres-pool.ts';
import {agingOn} from '../stores/redis-aging.ts';
import {nodeRedis} from '../stores/redis-clients.ts';
import {projectFolder, scriptArguments} from '../stores/sqlite-folder.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {anyRedis} from '../support/redis-server.ts';

/** A store of entries on its own engine, whose time can be moved on. */
export type Engine = {
	readonly store: EntryStore;
	/** What a script of another process writes to have `store`. `undefined`: no other process can have it. */
	readonly script?: (source: (path: string) => string) => string;
	readonly elapse: (ms: number) => Promise<void> | void;
	readonly close: () => Promise<void>;
};

/** No step of a test is to be slow for a machine that is busy. */
const PATIENT = 30_000;

function memory(): Engine {
	let passed = 0;
	return {
		store: memoryEntriesIn({now: () => Date.now() + passed}),
		elapse(ms) {
			passed += ms;
		},
		close: async () => undefined,
	};
}

function sqlite(path: string): Engine {
	let passed = 0;
	const store = sqliteEntriesIn({...environment, now: () => Date.now() + passed}, {path});
	return {
		store,
		script: source => `
			import {sqliteEntriesIn} from ${source('server/sqlite.ts')};
			import {environment} from ${source('environment.ts')};
			const store = sqliteEntriesIn({...environment, now: () => Date.now() + ${passed}}, {path: ${JSON.stringify(path)}});`,
		elapse(ms) {
			passed += ms;
		},
		close: async () => store.close?.(),
	};
}

async function redis(): Promise<Engine> {
	const engine = await anyRedis();
	const prefix = engine.freshPrefix();
	const {client, close} = await nodeRedis(engine.url);
	const aging = agingOn([engine.url], prefix);
	return {
		store: redisEntries({client, prefix, commandTimeout: PATIENT}),
		script: source => `
			import {createClient} from 'redis';
			import {redisEntries} from ${source('server/redis.ts')};
			const client = createClient({url: ${JSON.stringify(engine.url)}});
			await client.connect();
			const store = redisEntries({client, prefix: ${JSON.stringify(prefix)}, commandTimeout: ${PATIENT}});`,
		elapse: async ms => aging.elapse(ms),
		async close() {
			close();
			await engine.close();
		},
	};
}

async function postgres(): Promise<Engine> {
	const engine = await somePostgres();
	const place = await timelessPlace(engine.url);
	const pool = openPool(engine.url, {max: 4, options: place.options});
	const store = postgresEntries({pool});
	await store.setup();
	return {
		store,
		script: source => `
			import {Pool} from 'pg';
			import {postgresEntries} from ${source('server/postgres.ts')};
			const pool = new Pool({connectionString: ${JSON.stringify(engine.url)}, max: 4, options: ${JSON.stringify(place.options)}});
			const store = postgresEntries({pool});`,
		elapse: async ms => place.elapse(ms),
		async close() {
			await pool.end();
			await place.remove();
			await engine.remove();
		},
	};
}

/** `freshFile`: gives a path for one more file. */
export function enginesIn(freshFile: () => string) {
	return [
		['memory', async (): Promise<Engine> => memory()],
		['SQLite', async (): Promise<Engine> => sqlite(freshFile())],
		['Redis', redis],
		['Postgres', postgres],
	] as const;
}

/** Another process, which has `store` and runs this. */
export function processOn({script}: Engine, run: string) {
	const whole = (source: (path: string) => string) => `
		${script?.(source)}
		import {appendFileSync} from 'node:fs';
		import {idempotent} from ${source('server/index.ts')};
		${run}
	`;
	return spawn(process.execPath, scriptArguments(whole), {cwd: projectFolder, stdio: ['pipe', 'pipe', 'inherit']});
}
