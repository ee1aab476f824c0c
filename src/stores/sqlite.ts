import {clock} from '../environment.ts';
import type {OperationRecord} from '../operation/record.ts';
import {time} from '../specs.ts';
import {checkOptions, type OptionSpecs} from '../validate.ts';
import {escaped, recordOf, rowId, rowOf} from './row.ts';
import {listedOf} from './listed.ts';
import {claimRule} from './claim-rule.ts';
import {forgetRule, renewRule, settleRule, type Step} from './rules.ts';
import {connectTo, type SqliteEnvironment} from './sqlite/connection.ts';
import {nodeSqlite} from './sqlite/node-sqlite.ts';
import {prepareStatements, prepareTable, type Statements} from './sqlite/table.ts';
import type {OperationId, Store} from './store.ts';

export type SqliteStoreOptions = {
	/**
	 * The file; a relative path starts at the working directory. The first step makes it if it is not there, readable and
	 * writable for this user alone; one that is there keeps its mode. It belongs on a local disk: SQLite's locks do not
	 * hold over a network. `':memory:'` keeps the records in this store alone.
	 */
	readonly path: string;
	/**
	 * How long an operation is left to a process that no longer says it is at it, in milliseconds. A living one renews it every
	 * three tenths of that.
	 *
	 * @default 10_000
	 */
	readonly lease?: number;
};

/** So many records a transaction: the event loop and other processes have their turn between two of them. */
const BATCH = 100;

const required: OptionSpecs = {
	path: {
		expects: `the path of a file, or ':memory:'`,
		test: value => typeof value === 'string' && value !== '' && !value.includes('\0'),
	},
};
const optional: OptionSpecs = {
	lease: time,
};

/**
 * Keeps records in a file of SQLite, through Node's own `node:sqlite`: they outlive crashes and restarts, and all
 * processes of the machine that name the same file share them. A step is one transaction, on disk before it is
 * answered (WAL, `synchronous = FULL`). While another process holds the file's lock, a step waits for up to four
 * seconds without blocking the event loop.
 *
 * The file may be one that holds other tables: latchkey's is `operations`. While it is in use it must not be moved,
 * replaced or deleted: every step fails then, rather than forget which keys were sent.
 *
 * The file is opened by the first step, not here. A step throws an `Error` that says what to do for a file that cannot be opened and
 * written to: no such folder, no permission, no SQLite database, one of a newer latchkey; and when it stays locked, or
 * the disk is full or broken. To a named call that is a `StoreError`, and nothing is sent.
 *
 * @throws {TypeError | RangeError} for options that cannot be.
 * @throws {Error} on a Node before 22.13.
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 * @example
 * import {createFetch} from 'latchkey';
 * import {sqliteStore} from 'latchkey/stores/sqlite';
 *
 * const fetch = createFetch({store: sqliteStore({path: '/var/lib/shop/latchkey.db'}), scope: null});
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
	return sqliteStoreIn(clock, options);
}

/** @internal */
export function sqliteStoreIn(environment: SqliteEnvironment, options: SqliteStoreOptions): Store {
	checkOptions('sqliteStore', options, required, optional);
	const {path, lease = 10_000} = options;
	nodeSqlite();
	const connection = connectTo(environment, path, {prepareTable, prepareStatements});

	function step<R>(id: OperationId, rule: (record: OperationRecord | undefined, now: number) => Step<R>): Promise<R> {
		const key = rowId(id);
		return connection.write(({find, put}) => {
			const row = find.get(key);
			const {result, write} = rule(row && recordOf(row), environment.now());
			if (write !== undefined) put.run(rowOf(write, key));
			return result;
		});
	}

	/** How many rows were changed, by a statement that changes those that are due, and not all at once. */
	async function inBatches(statement: keyof Statements): Promise<number> {
		for (let changed = 0; ;) {
			const batch = await connection.write(statements =>
				statements[statement].run({now: environment.now(), most: BATCH}),
			);
			changed += Number(batch.changes);
			if (batch.changes < BATCH) return changed;
			await new Promise<void>(resolve => environment.timer(resolve, 0));
		}
	}

	return {
		lease,
		durable: path !== ':memory:',
		claim: (id, claim) => step(id, (record, now) => claimRule(id, record, claim, now)),
		renew: (id, renewal) => step(id, (record, now) => renewRule(record, renewal, now)),
		settle: (id, settlement) => step(id, (record, now) => settleRule(record, settlement, now)),
		async forget(id, freeing) {
			const result = await step(id, (record, now) => forgetRule(record, freeing, now));
			if (freeing.how !== 'complete') connection.scrub();
			return result;
		},
		async list(scope, name, open = false) {
			const rows = await connection.read(({find, ofScope, openOfScope}) => {
				if (name !== undefined) return find.all(rowId({scope, name}));
				return (open ? openOfScope : ofScope).all(escaped(scope));
			});
			const now = environment.now();
			if (name !== undefined) return rows.map(row => ({record: recordOf(row), now}));
			return rows.map(row => listedOf(() => recordOf(row), now));
		},
		async sweep() {
			await inBatches('dropAnswers');
			await inBatches('clearDue');
			const swept = await inBatches('dropRecords');
			await inBatches('markDue');
			connection.scrub();
			return swept;
		},
		close: () => connection.close(),
	};
}
