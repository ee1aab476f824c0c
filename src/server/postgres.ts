import {askOn, poolSpec, tableSpec, type Queryable} from '../stores/postgres/ask.ts';
import {quotedTable, setUp} from '../stores/postgres/schema.ts';
import {NOW, SWEEP_BATCH} from '../stores/postgres/sql.ts';
import type {FoundRow} from '../stores/row.ts';
import {checkOptions} from '../validate.ts';
import {stepOnEntry, stepsBy, type EntryCell, type FoundEntry} from './compared.ts';
import type {EntryStore} from './entry.ts';
import {entryOf, entryRow, guardColumn, packKept, type EntryRow} from './row.ts';
import {beginRule} from './rules.ts';

export type {Database, PgClient, PgPool, Rows} from './database.ts';
export type {TransactionalOptions} from './transactional/options.ts';
export {
	transactional,
	type Transactional,
	type TransactionalHandler,
	type TransactionalOperation,
} from './transactional/postgres.ts';

export type PostgresEntriesOptions = {
	/** Who runs the statements: a pg `Pool`, or what does as it does. It stays yours. */
	readonly pool: Queryable;
	/**
	 * The table: `'table'` or `'schema.table'`.
	 *
	 * @default 'latchkey_entries'
	 */
	readonly table?: string;
};

export type PostgresEntries = EntryStore & {
	/**
	 * Makes the table and its indexes where they are missing. All processes may call it at every start.
	 *
	 * @throws {Error} for a table that is of a newer release, or not of latchkey at all.
	 */
	setup(): Promise<void>;
};

const columns: Readonly<Record<keyof EntryRow, string>> = {
	id: 'text COLLATE "C" PRIMARY KEY',
	version: 'integer NOT NULL',
	guard: 'text COLLATE "C" NOT NULL',
	subject: 'text NOT NULL',
	fingerprint: 'text NOT NULL',
	state: 'text NOT NULL',
	acted: 'integer NOT NULL',
	owner: 'text NOT NULL',
	token: 'bigint NOT NULL',
	lease_until: 'bigint NOT NULL',
	created_at: 'bigint NOT NULL',
	expires_at: 'bigint',
	answer: 'bytea',
};
const names = Object.keys(columns) as ReadonlyArray<keyof EntryRow>;

function schemaSql(table: string): string {
	const quoted = quotedTable(table);
	return `CREATE TABLE ${quoted} (
${names.map(name => `\t${name} ${columns[name]},`).join('\n')}
	revision bigint NOT NULL
);
CREATE INDEX ON ${quoted} (guard, created_at) WHERE expires_at IS NULL;
CREATE INDEX ON ${quoted} (expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE ${quoted} IS 'latchkey schema 1 of entries; times are milliseconds since the epoch';
`;
}

/** What is gone with its owner, and cannot have acted. */
const IDLE = `(state = 'running' AND acted = 0 AND lease_until <= ${NOW})`;

/** So that one that was dropped and begun again is not taken for the one that was seen. */
const REVISION = '(extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

function statementsOn(table: string) {
	const quoted = quotedTable(table);
	const parameters = names.map((name, i) => `$${i + 1}::${columns[name].split(' ')[0]}`);
	// Counted from nought, and hence from now.
	const counted = (name: string) => name === 'created_at' || name === 'lease_until';
	const begun = names.map((name, i) => (counted(name) ? `${parameters[i]} + ${NOW}` : parameters[i]));
	const insert = (values: ReadonlyArray<string | undefined>) =>
		`INSERT INTO ${quoted} (${names.join(', ')}, revision) VALUES (${values.join(', ')}, ${REVISION})
ON CONFLICT (id) DO NOTHING RETURNING created_at AS now`;
	const seen = `$${names.length + 1}::bigint`;
	return {
		read: `SELECT ${NOW} AS now, found.* FROM (SELECT) AS one LEFT JOIN ${quoted} AS found ON found.id = $1`,
		begin: insert(begun),
		insert: insert(parameters),
		replace: `UPDATE ${quoted} SET ${names.map((name, i) => `${name} = ${parameters[i]}`).join(', ')}, revision = revision + 1
WHERE id = $1 AND revision = ${seen} RETURNING id`,
		drop: `DELETE FROM ${quoted} WHERE id = $1 AND revision = $2 RETURNING id`,
		answer: `UPDATE ${quoted} SET state = 'answered', owner = '', lease_until = 0, answer = $4::bytea,
	expires_at = created_at + $5::bigint, revision = revision + 1
WHERE id = $1 AND owner = $2 AND token = $3 AND token = 1 AND state = 'running' AND version = 1 RETURNING id`,
		unsettled: `SELECT ${NOW} AS now, * FROM ${quoted} WHERE guard = $1 AND expires_at IS NULL AND NOT ${IDLE}
ORDER BY created_at LIMIT $2::bigint`,
		sweep: `WITH gone AS (DELETE FROM ${quoted} WHERE id = ANY(ARRAY(SELECT id FROM ${quoted}
WHERE version = 1 AND (expires_at <= ${NOW} OR (expires_at IS NULL AND ${IDLE}))
LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED)) RETURNING id) SELECT count(*) AS swept FROM gone`,
	};
}

const valuesOf = (row: EntryRow): unknown[] => names.map(name => row[name]);

/**
 * Keeps the entries of guards in a table of Postgres 12 or later. A run takes two statements: one to begin it, and one
 * to keep its answer; each is a transaction of its own, on any connection and behind any pooler. Time is that of the
 * database. Make the table with `setup()`. What is said of pools in docs/stores.md holds here, too.
 *
 * @throws {TypeError} for an option that is missing or of the wrong kind.
 * @example
 * import {idempotent} from 'latchkey/server';
 * import {postgresEntries} from 'latchkey/server/postgres';
 *
 * const store = postgresEntries({pool});
 * await store.setup();
 * const pay = idempotent(handler, {store, scope: request => userOf(request).id});
 */
export function postgresEntries(options: PostgresEntriesOptions): PostgresEntries {
	checkOptions('postgresEntries', options, {pool: poolSpec}, {table: tableSpec});
	const {pool, table = 'latchkey_entries'} = options;
	const sql = statementsOn(table);
	const ask = askOn(pool, table);

	const cellOf = (id: string): EntryCell => ({
		read: async () => foundIn(await ask(sql.read, [id])),
		async write(entry, {revision}) {
			if (entry === null) return written(await ask(sql.drop, [id, revision]));
			const values = valuesOf(entryRow(entry, id));
			return written(await (revision === 0 ? ask(sql.insert, values) : ask(sql.replace, [...values, revision])));
		},
	});
	const steps = stepsBy(async (id, rule) => stepOnEntry(cellOf(id), rule));

	return {
		...steps,
		async begin(id, asked) {
			const beginning = {...asked, lease: Math.ceil(asked.lease)};
			const {write} = beginRule(undefined, beginning, 0);
			const [row] = write ? await ask(sql.begin, valuesOf(entryRow(write, id))) : [];
			return row === undefined
				? steps.begin(id, beginning)
				: beginRule(undefined, beginning, Number(row['now'])).result;
		},
		async answer(id, hold) {
			const {owner, token, answer, retention} = hold;
			const lasting = retention === undefined ? null : Math.ceil(retention);
			const [row] = await ask(sql.answer, [id, owner, token, packKept(answer), lasting]);
			return row === undefined ? steps.answer(id, hold) : {status: 'done'};
		},
		async unsettled(guard, limit) {
			const rows = await ask(sql.unsettled, [guardColumn(guard), limit]);
			return rows.map(row => ({entry: entryOf(row), now: Number(row['now'])}));
		},
		async sweep() {
			for (let total = 0; ;) {
				const [row] = await ask(sql.sweep, []);
				const swept = Number(row?.['swept']);
				total += swept;
				if (!(swept >= SWEEP_BATCH)) return total;
			}
		},
		setup: async () => setUp(ask, table, schemaSql(table)),
	};
}

const written = (rows: readonly FoundRow[]) => (rows.length === 0 ? 'changed' : 'written');

/** The first row of a look at one entry: the time, and its columns where there is one. */
function foundIn([row]: readonly FoundRow[]): FoundEntry {
	if (row === undefined) throw new TypeError('query() of the pool gave no rows');
	const there = row['id'] !== null;
	return {
		record: there ? entryOf(row) : undefined,
		revision: there ? Number(row['revision']) : 0,
		now: Number(row['now']),
	};
}
