import {columns, names, OPEN, quotedTable} from './schema.ts';
import type {Row} from '../row.ts';

/** What a begun record counts from now. */
const begunTimes: ReadonlySet<keyof Row> = new Set(['lease_until', 'created_at', 'updated_at', 'key_until']);

/**
 * Milliseconds since the epoch by the engine's clock: when the statement came, however often it is asked for, and not
 * when its transaction began.
 */
export const NOW: string = '(extract(epoch FROM statement_timestamp()) * 1000)::bigint';

/** So that a sweep after a long time keeps others waiting for no longer than a step takes. */
export const SWEEP_BATCH = 250;

/** Single statements, each a transaction of its own: any connection of a pool will do, behind a pooler too. */
export type Statements = {
	/** `$1`: id. One row: the record, its revision, and the time. */
	readonly read: string;
	/** A row's values, with times counted from now, and the latest end of its key. Inserts it if the id is free, and answers the time. */
	readonly begin: string;
	/** A row's values. Inserts it if the id is free. */
	readonly insert: string;
	/** A row's values, and the revision that it is to replace. */
	readonly replace: string;
	/** `$1`: id, key, owner, token, and the new lease in milliseconds. */
	readonly renew: string;
	/** `$1`: id, key, owner, token, status, HTTP status, how long it is kept in milliseconds, and the answer to keep. */
	readonly settle: string;
	/** `$1`: scope. */
	readonly list: string;
	/** `$1`: scope. Only what is open. */
	readonly listOpen: string;
	/** Deletes up to 250 records past their time, and counts them. */
	readonly sweepRecords: string;
	/** Clears up to 250 answers past their time, and counts them. */
	readonly sweepAnswers: string;
};

export function statementsOn(table: string): Statements {
	const quoted = quotedTable(table);
	const parameters = names.map((name, i) => `$${i + 1}::${columns[name].split(' ')[0]}`);
	const mine = 'id = $1 AND key = $2 AND owner = $3 AND token = $4 AND NOT freed AND version = 1';
	// It does not begin at one, so that a record that was swept and begun again is not taken for the old one.
	const insert = (values: readonly string[]) =>
		`INSERT INTO ${quoted} (${names.join(', ')}, revision) VALUES (${values.join(', ')}, ${NOW})
ON CONFLICT (id) DO NOTHING RETURNING revision AS now`;
	const begun = names.map((name, i) => {
		const value = begunTimes.has(name) ? `${parameters[i]} + ${NOW}` : `${parameters[i]}`;
		return name === 'key_until' ? `least(${value}, $${names.length + 1}::bigint)` : value;
	});
	const due = (column: string) => `ARRAY(SELECT id FROM ${quoted}
WHERE ${column} <= ${NOW} AND ${column === 'keep_until' ? `NOT (${OPEN})` : 'version = 1'}
ORDER BY ${column} LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED)`;

	return {
		read: `SELECT ${NOW} AS now, found.* FROM (SELECT) AS one LEFT JOIN ${quoted} AS found ON found.id = $1`,
		begin: insert(begun),
		insert: insert(parameters),
		replace: `UPDATE ${quoted} SET ${names.map((name, i) => `${name} = ${parameters[i]}`).join(', ')}, revision = revision + 1
WHERE id = $1 AND revision = $${names.length + 1} RETURNING id`,
		renew: `UPDATE ${quoted}
SET lease_until = ${NOW} + $5::bigint, updated_at = greatest(updated_at, ${NOW}), revision = revision + 1
WHERE ${mine} AND status IN ('sending', 'unknown', 'pending') RETURNING *`,
		settle: `UPDATE ${quoted}
SET status = $5, http_status = $6, owner = '', lease_until = 0, updated_at = greatest(updated_at, ${NOW}),
	keep_until = ${NOW} + $7::bigint, answer = $8::bytea,
	answer_until = CASE WHEN $8::bytea IS NOT NULL THEN ${NOW} + $7::bigint END, request = NULL, revision = revision + 1
WHERE ${mine} AND status = 'sending' AND (NOT awaited OR $8::bytea IS NOT NULL) RETURNING *`,
		list: `SELECT ${NOW} AS now, * FROM ${quoted} WHERE scope = $1`,
		listOpen: `SELECT ${NOW} AS now, * FROM ${quoted} WHERE scope = $1 AND ${OPEN}`,
		sweepRecords: `WITH gone AS (DELETE FROM ${quoted} WHERE id = ANY(${due('keep_until')}) RETURNING id)
SELECT count(*) AS swept FROM gone`,
		sweepAnswers: `WITH cleared AS (UPDATE ${quoted} SET answer = NULL, answer_until = NULL, revision = revision + 1
WHERE id = ANY(${due('answer_until')}) RETURNING id) SELECT count(*) AS swept FROM cleared`,
	};
}
