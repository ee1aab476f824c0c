import type {FoundRow, Row, Value} from '../row.ts';

/**
 * The columns of a record, as SQL declares them. Ids and scopes are compared byte by byte, so that a new version of the
 * system's collations cannot break their indexes. A layout that this release must not touch renames a column.
 */
export const columns: Readonly<Record<keyof Row, string>> = {
	id: 'text COLLATE "C" PRIMARY KEY',
	scope: 'text COLLATE "C" NOT NULL',
	name: 'text NOT NULL',
	version: 'integer NOT NULL',
	key: 'text NOT NULL',
	previous_key: 'text',
	fingerprint: 'text NOT NULL',
	bytes: 'text',
	status: 'text NOT NULL',
	http_status: 'integer',
	final: 'boolean NOT NULL',
	said: 'boolean NOT NULL',
	freed: 'boolean NOT NULL',
	ambiguous: 'boolean NOT NULL',
	awaited: 'boolean NOT NULL',
	owner: 'text NOT NULL',
	token: 'bigint NOT NULL',
	lease_until: 'bigint NOT NULL',
	created_at: 'bigint NOT NULL',
	updated_at: 'bigint NOT NULL',
	key_until: 'bigint NOT NULL',
	keep_until: 'bigint',
	answer_until: 'bigint',
	answer: 'bytea',
	request: 'bytea',
	pending: 'text',
};

export const names: ReadonlyArray<keyof Row> = Object.keys(columns) as ReadonlyArray<keyof Row>;

/**
 * What is open, of a scope that has done much, is found by an index of its own. So is whatever this release cannot tell
 * to be settled.
 */
export const OPEN = `(version = 1 AND (freed OR status IN ('succeeded', 'refused', 'mismatched', 'unprocessed'))) IS NOT TRUE`;

/** The layout below. */
const SCHEMA = 1;

/** A row as the values of `$1` and so on. Drivers differ in how they spell a boolean, but all take one. */
export function valuesOf(row: Row): Array<Value | boolean> {
	return names.map(name => (columns[name].startsWith('boolean') ? row[name] === 1 : row[name]));
}

/** The name in double quotes, each part of its own. */
export function quotedTable(table: string): string {
	return table
		.split('.')
		.map(part => `"${part.replaceAll('"', '""')}"`)
		.join('.');
}

/** The statements that make the table, for those who run their own migrations. */
export function schemaSql(table: string): string {
	const quoted = quotedTable(table);
	return `CREATE TABLE ${quoted} (
${names.map(name => `\t${name} ${columns[name]},`).join('\n')}
	revision bigint NOT NULL
);
CREATE INDEX ON ${quoted} (scope);
CREATE INDEX ON ${quoted} (scope) WHERE ${OPEN};
CREATE INDEX ON ${quoted} (keep_until) WHERE keep_until IS NOT NULL;
CREATE INDEX ON ${quoted} (answer_until) WHERE answer_until IS NOT NULL;
COMMENT ON TABLE ${quoted} IS 'latchkey schema ${SCHEMA}; times are milliseconds since the epoch';
`;
}

/** The same in one statement, hence all or nothing. Of several at once one makes it, and the others wait for that one. */
function setupSql(sql: string): string {
	return `DO ${literal(`BEGIN
${sql}EXCEPTION WHEN duplicate_table OR duplicate_object OR unique_violation THEN
	NULL;
END`)}`;
}

/** Right with either setting of `standard_conforming_strings`. */
export function literal(text: string): string {
	return `E'${text.replace(/['\\]/g, '$&$&')}'`;
}

/** Runs a statement; its rows. */
export type Ask = (text: string, values: unknown[]) => Promise<readonly FoundRow[]>;

/** By the table and its comment of one snapshot: `to_regclass` alone knows a table that is being made before its comment. */
const LOOK = `SELECT true AS there, obj_description(oid, 'pg_class') AS comment FROM pg_class WHERE oid = to_regclass($1)`;

/** Makes the table where there is none. Throws where what is there cannot be used. */
export async function setUp(ask: Ask, table: string, sql: string = schemaSql(table)): Promise<void> {
	if (await isSetUp(ask, table)) return;
	await ask(setupSql(sql), []);
	if (!(await isSetUp(ask, table))) throw new Error(`Postgres: something that is no table has the name ${table}`);
}

/** Throws where what is there cannot be used. */
async function isSetUp(ask: Ask, table: string): Promise<boolean> {
	const [row] = await ask(LOOK, [quotedTable(table)]);
	if (row?.['there'] !== true) return false;
	const schema = /^latchkey schema (\d+)/.exec(String(row['comment']))?.[1];
	if (schema === String(SCHEMA)) return true;
	throw new Error(
		schema === undefined
			? `Postgres: ${table} exists, but is not a table of latchkey: its comment does not begin with "latchkey schema"`
			: `Postgres: ${table} is of schema ${schema}, this release of latchkey knows ${SCHEMA}: update latchkey, or name another table`,
	);
}
