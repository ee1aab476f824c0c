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

// All values are spelled out, as word characters or hexadecimal digits: statements without parameters can travel with BEGIN and COMMIT.
const bytes = ({buffer, byteOffset, byteLength}: Uint8Array): string =>
	`decode('${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}', 'hex')`;
const text = (value: string): string =>
	/^\w*$/.test(value) ? `'${value}'` : `convert_from(${bytes(Buffer.from(value))}, 'UTF8')`;

/** `counts`: the database tells how many rows were written, so that none need be given. */
export function statementsOn(table: string, counts: boolean) {
	const quoted = quotedTable(table);
	/** Ends with the transaction, on whatever connection of a pooler that is. */
	const lock = (id: string) => `pg_try_advisory_xact_lock(hashtextextended(${text(`${table} ${id}`)}, 0))`;
	const until = (retention: number) => `${NOW} + ${Math.min(Math.ceil(retention), 2 ** 52)}`;
	const returning = counts ? '' : ' RETURNING true AS written';
	return {
		/** Where it writes a row, the key is this transaction's. It waits for nobody. */
		claim: (id: string, {subject, fingerprint}: Asked, retention: number) =>
			`INSERT INTO ${quoted} (id, subject, fingerprint, created_at, expires_at)
SELECT ${text(id)}, ${text(JSON.stringify(subject))}, ${text(fingerprint)}, ${NOW}, ${until(retention)} WHERE ${lock(id)}
ON CONFLICT (id) DO NOTHING${returning}`,
		/** One row: whether the key is not another transaction's, and what is there, also if it has been committed just now. */
		look: (
			id: string,
		) => `SELECT ${lock(id)} AS got, found.id IS NOT NULL AS there, expires_at <= ${NOW} AS expired, fingerprint, answer
FROM (SELECT) AS one LEFT JOIN ${quoted} AS found ON found.id = ${text(id)}`,
		/** What is past its time. Where it writes a row, the key is this transaction's. */
		replace: (id: string, {fingerprint}: Asked, retention: number) =>
			`UPDATE ${quoted} SET fingerprint = ${text(fingerprint)}, created_at = ${NOW}, expires_at = ${until(retention)}, answer = NULL
WHERE id = ${text(id)} AND expires_at <= ${NOW} AND ${lock(id)}${returning}`,
		/** No row: the transaction is not what it was. */
		keep: (id: string, answer: KeptAnswer) => `UPDATE ${quoted} SET answer = ${bytes(packKept(answer))}
WHERE id = ${text(id)} AND answer IS NULL${returning}`,
		sweep: `WITH gone AS (DELETE FROM ${quoted} WHERE id = ANY(ARRAY(SELECT id FROM ${quoted} WHERE expires_at <= ${NOW}
ORDER BY expires_at LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED)) RETURNING id) SELECT count(*) AS swept FROM gone`,
	};
}
