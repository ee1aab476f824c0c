import {clock, type Clock} from '../clock.ts';
import {databaseOf, databaseSpec, type Database, type PgPool} from '../server/database.ts';
import {mistake} from '../mistake.ts';
import {tableSpec} from '../stores/postgres/ask.ts';
import {explained} from '../stores/postgres/failure.ts';
import {quotedTable, setUp} from '../stores/postgres/schema.ts';
import {NOW} from '../stores/postgres/sql.ts';
import {checkOptions} from '../validate.ts';
import {relayOn, type OutboxMessage, type Relay, type Row} from './relay.ts';
import {isTransient} from './transient.ts';

export type OutboxOptions<Tx> = {
	/** A pg `Pool`, or who else runs transactions on the database of the effects. It stays yours. */
	readonly database: PgPool<Tx> | Database<Tx>;
	/**
	 * The table: `'table'` or `'schema.table'`.
	 *
	 * @default 'latchkey_outbox'
	 */
	readonly table?: string;
};

/** A message to be published. */
export type NewMessage = {
	readonly topic: string;
	readonly value: string | Uint8Array;
	/** Messages of one topic and key are published in the order in which they were added. Without one there is none. */
	readonly key?: string;
	readonly headers?: Readonly<Record<string, string>>;
	/**
	 * What consumers know it by.
	 *
	 * @default a UUID
	 */
	readonly id?: string;
};

export type Outbox<Tx> = Relay & {
	/**
	 * Writes messages in this transaction: they are published if it commits. Returns their ids. Write the messages of one key
	 * from transactions that exclude each other, for instance after a lock of its row: otherwise their order is that of chance.
	 */
	add(tx: Tx, ...messages: readonly NewMessage[]): Promise<string[]>;
	/** Drops what was published more than so many milliseconds ago. Returns how many went. */
	sweep(olderThan: number): Promise<number>;
	/** Makes the table where it is missing. All processes may call it at every start. */
	setup(): Promise<void>;
};

/** The statements that make the table, for those who run their own migrations. */
export function outboxSchemaSql(table: string): string {
	const quoted = quotedTable(table);
	return `CREATE TABLE ${quoted} (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	bucket integer NOT NULL,
	lane text COLLATE "C" NOT NULL,
	envelope text NOT NULL,
	value bytea NOT NULL,
	created_at bigint NOT NULL,
	published_at bigint
);
CREATE INDEX ON ${quoted} (bucket, id) WHERE published_at IS NULL;
CREATE INDEX ON ${quoted} (published_at) WHERE published_at IS NOT NULL;
COMMENT ON TABLE ${quoted} IS 'latchkey schema 1 of an outbox; times are milliseconds since the epoch';
`;
}

/** Each is published by one relay at a time. They stand in rows: never change how many there are. */
const BUCKETS = 16;
const SWEEP_BATCH = 1_000;

function statementsOn(table: string) {
	const quoted = quotedTable(table);
	return {
		add: `INSERT INTO ${quoted} (bucket, lane, envelope, value, created_at)
SELECT bucket, lane, envelope, value, ${NOW} FROM unnest($1::int[], $2::text[], $3::text[], $4::bytea[])
WITH ORDINALITY AS added(bucket, lane, envelope, value, place) ORDER BY place`,
		// Materialised, or the locks of what has nothing to publish would be taken, too.
		lock: `WITH waiting AS MATERIALIZED (SELECT bucket FROM generate_series(0, ${BUCKETS - 1}) AS bucket WHERE EXISTS
(SELECT FROM ${quoted} AS due WHERE due.bucket = bucket.bucket AND published_at IS NULL))
SELECT bucket FROM waiting WHERE pg_try_advisory_xact_lock($1::int, bucket)`,
		// Not SKIP LOCKED: what follows under its key must not pass a row that somebody else has locked.
		due: `SELECT due.* FROM unnest($1::int[]) AS mine(bucket), LATERAL (SELECT id, lane, envelope, value FROM ${quoted}
WHERE bucket = mine.bucket AND published_at IS NULL AND lane <> ALL($2::text[]) ORDER BY id LIMIT $3 FOR UPDATE) AS due`,
		published: `UPDATE ${quoted} SET published_at = ${NOW} WHERE id = ANY($1::bigint[])`,
		sweep: `WITH gone AS (DELETE FROM ${quoted} WHERE id = ANY(ARRAY(SELECT id FROM ${quoted}
WHERE published_at <= ${NOW} - $1::bigint ORDER BY published_at LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED))
RETURNING 1) SELECT count(*) AS swept FROM gone`,
	};
}

/**
 * Keeps messages in a table of Postgres 12 or later, in the transactions of what they tell of, until a relay has published
 * them: at least once each, in their order per key. A consumer that is `onceOnly` processes them once.
 *
 * @throws {TypeError} for an option that is missing or of the wrong kind.
 * @example
 * import {postgresOutbox} from 'latchkey/consumer';
 *
 * const outbox = postgresOutbox({database: pool});
 * await outbox.setup();
 * const stop = new AbortController();
 * await outbox.relay(async messages => console.log(messages.map(({id}) => id)), {signal: stop.signal});
 */
export function postgresOutbox<Tx>(options: OutboxOptions<Tx>): Outbox<Tx> {
	return postgresOutboxIn(clock, options);
}

/** @internal */
export function postgresOutboxIn<Tx>(
	environment: Pick<Clock, 'monotonic' | 'timer'>,
	options: OutboxOptions<Tx>,
): Outbox<Tx> {
	checkOptions('postgresOutbox', options, {database: databaseSpec}, {table: tableSpec});
	const {table = 'latchkey_outbox'} = options;
	const database = databaseOf(options.database);
	const sql = statementsOn(table);
	// Of this table's relays alone; in the class of locks by two numbers.
	const space = hashOf(table);

	const query = async (tx: Tx, text: string, values: unknown[]) => {
		try {
			return (await database.query(tx, text, values)).rows;
		} catch (error) {
			throw isTransient(error) ? error : explained(error, table);
		}
	};
	const alone = async (text: string, values: unknown[]) => database.begin(async tx => query(tx, text, values));

	const relay = relayOn(environment, async (held, batch, run) =>
		database.begin(async tx => {
			const buckets = (await query(tx, sql.lock, [space])).map(row => Number(row['bucket']));
			if (buckets.length === 0) return;
			// A statement of its own: the snapshot of the one that took the locks may be older than they are.
			const limit = Math.ceil(batch / buckets.length);
			const rows = (await query(tx, sql.due, [buckets, held, limit])).map(rowOf);
			const published = await run(rows);
			if (published.length > 0) await query(tx, sql.published, [published]);
		}),
	);

	return {
		...relay,
		async add(tx, ...messages) {
			const rows = messages.map(newRow);
			const columns = (['bucket', 'lane', 'envelope', 'value'] as const).map(name => rows.map(row => row[name]));
			await query(tx, sql.add, columns);
			return rows.map(({id}) => id);
		},
		async sweep(olderThan) {
			for (let total = 0; ;) {
				const [row] = await alone(sql.sweep, [Math.ceil(olderThan)]);
				const swept = Number(row?.['swept']);
				total += swept;
				if (!(swept >= SWEEP_BATCH)) return total;
			}
		},
		setup: async () => setUp(alone, table, outboxSchemaSql(table)),
	};
}

function newRow({topic, key, headers = {}, value, id = crypto.randomUUID()}: NewMessage) {
	if (typeof topic !== 'string' || topic === '') throw mistake('a message of an outbox needs a topic');
	// In JSON, because NUL is no text in Postgres.
	const lane = key === undefined ? `message ${JSON.stringify(id)}` : `key ${JSON.stringify([topic, key])}`;
	const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
	const envelope = JSON.stringify({id, topic, key, headers: {...headers, 'message-id': id}});
	return {id, bucket: (hashOf(lane) >>> 0) % BUCKETS, lane, envelope, value: bytes};
}

function rowOf(row: Readonly<Record<string, unknown>>): Row {
	const envelope = JSON.parse(String(row['envelope'])) as Omit<OutboxMessage, 'value'>;
	const message = {...envelope, key: envelope.key, value: row['value'] as Uint8Array};
	return {id: String(row['id']), lane: String(row['lane']), message};
}

/** FNV-1a, as a signed number of 32 bits. */
function hashOf(text: string): number {
	let hash = 0x811c9dc5;
	for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
	return hash | 0;
}
