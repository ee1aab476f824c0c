import {Buffer} from 'node:buffer';
import {hash} from 'node:crypto';
import type {OperationRecord, StoredAnswer} from '../../operation/record.ts';
import type {Found} from '../compare-and-set.ts';
import {packAnswer, recordOf, rowId, rowOf, type FoundRow, type Row} from '../row.ts';
import type {OperationId} from '../store.ts';

/** Where a record is: its id, and the keys of its hash, its answer and its index, all in one slot of a cluster. */
export type Place = {readonly id: string; readonly keys: readonly [op: string, answer: string, index: string]};

/** What a script answers. */
export type Reply = {readonly written: boolean; readonly now: number; readonly row: FoundRow};

const DIGITS = Array.from({length: 16}, (_, digit) => digit.toString(16));

export function placeOf(prefix: string, {scope, name}: OperationId): Place {
	return placeIn(prefix, scope, rowId({scope, name}));
}

export function placeIn(prefix: string, scope: string, id: string): Place {
	const slot = slotOf(prefix, scope, id.charAt(0));
	return {id, keys: [`${slot}:op:${id}`, `${slot}:answer:${id}`, `${slot}:index`]};
}

/** A scope is spread over sixteen slots, so that one of many operations does not burden one node alone. */
export function indexesOf(prefix: string, scope: string): string[] {
	return DIGITS.map(digit => `${slotOf(prefix, scope, digit)}:index`);
}

function slotOf(prefix: string, scope: string, digit: string): string {
	return `${prefix}:{${hash('sha256', JSON.stringify(scope)).slice(0, 32)}:${digit}}`;
}

/** What is written of a record that begins: how long its lease and its key last, the latest end of that, then the fields without the times. */
export function beginningOf(record: OperationRecord, {id}: Place, keyEnd: number = Number.MAX_SAFE_INTEGER): string[] {
	const {created_at, updated_at, lease_until, key_until, id: _, ...row} = rowOf(record, id);
	return [String(lease_until), String(key_until), String(Math.floor(keyEnd)), ...spread(row)];
}

/** The fields of the hash, by turns name and value. What is `null` is left out; its id is in its key, the answer elsewhere. */
export function fieldsOf(record: OperationRecord, {id}: Place): string[] {
	const {answer, id: _, ...row} = rowOf(record, id);
	return spread(row);
}

function spread(row: Partial<Row>): string[] {
	return Object.entries(row).flatMap(([name, value]) => (value === null ? [] : [name, spelt(value)]));
}

export function answerOf(answer: StoredAnswer | undefined): string {
	return answer === undefined ? '' : spelt(packAnswer(answer));
}

/** Text only: what a client makes of bytes is its own affair. */
function spelt(value: string | number | Uint8Array): string {
	return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value);
}

export function readReply([written, now, answer, ...fields]: readonly string[]): Reply {
	if (now === undefined) throw new TypeError('the Redis client gave an empty list where a reply was to come');
	const row: Record<string, unknown> = {};
	for (let i = 0; i < fields.length; i += 2) {
		const name = fields[i] ?? '';
		// An answer whose time is over has gone without its record.
		if (answer || name !== 'answer_until') row[name] = name === 'request' ? bytesOf(fields[i + 1]) : fields[i + 1];
	}

	// One may be left of a record that was lost.
	if (answer && 'answer_until' in row) row['answer'] = bytesOf(answer);
	return {written: written === '1', now: Number(now), row};
}

function bytesOf(text: unknown): Uint8Array {
	return new Uint8Array(Buffer.from(String(text), 'base64'));
}

/** Throws a TypeError for what is no record of this release. */
export function foundIn({row, now}: Reply, {id, keys: [op]}: Place): Found {
	if (Object.keys(row).length === 0) return {record: undefined, revision: 0, now};
	try {
		return {record: recordOf(row, id), revision: Number(row['revision'] ?? 0), now};
	} catch (error) {
		throw new TypeError(`the record under ${op} cannot be read: ${(error as Error).message}`, {cause: error});
	}
}
