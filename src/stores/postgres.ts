import type {OperationRecord} from '../operation/record.ts';
import {isAnswered} from '../operation/state.ts';
import {time} from '../specs.ts';
import {checkOptions, type OptionSpecs} from '../validate.ts';
import {stepOn, type Cell, type Found} from './compare-and-set.ts';
import {askOn, poolSpec, tableSpec, type Queryable} from './postgres/ask.ts';
import {setUp, valuesOf} from './postgres/schema.ts';
import {statementsOn, SWEEP_BATCH} from './postgres/sql.ts';
import {escaped, packAnswer, recordOf, rowId, rowOf, type FoundRow} from './row.ts';
import {listedOf} from './listed.ts';
import {claimRule} from './claim-rule.ts';
import {forgetRule, KEEP, renewRule, settleRule} from './rules.ts';
import type {Claim, ClaimResult, OperationId, Renewal, Settlement, Store, WriteResult} from './store.ts';

export type {Queryable} from './postgres/ask.ts';

export type PostgresStoreOptions = {
	/** Who runs the statements. It stays yours: the store never ends it. */
	readonly pool: Queryable;
	/**
	 * The table: `'table'` or `'schema.table'`. Clients with the same one share their operations.
	 *
	 * @default 'latchkey_operations'
	 */
	readonly table?: string;
	/**
	 * How long a claim lasts without a renewal, in milliseconds: how long an operation waits when the process that worked on it
	 * was killed.
	 *
	 * @default 10_000
	 */
	readonly lease?: number;
};

export type PostgresStore = Store & {
	/**
	 * Makes the table and its indexes where they are missing. All processes may call it at every start. It needs the
	 * right to create in the schema only when there is something to make.
	 *
	 * @throws {Error} for a table that is of a newer release, or not of latchkey at all.
	 */
	setup(): Promise<void>;
};

const needed: OptionSpecs = {pool: poolSpec};

const allowed: OptionSpecs = {
	table: tableSpec,
	lease: time,
};

/**
 * Keeps records in a table of Postgres 12 or later: they outlive processes and machines, and all processes share them.
 * Make the table with `setup()`, or with the SQL in docs/stores.md.
 *
 * Every step is one statement in a transaction of its own, on any connection and behind any pooler; only a record that
 * others are at takes more. Time is that of the database. Claims are as durable as its commits are, so leave
 * `synchronous_commit` on.
 *
 * Give the pool an `error` listener (without one a lost idle connection ends the process), and time limits below the
 * five seconds that a step may take (`connectionTimeoutMillis`, `query_timeout`).
 *
 * A step throws an `Error` that says what is wrong and what to do; its `cause` is the driver's.
 *
 * @throws {TypeError | RangeError} for an option that is missing or of the wrong kind.
 * @example
 * const pool = new pg.Pool({connectionString, connectionTimeoutMillis: 3_000, query_timeout: 4_000});
 * pool.on('error', error => console.error(error));
 * const store = postgresStore({pool});
 * await store.setup();
 * const fetch = createFetch({store, scope: () => currentUser().id});
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
	checkOptions('postgresStore', options, needed, allowed);
	const {pool, table = 'latchkey_operations', lease = 10_000} = options;
	const sql = statementsOn(table);

	const ask = askOn(pool, table);

	function cellOf(id: string): Cell {
		return {
			read: async () => foundIn(await ask(sql.read, [id])),
			async write(record, {revision}) {
				const values = valuesOf(rowOf(record, id));
				const written = await (revision === 0 ? ask(sql.insert, values) : ask(sql.replace, [...values, revision]));
				return written.length === 0 ? 'changed' : 'written';
			},
		};
	}

	/** One round trip where there is no record yet, and to who waits for the one that there is. */
	async function claim(id: OperationId, asked: Claim): Promise<ClaimResult> {
		const keyLife = Math.min(Math.floor(asked.keyLife), Number.MAX_SAFE_INTEGER);
		const keyEnd = Math.min(Math.floor(asked.keyEnd ?? Infinity), Number.MAX_SAFE_INTEGER);
		const wanted = {...asked, lease: Math.ceil(asked.lease), keyLife, keyEnd};
		const rule = (record: OperationRecord | undefined, now: number) => claimRule(id, record, wanted, now);
		const place = rowId(id);
		const begun = asked.awaited === undefined ? rule(undefined, 0).write : undefined;
		const [row] = begun === undefined ? [] : await ask(sql.begin, [...valuesOf(rowOf(begun, place)), keyEnd]);
		return row === undefined ? stepOn(cellOf(place), rule) : rule(undefined, Number(row['now'])).result;
	}

	async function renew(id: OperationId, asked: Renewal): Promise<WriteResult> {
		const renewal = {...asked, lease: Math.ceil(asked.lease)};
		const {key, owner, token} = renewal;
		const place = rowId(id);
		const [row] = await ask(sql.renew, [place, key, owner, token, renewal.lease]);
		if (row !== undefined) return {status: 'done', record: recordOf(row)};
		return stepOn(cellOf(place), (record, now) => renewRule(record, renewal, now));
	}

	/** One round trip for a definitive outcome by who holds the lease, unless somebody waits for its answer. */
	async function settle(id: OperationId, settlement: Settlement): Promise<WriteResult> {
		const {state, key, owner, token, keepAnswer} = settlement;
		const place = rowId(id);
		if (isAnswered(state)) {
			const answer = keepAnswer && settlement.answer ? packAnswer(settlement.answer) : null;
			const settled = [state.status, state.httpStatus ?? null, KEEP[state.status], answer];
			const [row] = await ask(sql.settle, [place, key, owner, token, ...settled]);
			if (row !== undefined) return {status: 'done', record: recordOf(row)};
		}

		return stepOn(cellOf(place), (record, now) => settleRule(record, settlement, now));
	}

	async function sweepAll(text: string): Promise<number> {
		for (let total = 0; ;) {
			const [row] = await ask(text, []);
			const swept = Number(row?.['swept']);
			total += swept;
			if (!(swept >= SWEEP_BATCH)) return total;
		}
	}

	return {
		lease,
		durable: true,
		claim,
		renew,
		settle,
		forget: async (id, freeing) => stepOn(cellOf(rowId(id)), (record, now) => forgetRule(record, freeing, now)),
		async list(scope, name, open = false) {
			if (name === undefined)
				return (await ask(open ? sql.listOpen : sql.list, [escaped(scope)])).map(row =>
					listedOf(() => recordOf(row), Number(row['now'])),
				);
			const {record, now} = await cellOf(rowId({scope, name})).read();
			return record === undefined ? [] : [{record, now}];
		},
		async sweep() {
			const swept = await sweepAll(sql.sweepRecords);
			await sweepAll(sql.sweepAnswers);
			return swept;
		},
		setup: async () => setUp(ask, table),
	};
}

/** The first row of a look at one record: the time, and the record's columns where there is one. */
function foundIn([row]: readonly FoundRow[]): Found {
	if (row === undefined) throw new TypeError('query() of the pool gave no rows');
	const there = row['id'] !== null;
	return {
		record: there ? recordOf(row) : undefined,
		revision: there ? Number(row['revision']) : 0,
		now: Number(row['now']),
	};
}
