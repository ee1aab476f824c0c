import type {Asked} from '../asked.ts';
import type {KeptAnswer} from '../entry.ts';
import {packKept, unpackKept} from '../row.ts';

type Value = string | number | Uint8Array | null;

/** A connection that runs synchronously: a `DatabaseSync` of `node:sqlite`, or a `Database` of better-sqlite3. */
export type SqliteDatabase = {
	exec(sql: string): unknown;
	prepare(sql: string): {get(...values: Value[]): unknown; run(...values: Value[]): unknown};
};

/** What stands under a key. `answer`: `null` where somebody has committed from within. */
export type FoundKey = {readonly fingerprint: string; readonly answer: KeptAnswer | null};

/** The keys of a connection. Times are milliseconds since the epoch, by the clock of the process. */
export function keysIn(database: SqliteDatabase, table: string) {
	const quoted = `"${table.replaceAll('"', '""')}"`;
	const index = `"${`${table}_expires_at`.replaceAll('"', '""')}"`;
	const run = (sql: string, ...values: Value[]) =>
		Number((database.prepare(sql).run(...values) as {changes: unknown}).changes);
	return {
		setup(): void {
			database.exec(`CREATE TABLE IF NOT EXISTS ${quoted} (id TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL,
	fingerprint TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, answer BLOB) STRICT;
CREATE INDEX IF NOT EXISTS ${index} ON ${quoted} (expires_at)`);
		},
		find(id: string, now: number): FoundKey | undefined {
			const sql = `SELECT fingerprint, answer FROM ${quoted} WHERE id = ? AND expires_at > ?`;
			const row = database.prepare(sql).get(id, now) as
				| {fingerprint: string; answer: Uint8Array | null}
				| null
				| undefined;
			return row ? {fingerprint: row.fingerprint, answer: row.answer && unpackKept(row.answer)} : undefined;
		},
		/** In the place of one that is past its time. */
		put(id: string, {subject, fingerprint}: Asked, now: number, retention: number): void {
			const sql = `INSERT OR REPLACE INTO ${quoted} VALUES (?, ?, ?, ?, ?, NULL)`;
			run(sql, id, JSON.stringify(subject), fingerprint, now, Math.min(Math.ceil(now + retention), 2 ** 52));
		},
		/** Whether it was there. */
		keep: (id: string, answer: KeptAnswer): boolean =>
			run(`UPDATE ${quoted} SET answer = ? WHERE id = ? AND answer IS NULL`, packKept(answer), id) === 1,
		sweep: (now: number, most: number): number =>
			run(`DELETE FROM ${quoted} WHERE id IN (SELECT id FROM ${quoted} WHERE expires_at <= ? LIMIT ?)`, now, most),
	};
}

/** Somebody else is writing. Of better-sqlite3 the code is a name. */
export function isBusy(error: unknown): boolean {
	const {code, errcode} = Object(error) as {code?: unknown; errcode?: number};
	const primary = (errcode ?? 0) & 0xff;
	return primary === 5 || primary === 6 || /^SQLITE_(BUSY|LOCKED)/.test(String(code));
}

/** Runs alone, at once or not at all. What it throws undoes it. */
export function transact<R>(database: SqliteDatabase, run: () => R): R {
	// SQLite waits for a lock by blocking the process, so it is told not to; the connection is somebody's, who said how long.
	const {timeout} = database.prepare('PRAGMA busy_timeout').get() as {timeout: number};
	database.exec('PRAGMA busy_timeout = 0');
	try {
		database.exec('BEGIN IMMEDIATE');
		try {
			const result = run();
			database.exec('COMMIT');
			return result;
		} catch (error) {
			try {
				database.exec('ROLLBACK');
			} catch {
				// It has been undone already.
			}

			throw error;
		}
	} finally {
		database.exec(`PRAGMA busy_timeout = ${timeout}`);
	}
}
