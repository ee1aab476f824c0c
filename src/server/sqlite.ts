import type {DatabaseSync, StatementSync} from 'node:sqlite';
import {clock} from '../clock.ts';
import {connectTo, type SqliteEnvironment} from '../stores/sqlite/connection.ts';
import {fileError} from '../stores/sqlite/failure.ts';
import {nodeSqlite} from '../stores/sqlite/node-sqlite.ts';
import {checkOptions} from '../validate.ts';
import {stepsBy} from './compared.ts';
import type {EntryStore} from './entry.ts';
import {entryOf, entryRow, guardColumn, type EntryRow} from './row.ts';

export {
	transactional,
	type SqliteAnswer,
	type SqliteHandler,
	type SqliteTransactional,
} from './transactional/sqlite.ts';
export type {SqliteTransactionalOptions} from './transactional/sqlite-options.ts';
export type {SqliteDatabase} from './transactional/sqlite-table.ts';

export type SqliteEntriesOptions = {
	/**
	 * The file; it may hold other tables, those of `sqliteStore` among them. `':memory:'` keeps the entries in this store alone.
	 */
	readonly path: string;
};

const columns: Readonly<Record<keyof EntryRow, string>> = {
	id: 'TEXT NOT NULL PRIMARY KEY',
	version: 'INTEGER NOT NULL',
	guard: 'TEXT NOT NULL',
	subject: 'TEXT NOT NULL',
	fingerprint: 'TEXT NOT NULL',
	state: 'TEXT NOT NULL',
	acted: 'INTEGER NOT NULL',
	owner: 'TEXT NOT NULL',
	token: 'INTEGER NOT NULL',
	lease_until: 'INTEGER NOT NULL',
	created_at: 'INTEGER NOT NULL',
	expires_at: 'INTEGER',
	answer: 'BLOB',
};
const names = Object.keys(columns);

type Statements = Readonly<Record<'find' | 'put' | 'drop' | 'unsettled' | 'sweep', StatementSync>>;

/** So many entries a transaction. */
const BATCH = 100;

function prepareTable(database: DatabaseSync, file: string): void {
	const found = database.prepare(`SELECT name FROM pragma_table_info('entries')`).all();
	const odd = found.length > 0 && found.map(({name}) => String(name)).join() !== names.join();
	if (odd) throw fileError(file, 'has a table "entries" that is not of this release of latchkey: name another file');
	database.exec(`
		CREATE TABLE IF NOT EXISTS entries (${Object.entries(columns)
			.map(([name, type]) => `${name} ${type}`)
			.join(', ')}) STRICT;
		CREATE INDEX IF NOT EXISTS entries_unsettled ON entries (guard, created_at) WHERE expires_at IS NULL;
		CREATE INDEX IF NOT EXISTS entries_expires_at ON entries (expires_at) WHERE expires_at IS NOT NULL;
		DELETE FROM entries WHERE FALSE;
	`);
}

/** What is gone with its owner, and cannot have acted. */
const idle = `state = 'running' AND acted = 0 AND lease_until <= :now`;

function prepareStatements(database: DatabaseSync): Statements {
	const updates = names.slice(1).map(name => `${name} = excluded.${name}`);
	return {
		find: database.prepare('SELECT * FROM entries WHERE id = ?'),
		put: database.prepare(
			`INSERT INTO entries (${names.join(', ')}) VALUES (${names.map(name => `:${name}`).join(', ')})
			ON CONFLICT (id) DO UPDATE SET ${updates.join(', ')}`,
		),
		drop: database.prepare('DELETE FROM entries WHERE id = ?'),
		unsettled: database.prepare(
			`SELECT * FROM entries WHERE guard = :guard AND expires_at IS NULL AND NOT (${idle}) ORDER BY created_at LIMIT :most`,
		),
		sweep: database.prepare(
			`DELETE FROM entries WHERE id IN (SELECT id FROM entries
			WHERE (version = 1 AND expires_at <= :now) OR (expires_at IS NULL AND version = 1 AND ${idle}) LIMIT :most)`,
		),
	};
}

/**
 * Keeps the entries of guards in a file of SQLite, through Node's own `node:sqlite`: they outlive crashes, and all
 * processes of the machine share them. A step is one transaction, on disk before it is answered. Time is that of the
 * process. What else is said of files in docs/stores.md holds here, too.
 *
 * @throws {TypeError} for options that cannot be.
 * @throws {Error} on a Node before 22.13.
 * @example
 * import {idempotent} from 'latchkey/server';
 * import {sqliteEntries} from 'latchkey/server/sqlite';
 *
 * const store = sqliteEntries({path: '/var/lib/shop/latchkey.db'});
 * const pay = idempotent(handler, {store, scope: request => userOf(request).id});
 */
export function sqliteEntries(options: SqliteEntriesOptions): EntryStore {
	return sqliteEntriesIn(clock, options);
}

/** @internal */
export function sqliteEntriesIn(environment: SqliteEnvironment, options: SqliteEntriesOptions): EntryStore {
	const path = {
		expects: `the path of a file, or ':memory:'`,
		test: (value: unknown) => typeof value === 'string' && value !== '' && !value.includes('\0'),
	};
	checkOptions('sqliteEntries', options, {path}, {});
	nodeSqlite();
	const {write, read, close} = connectTo(environment, options.path, {prepareTable, prepareStatements});

	return {
		...stepsBy(async (id, rule) =>
			write(({find, put, drop}) => {
				const row = find.get(id);
				const {result, write: written} = rule(row && entryOf(row), environment.now());
				if (written) put.run(entryRow(written, id));
				if (written === null) drop.run(id);
				return result;
			}),
		),
		async unsettled(guard, limit) {
			const now = environment.now();
			const rows = await read(statements => statements.unsettled.all({guard: guardColumn(guard), most: limit, now}));
			return rows.map(row => ({entry: entryOf(row), now}));
		},
		async sweep() {
			for (let swept = 0; ;) {
				const {changes} = await write(({sweep}) => sweep.run({now: environment.now(), most: BATCH}));
				swept += Number(changes);
				if (Number(changes) < BATCH) return swept;
			}
		},
		close,
	};
}
