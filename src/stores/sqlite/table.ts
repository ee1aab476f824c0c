import type {DatabaseSync, StatementSync} from 'node:sqlite';
import type {Row} from '../row.ts';
import {SWEPT_AFTER} from '../rules.ts';
import {fileError} from './failure.ts';

export type Statements = {
	readonly find: StatementSync;
	readonly ofScope: StatementSync;
	readonly openOfScope: StatementSync;
	readonly put: StatementSync;
	readonly markDue: StatementSync;
	readonly clearDue: StatementSync;
	readonly dropRecords: StatementSync;
	readonly dropAnswers: StatementSync;
};

/** Of the table, as `PRAGMA user_version` has it. Another set of columns is another version. */
const VERSION = 1;

/** `latc` as a `PRAGMA application_id`: a file that was made for operations alone, whose `user_version` is ours to set. */
const APPLICATION = 0x6c617463;

const columns: Readonly<Record<keyof Row | 'due_since', string>> = {
	id: 'TEXT NOT NULL PRIMARY KEY',
	scope: 'TEXT NOT NULL',
	name: 'TEXT NOT NULL',
	version: 'INTEGER NOT NULL',
	key: 'TEXT NOT NULL',
	previous_key: 'TEXT',
	fingerprint: 'TEXT NOT NULL',
	bytes: 'TEXT',
	status: 'TEXT NOT NULL',
	http_status: 'INTEGER',
	final: 'INTEGER NOT NULL',
	said: 'INTEGER NOT NULL',
	freed: 'INTEGER NOT NULL',
	ambiguous: 'INTEGER NOT NULL',
	awaited: 'INTEGER NOT NULL',
	owner: 'TEXT NOT NULL',
	token: 'INTEGER NOT NULL',
	lease_until: 'INTEGER NOT NULL',
	created_at: 'INTEGER NOT NULL',
	updated_at: 'INTEGER NOT NULL',
	key_until: 'INTEGER NOT NULL',
	keep_until: 'INTEGER',
	answer_until: 'INTEGER',
	answer: 'BLOB',
	request: 'BLOB',
	pending: 'TEXT',
	due_since: 'INTEGER',
};
const names = Object.keys(columns);

const settled = `version = 1 AND (freed = 1 OR status IN ('succeeded', 'refused', 'mismatched', 'unprocessed'))`;

/**
 * What is open, of a scope that has done much, is found by an index of its own. So is whatever this release cannot tell
 * to be settled.
 */
const open = `(${settled}) IS NOT TRUE`;

// With its rowid: rows that carry answers are too large for a tree that is searched by them.
const creation = `
	CREATE TABLE operations (${Object.entries(columns)
		.map(([name, type]) => `${name} ${type}`)
		.join(', ')}) STRICT;
	CREATE INDEX operations_scope ON operations (scope);
	CREATE INDEX operations_open ON operations (scope) WHERE ${open};
	CREATE INDEX operations_keep_until ON operations (keep_until) WHERE keep_until IS NOT NULL;
	CREATE INDEX operations_answer_until ON operations (answer_until) WHERE answer_until IS NOT NULL;
`;

/** Makes the table, or makes sure that it is one that this release knows and may write to. Part of a transaction. */
export function prepareTable(database: DatabaseSync, file: string): void {
	const pragma = (name: string) => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
	const version = pragma('user_version');
	const application = pragma('application_id');
	if (application === APPLICATION && version > VERSION)
		throw fileError(file, `has the schema version ${version}, and this release knows ${VERSION}: update latchkey`);

	const isEmpty = database.prepare('SELECT name FROM sqlite_schema LIMIT 1').get() === undefined;
	if (isEmpty && application === 0 && version === 0)
		database.exec(`PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION}`);

	const table = database.prepare(`SELECT name FROM pragma_table_info('operations')`).all();
	const found = table.map(({name}) => String(name));
	const odd = [...names.filter(name => !found.includes(name)), ...found.filter(name => !names.includes(name))];
	if (found.length === 0) database.exec(creation);
	else if (odd.length > 0)
		throw fileError(
			file,
			`has a table "operations" that is not of this release of latchkey (they differ in ${odd.join(', ')}): update latchkey if a newer one made it, or name another file`,
		);

	// A file that can only be read says so when it is written to, even if nothing is.
	database.exec('DELETE FROM operations WHERE FALSE');
}

export function prepareStatements(database: DatabaseSync): Statements {
	// To set what never changes would write its indexes anew.
	const changing = names.filter(name => !['id', 'scope', 'name'].includes(name));
	const updates = changing.map(name => `${name} = excluded.${name}`);
	const written = names.filter(name => name !== 'due_since');
	// Only what this release can read: another may hold it to be open.
	const due = `keep_until <= :now AND ${settled}`;
	const some = (set: string, where: string) =>
		`${set} WHERE id IN (SELECT id FROM operations WHERE ${where} LIMIT :most)`;
	return {
		find: database.prepare('SELECT * FROM operations WHERE id = ?'),
		ofScope: database.prepare('SELECT * FROM operations WHERE scope = ?'),
		openOfScope: database.prepare(`SELECT * FROM operations WHERE scope = ? AND ${open}`),
		// What is written anew is not known to be due: `due_since` is nobody's value.
		put: database.prepare(
			`INSERT INTO operations (${written.join(', ')}) VALUES (${written.map(name => `:${name}`).join(', ')})
			ON CONFLICT (id) DO UPDATE SET ${updates.join(', ')}`,
		),
		markDue: database.prepare(
			some('UPDATE operations SET due_since = :now', `${due} AND (due_since IS NULL OR due_since > :now)`),
		),
		clearDue: database.prepare(
			some('UPDATE operations SET due_since = NULL', `due_since IS NOT NULL AND keep_until > :now`),
		),
		dropRecords: database.prepare(some('DELETE FROM operations', `${due} AND due_since <= :now - ${SWEPT_AFTER}`)),
		dropAnswers: database.prepare(
			some('UPDATE operations SET answer = NULL, answer_until = NULL', 'answer_until <= :now AND version = 1'),
		),
	};
}
