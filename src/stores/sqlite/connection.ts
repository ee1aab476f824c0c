import {resolve} from 'node:path';
import type {Environment} from '../../environment.ts';
import {fileError, inOurWords, isLocked, isOfSqlite} from './failure.ts';
import {inodeOf, openFile, type Layout, type Opened} from './open.ts';

export type SqliteEnvironment = Pick<Environment, 'now' | 'monotonic' | 'random' | 'timer'>;

export type Connection<S> = {
	/** Runs alone, and is answered once that is on disk. `run` writes once, at its end, or throws without having written. */
	write<R>(run: (statements: S) => R): Promise<R>;
	/** Needs no lock: what stands there when it is run. */
	read<R>(run: (statements: S) => R): Promise<R>;
	/** Leaves nothing of what was dropped in the write-ahead log, unless others are at the file at that moment. */
	scrub(): void;
	close(): void;
};

type Waiting<S> = {
	/** In a transaction. Returns what tells its caller so, once that is on disk. */
	readonly run: (statements: S) => () => void;
	readonly fail: (error: unknown) => void;
};

/** How long a locked file is waited for, in milliseconds; the core gives up after five seconds. */
const PATIENCE = 4_000;
/** The longest wait between two tries, in milliseconds. */
const LONGEST_PAUSE = 20;

/** The first step opens the file: a program that only loads a store, to build an application, makes none. */
export function connectTo<S>(environment: SqliteEnvironment, path: string, layout: Layout<S>): Connection<S> {
	const file = path === ':memory:' ? path : resolve(path);
	let opened: Opened<S> | undefined;
	let closed = false;
	let written = false;
	let waiting: Array<Waiting<S>> = [];

	function open(): Opened<S> {
		if (closed) throw fileError(file, 'has been closed');
		opened ??= openFile(file, layout);
		if (inodeOf(file) !== opened.inode)
			throw fileError(file, 'was moved, replaced or deleted while it was in use: put it back, or restart this process');
		return opened;
	}

	async function patiently<R>(run: () => R): Promise<R> {
		const began = environment.monotonic();
		for (let tries = 0; ; tries++) {
			try {
				return run();
			} catch (error) {
				const waited = environment.monotonic() - began;
				if (!isLocked(error) || waited >= PATIENCE) throw inOurWords(file, error, waited);
			}

			const pause = 1 + environment.random() * Math.min(2 ** tries, LONGEST_PAUSE);
			await new Promise<void>(done => environment.timer(done, pause));
		}
	}

	/** All who wait share one lock and one sync of the disk: by themselves, many would keep each other waiting. */
	async function writeAll(): Promise<void> {
		try {
			await Promise.resolve();
			await patiently(() => {
				const {transact, statements} = open();
				const done = transact(() => waiting.map(({run}) => run(statements)));
				waiting = [];
				written = true;
				for (const tell of done) tell();
			});
		} catch (error) {
			const failed = waiting;
			waiting = [];
			for (const {fail} of failed) fail(error);
		}
	}

	return {
		write: run =>
			new Promise((answer, fail) => {
				waiting.push({
					run(statements) {
						try {
							const result = run(statements);
							return () => answer(result);
						} catch (error) {
							// What SQLite throws may have undone the others, too.
							if (isOfSqlite(error)) throw error;
							return () => fail(error);
						}
					},
					fail,
				});
				if (waiting.length === 1) void writeAll();
			}),
		read: run => patiently(() => run(open().statements)),
		scrub() {
			if (!written) return;
			written = false;
			try {
				opened?.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
			} catch (error) {
				if (!isOfSqlite(error)) throw error;
			}
		},
		close() {
			closed = true;
			opened?.database.close();
			opened = undefined;
		},
	};
}
