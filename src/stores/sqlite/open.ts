import {closeSync, openSync, readlinkSync, realpathSync, statSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import type {DatabaseSync} from 'node:sqlite';
import {fileError} from './failure.ts';
import {nodeSqlite} from './node-sqlite.ts';

/** An open file, and the statements on it. */
/** What is kept in a file. Each part is run in the first transaction, and once the file is open. */
export type Layout<S> = {
	readonly prepareTable: (database: DatabaseSync, file: string) => void;
	readonly prepareStatements: (database: DatabaseSync) => S;
};

export type Opened<S> = {
	readonly database: DatabaseSync;
	/** One transaction that nobody else writes in between. Whatever `run` throws undoes it, and is thrown. */
	readonly transact: <R>(run: () => R) => R;
	readonly statements: S;
	/** Tells the file from another one in its place. */
	readonly inode: number | undefined;
};

/** Opens the file, and makes sure that it can be written to. */
export function openFile<S>(file: string, {prepareTable, prepareStatements}: Layout<S>): Opened<S> {
	if (file !== ':memory:') makeFile(targetOf(file));
	const database = new (nodeSqlite().DatabaseSync)(file);
	try {
		// SQLite waits for a lock by blocking the event loop; we try again later instead.
		// `fullfsync` is for macOS, where a plain fsync does not reach the disk.
		// `secure_delete`: what was dropped is overwritten.
		database.exec(
			'PRAGMA busy_timeout = 0; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA secure_delete = ON',
		);
		const transact = transactionsOn(database);
		transact(() => prepareTable(database, file));
		// Only now: a file that is refused is left as it was.
		const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
		if (mode !== 'wal' && mode !== 'memory')
			throw fileError(file, 'is on a disk where SQLite cannot keep a write-ahead log: name one on a local disk');
		return {database, transact, statements: prepareStatements(database), inode: inodeOf(file)};
	} catch (error) {
		database.close();
		throw error;
	}
}

/** SQLite would let everybody read it. What it makes beside the file has the mode of that. */
function makeFile(file: string): void {
	try {
		// Exclusively: to close a file that is in use here would end the locks on it.
		closeSync(openSync(file, 'wx', 0o600));
	} catch {
		// It is there, and keeps its mode; or SQLite is about to say what is wrong.
	}
}

/** What it links to, even if that is not there yet. */
function targetOf(file: string, links = 0): string {
	try {
		if (links < 40) return targetOf(resolve(realpathSync(dirname(file)), readlinkSync(file)), links + 1);
	} catch {
		// No link.
	}

	return file;
}

function transactionsOn(database: DatabaseSync): Opened<unknown>['transact'] {
	// Immediate, because a transaction that reads before it has the lock to write may find that it cannot get it.
	const begin = database.prepare('BEGIN IMMEDIATE');
	const commit = database.prepare('COMMIT');
	const rollback = database.prepare('ROLLBACK');
	return run => {
		begin.run();
		try {
			const result = run();
			commit.run();
			return result;
		} catch (error) {
			try {
				rollback.run();
			} catch {
				// A full or broken disk has undone it already.
			}

			throw error;
		}
	};
}

export function inodeOf(file: string): number | undefined {
	return statSync(file, {throwIfNoEntry: false})?.ino;
}
