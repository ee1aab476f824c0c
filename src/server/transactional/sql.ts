import {Buffer} from 'node:buffer';
import {quotedTable} from '../../stores/postgres/schema.ts';
import {NOW, SWEEP_BATCH} from '../../stores/postgres/sql.ts';
import type {Asked} from '../asked.ts';
import type {KeptAnswer} from '../entry.ts';
import {packKept} from '../row.ts';

export function schemaSql(table: string): string {
	const quoted = quotedTable(table);
	return `CREATE TABLE ${quoted} (
	id text COLLATE "C" PRIMARY KEY,
	subject text NOT NULL,
	fingerprint text NOT NULL,
	created_at bigint NOT NULL,
	expires_at bigint NOT NULL,
	answer bytea
) WITH (fillfactor = 70);
CREATE INDEX ON ${quoted} (expires_at);
COMMENT ON TABLE ${quoted} IS 'latchkey schema 1 of keys; times are milliseconds since the epoch';
`;
}

// All values are spelled out as hexadecimal digits: statements without parameters can travel with BEGIN and COMMIT.
const bytes = ({buffer, byteOffset, byteLength}: Uint8Array): string =>
	`decode('${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}', 'hex')`;
const text = (value: string): string => `convert_from(${bytes(Buffer.from(value))}, 'UTF8')`;

/** To which the writes of a handler are undone where it declines. */
export const SAVEPOINT = 'latchkey_handler';

/** What `claim` gives: `got` is null where there is a row, and false where another transaction is at the key. */
export type ClaimRow = {
	readonly got: unknown;
	readonly added: unknown;
	readonly fingerprint: unknown;
	readonly answer: unknown;
};

export function statementsOn(table: string) {
	const quoted = quotedTable(table);
	const seen = (id: string) =>
		`SELECT fingerprint, answer FROM ${quoted} WHERE id = ${text(id)} AND expires_at > ${NOW}`;
	return {
		/**
		 * One look, and the key if it is free. Whoever meets another at the key does not wait for it on this connection. A row that
		 * is past its time is taken over.
		 */
		claim: (id: string, {subject, fingerprint}: Asked, retention: number) => {
			const expires = `${NOW} + ${Math.min(Math.ceil(retention), 2 ** 52)}`;
			return `WITH seen AS MATERIALIZED (${seen(id)}),
locked AS MATERIALIZED (SELECT CASE WHEN NOT EXISTS (SELECT FROM seen)
	THEN pg_try_advisory_xact_lock(hashtextextended(${text(`${table} ${id}`)}, 0)) END AS got),
added AS (INSERT INTO ${quoted} AS t (id, subject, fingerprint, created_at, expires_at)
SELECT ${text(id)}, ${text(JSON.stringify(subject))}, ${text(fingerprint)}, ${NOW}, ${expires} FROM locked WHERE got
ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, created_at = excluded.created_at,
	expires_at = excluded.expires_at, answer = NULL WHERE t.expires_at <= ${NOW} RETURNING id)
SELECT got, EXISTS (SELECT FROM added) AS added, seen.* FROM locked LEFT JOIN seen ON true`;
		},
		/** A second look, for a row that was committed after the first had begun. */
		look: seen,
		/** Fails where the key is not there any more. */
		keep: (id: string, answer: KeptAnswer) => `WITH kept AS (UPDATE ${quoted} SET answer = ${bytes(packKept(answer))}
WHERE id = ${text(id)} AND answer IS NULL RETURNING id) SELECT 1 / count(*) AS kept FROM kept`,
		sweep: `WITH gone AS (DELETE FROM ${quoted} WHERE id = ANY(ARRAY(SELECT id FROM ${quoted} WHERE expires_at <= ${NOW}
ORDER BY expires_at LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED)) RETURNING id) SELECT count(*) AS swept FROM gone`,
	};
}
