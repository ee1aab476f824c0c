import {mistake} from '../mistake.ts';
import {lend} from '../server/transactional/lent.ts';
import {clock, type Clock} from '../clock.ts';
import {isPromise, once} from '../utils.ts';
import {checkOptions} from '../validate.ts';
import type {Arrival, Found, Inbox} from './inbox.ts';

type Statement = {
	run(...values: Array<string | number>): unknown;
	get(...values: Array<string | number>): unknown;
};

/** A connection of `node:sqlite` or of better-sqlite3. */
export type SqliteConnection = {
	prepare(sql: string): Statement;
	exec(sql: string): unknown;
};

export type SqliteInboxOptions<D extends SqliteConnection> = {
	/**
	 * The connection that the effects are written on. It stays yours. Open it with a busy timeout (`timeout`), which is 0 in
	 * `node:sqlite`, where other processes write to the file.
	 */
	readonly database: D;
};

const OPEN = `state IN ('failed', 'dead')`;

const statements = {
	find: 'SELECT fingerprint, state, attempts FROM latchkey_inbox WHERE consumer = ? AND message_id = ?',
	put: `INSERT INTO latchkey_inbox (consumer, message_id, fingerprint, state, attempts, updated_at) VALUES (?, ?, ?, 'processed', 1, ?)
ON CONFLICT (consumer, message_id) DO UPDATE SET state = 'processed', attempts = attempts + 1, updated_at = excluded.updated_at`,
	fail: `INSERT INTO latchkey_inbox (consumer, message_id, fingerprint, state, attempts, last_error, updated_at) VALUES (?, ?, ?, 'failed', 1, ?, ?)
ON CONFLICT (consumer, message_id) DO UPDATE SET attempts = attempts + 1, last_error = excluded.last_error, updated_at = excluded.updated_at
WHERE fingerprint = excluded.fingerprint AND ${OPEN} RETURNING attempts, state`,
	mark: `UPDATE latchkey_inbox SET state = ?, updated_at = ? WHERE consumer = ? AND message_id = ? AND ${OPEN} RETURNING state`,
	renew: `UPDATE latchkey_inbox SET state = 'failed', attempts = 0, updated_at = ? WHERE consumer = ? AND message_id = ? AND state <> 'processed' RETURNING state`,
	due: 'SELECT count(*) AS due FROM latchkey_inbox WHERE consumer = ? AND updated_at <= ?',
	sweep: 'DELETE FROM latchkey_inbox WHERE consumer = ? AND updated_at <= ?',
};

/**
 * Keeps which messages were processed in a table `latchkey_inbox` of a file of SQLite, in the transactions of their
 * effects. These are synchronous: a handler that returns a promise is refused, and what it wrote is rolled back.
 *
 * @throws {TypeError} for a connection that is none.
 * @example
 * import {headerId, onceOnly, sqliteInbox} from 'latchkey/consumer';
 * import {DatabaseSync} from 'node:sqlite';
 *
 * const database = new DatabaseSync('/var/lib/shop/shop.db', {timeout: 5_000});
 * const consume = onceOnly(
 * 	({tx, message}) => {
 * 		tx.prepare('INSERT INTO bills VALUES (?)').run(String(message.value));
 * 	},
 * 	{transaction: sqliteInbox({database}), consumer: 'billing', id: headerId('message-id')},
 * );
 */
export function sqliteInbox<D extends SqliteConnection>(options: SqliteInboxOptions<D>): Inbox<D> {
	return sqliteInboxIn(clock, options);
}

/** @internal */
export function sqliteInboxIn<D extends SqliteConnection>(
	{now}: Pick<Clock, 'now'>,
	options: SqliteInboxOptions<D>,
): Inbox<D> {
	const callback = {expects: 'a function', test: (value: unknown) => typeof value === 'function'};
	const connection = {
		expects: 'a connection of node:sqlite or better-sqlite3',
		test: (value: unknown) => typeof value === 'object' && value !== null,
		required: {prepare: callback, exec: callback},
	};
	checkOptions('sqliteInbox', options, {database: connection}, {});
	const {database} = options;
	const prepared = new Map<string, Statement>();
	// Not in a transaction of a message: what a failing one rolls back would be gone for those after it.
	const prepareTable = once(() => {
		database.exec(`
			CREATE TABLE IF NOT EXISTS latchkey_inbox (consumer TEXT NOT NULL, message_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
				state TEXT NOT NULL, attempts INTEGER NOT NULL, last_error TEXT, updated_at INTEGER NOT NULL,
				PRIMARY KEY (consumer, message_id)) STRICT;
			CREATE INDEX IF NOT EXISTS latchkey_inbox_updated_at ON latchkey_inbox (consumer, updated_at)`);
		return prepared;
	});

	function statement(name: keyof typeof statements): Statement {
		const made = prepared.get(name) ?? database.prepare(statements[name]);
		prepared.set(name, made);
		return made;
	}

	function transact<T>(run: () => T): T {
		prepareTable();
		// Immediate, because a transaction that reads before it has the lock to write may find that it cannot get it.
		database.exec('BEGIN IMMEDIATE');
		try {
			const result = run();
			if (isPromise(result)) {
				result.then(undefined, () => undefined);
				throw mistake('a handler on SQLite must be synchronous: what it awaits would be outside of its transaction');
			}

			database.exec('COMMIT');
			return result;
		} catch (error) {
			try {
				database.exec('ROLLBACK');
			} catch {
				// SQLite has done it already.
			}

			throw error;
		}
	}

	function take(consumer: string, {id, fingerprint}: Arrival): Found {
		const row = statement('find').get(consumer, id) as Row | undefined;
		if (row && row.fingerprint !== fingerprint) return {status: 'reused'};
		if (row?.state === 'processed' || row?.state === 'skipped') return {status: row.state};
		statement('put').run(consumer, id, fingerprint, now());
		return {status: 'new', attempt: (row?.attempts ?? 0) + 1};
	}

	return {
		async take(consumer, arrivals, run) {
			return transact(() => {
				const found = arrivals.map(arrival => take(consumer, arrival));
				const {lent, end} = lend(database, ['close']);
				try {
					return run(found, lent);
				} finally {
					// At once: an asynchronous handler is refused, and may not write after that.
					end();
				}
			});
		},
		async fail(consumer, {id, fingerprint}, error) {
			const row = transact(() => statement('fail').get(consumer, id, fingerprint, error, now())) as Row | undefined;
			return row && {attempts: row.attempts, dead: row.state === 'dead'};
		},
		async mark(consumer, id, as) {
			const row = transact(() =>
				as === 'new' ? statement('renew').get(now(), consumer, id) : statement('mark').get(as, now(), consumer, id),
			);
			return row !== undefined;
		},
		async sweep(consumer, window) {
			return transact(() => {
				const until = now() - window;
				const {due} = statement('due').get(consumer, until) as {due: number};
				statement('sweep').run(consumer, until);
				return due;
			});
		},
		isTransient: isBusy,
	};
}

type Row = {readonly fingerprint: string; readonly state: string; readonly attempts: number};

/** `SQLITE_BUSY` and `SQLITE_LOCKED`, as each of the two drivers spells them. */
function isBusy(error: unknown): boolean {
	const {errcode, code} = Object(error) as {errcode?: number; code?: unknown};
	return [5, 6].includes((errcode ?? 0) & 0xff) || /^SQLITE_(?:BUSY|LOCKED)/.test(String(code));
}
