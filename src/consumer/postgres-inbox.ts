import {databaseOf, databaseSpec, framedOf, type Database, type PgPool, type Rows} from '../server/database.ts';
import {lend} from '../server/transactional/lent.ts';
import {tableSpec} from '../stores/postgres/ask.ts';
import {isTransactionUndone} from '../server/undone.ts';
import {explained} from '../stores/postgres/failure.ts';
import {literal, quotedTable, setUp} from '../stores/postgres/schema.ts';
import {NOW} from '../stores/postgres/sql.ts';
import {isTransient} from './transient.ts';
import type {MaybePromise} from '../utils.ts';
import {checkOptions} from '../validate.ts';
import type {Arrival, Found, Inbox} from './inbox.ts';

export type PostgresInboxOptions<Tx> = {
	/** A pg `Pool`, or who else runs transactions on the database of the effects. It stays yours. */
	readonly database: PgPool<Tx> | Database<Tx>;
	/**
	 * The table: `'table'` or `'schema.table'`.
	 *
	 * @default 'latchkey_inbox'
	 */
	readonly table?: string;
};

export type PostgresInbox<Tx> = Inbox<Tx> & {
	/**
	 * Makes the table where it is missing. All processes may call it at every start.
	 *
	 * @throws {Error} for a table that is of a newer release, or not of latchkey at all.
	 */
	setup(): Promise<void>;
};

/** The statements that make the table, for those who run their own migrations. */
export function inboxSchemaSql(table: string): string {
	const quoted = quotedTable(table);
	return `CREATE TABLE ${quoted} (
	consumer text COLLATE "C",
	message_id text COLLATE "C",
	fingerprint text COLLATE "C" NOT NULL,
	state text NOT NULL,
	attempts integer NOT NULL,
	last_error text,
	updated_at bigint NOT NULL,
	PRIMARY KEY (consumer, message_id)
);
CREATE INDEX ON ${quoted} (consumer, updated_at);
COMMENT ON TABLE ${quoted} IS 'latchkey schema 1 of an inbox; times are milliseconds since the epoch';
`;
}

/** So many rows are swept at once. */
const SWEEP_BATCH = 1_000;
/** So often a transaction is run that others undo. */
const MOST_TRIES = 10;
const OPEN = `state IN ('failed', 'dead')`;

function statementsOn(table: string) {
	const quoted = quotedTable(table);
	const insert = `INSERT INTO ${quoted} (consumer, message_id, fingerprint, state, attempts, updated_at)`;
	const taken = 'ON CONFLICT (consumer, message_id) DO NOTHING RETURNING message_id';
	return {
		// Its values are spelled out: a statement without parameters can travel with BEGIN.
		put: (consumer: string, arrivals: readonly Arrival[]) => {
			const [one, ...others] = arrivals;
			// Planned in half the time that one row of a set takes.
			if (one && others.length === 0)
				return `${insert} VALUES (${[consumer, one.id, one.fingerprint].map(literal).join(', ')}, 'processed', 1, ${NOW}) ${taken}`;
			const columns = [arrivals.map(({id}) => id), arrivals.map(it => it.fingerprint)].map(arrayLiteral);
			return `${insert} SELECT ${literal(consumer)}, id, fingerprint, 'processed', 1, ${NOW}
FROM unnest(${columns.join(', ')}) AS arrived(id, fingerprint) ${taken}`;
		},
		// The rows are those from before the update.
		known: `WITH again AS (UPDATE ${quoted} AS it SET state = 'processed', attempts = attempts + 1, updated_at = ${NOW}
FROM unnest($2::text[], $3::text[]) AS arrived(id, fingerprint)
WHERE it.consumer = $1 AND it.message_id = arrived.id AND it.fingerprint = arrived.fingerprint AND ${OPEN}
RETURNING message_id, attempts)
SELECT message_id, fingerprint, state, again.attempts FROM ${quoted} AS it LEFT JOIN again USING (message_id)
WHERE it.consumer = $1 AND it.message_id = ANY($2::text[])`,
		fail: `INSERT INTO ${quoted} AS it (consumer, message_id, fingerprint, state, attempts, last_error, updated_at)
VALUES ($1, $2, $3, 'failed', 1, $4, ${NOW}) ON CONFLICT (consumer, message_id) DO UPDATE
SET attempts = it.attempts + 1, last_error = excluded.last_error, updated_at = excluded.updated_at
WHERE it.fingerprint = excluded.fingerprint AND it.${OPEN} RETURNING attempts, state`,
		mark: `UPDATE ${quoted} SET state = $3, updated_at = ${NOW} WHERE consumer = $1 AND message_id = $2 AND ${OPEN} RETURNING state`,
		renew: `UPDATE ${quoted} SET state = 'failed', attempts = 0, updated_at = ${NOW}
WHERE consumer = $1 AND message_id = $2 AND state <> 'processed' RETURNING state`,
		sweep: `WITH gone AS (DELETE FROM ${quoted} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${quoted}
WHERE consumer = $1 AND updated_at <= ${NOW} - $2::bigint ORDER BY updated_at LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED))
RETURNING 1) SELECT count(*) AS swept FROM gone`,
	};
}

/**
 * Keeps which messages were processed in a table of Postgres 12 or later, in the transactions of their effects. A message
 * costs one statement more than its effect, a batch as well; with a pool it travels with BEGIN. Time is that of the database.
 *
 * @throws {TypeError} for an option that is missing or of the wrong kind.
 */
export function postgresInbox<Tx>(options: PostgresInboxOptions<Tx>): PostgresInbox<Tx> {
	checkOptions('postgresInbox', options, {database: databaseSpec}, {table: tableSpec});
	const {table = 'latchkey_inbox'} = options;
	const database = databaseOf(options.database);
	const withheld = database === options.database ? [] : ['release', 'end'];
	const framed = framedOf(options.database);
	const sql = statementsOn(table);
	const told = (error: unknown) => (isTransient(error) ? error : explained(error, table));
	const query = async (tx: Tx, text: string, values: unknown[]): Promise<Rows['rows']> => {
		try {
			return (await database.query(tx, text, values)).rows;
		} catch (error) {
			throw told(error);
		}
	};
	const alone = async (text: string, values: unknown[]) =>
		repeatedly(async () => database.begin(async tx => query(tx, text, values)));

	async function take<T>(
		consumer: string,
		arrivals: readonly Arrival[],
		run: (found: readonly Found[], tx: Tx) => MaybePromise<T>,
	): Promise<T> {
		// In one order, so that two batches never wait for each other.
		const sorted = arrivals.toSorted((one, other) => (one.id < other.id ? -1 : 1));
		let begun = false;
		const work = framed(sql.put(consumer, sorted), async (tx, {rows}) => {
			begun = true;
			const ours = new Set(rows.map(row => row['message_id']));
			const rest = sorted.filter(({id}) => !ours.has(id));
			const columns = [rest.map(({id}) => id), rest.map(it => it.fingerprint)];
			const known = rest.length > 0 ? await query(tx, sql.known, [consumer, ...columns]) : [];
			const byId = new Map(known.map(row => [row['message_id'], row]));
			const found = arrivals.map(it => (ours.has(it.id) ? fresh : knownAs(byId.get(it.id), it)));
			const {lent, end} = lend(tx as Tx & object, withheld);
			try {
				return {value: await run(found, lent)};
			} finally {
				end();
			}
		});
		return work.catch((error: unknown) => {
			throw begun ? error : told(error);
		});
	}

	return {
		take: async (consumer, arrivals, run) => repeatedly(async () => take(consumer, arrivals, run)),
		async fail(consumer, {id, fingerprint}, error) {
			const [row] = await alone(sql.fail, [consumer, id, fingerprint, error]);
			return row && {attempts: Number(row['attempts']), dead: row['state'] === 'dead'};
		},
		async mark(consumer, id, as) {
			const values = [consumer, id];
			return (await (as === 'new' ? alone(sql.renew, values) : alone(sql.mark, [...values, as]))).length > 0;
		},
		async sweep(consumer, window) {
			for (let total = 0; ;) {
				const [row] = await alone(sql.sweep, [consumer, Math.ceil(window)]);
				const swept = Number(row?.['swept']);
				total += swept;
				if (!(swept >= SWEEP_BATCH)) return total;
			}
		},
		isTransient,
		async setup() {
			await setUp(async (text, values) => alone(text, values), table, inboxSchemaSql(table));
		},
	};
}

function arrayLiteral(texts: readonly string[]): string {
	return `${literal(`{${texts.map(text => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`)}::text[]`;
}

const fresh: Found = {status: 'new', attempt: 1};

function knownAs(row: Rows['rows'][number] | undefined, {fingerprint}: Arrival): Found {
	const failed = row && row['fingerprint'] === fingerprint && (row['state'] === 'failed' || row['state'] === 'dead');
	// Swept or settled a moment ago: once more. What has failed and could not be taken is not what is there by now.
	if (row === undefined || (failed && row['attempts'] === null))
		throw Object.assign(new Error('the row of a message has just changed'), {code: '40001'});
	if (row['fingerprint'] !== fingerprint) return {status: 'reused'};
	if (row['attempts'] !== null) return {status: 'new', attempt: Number(row['attempts'])};
	return {status: row['state'] === 'skipped' ? 'skipped' : 'processed'};
}

/** A transaction that others undo is run again. */
async function repeatedly<T>(run: () => Promise<T>): Promise<T> {
	for (let tries = 1; ; tries++) {
		try {
			return await run();
		} catch (error) {
			if (tries === MOST_TRIES || !isTransactionUndone(error)) throw error;
		}
	}
}
