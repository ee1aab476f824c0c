import {Buffer} from 'node:buffer';
import {hash} from 'node:crypto';
import {decodeRecord, type OperationRecord, type StoredAnswer, type StoredRequest} from '../operation/record.ts';
import type {State} from '../operation/state.ts';
import type {OperationId} from './store.ts';

export type Value = string | number | Uint8Array | null;

/** A record as flat columns, for SQL and for hashes. Booleans are 0 and 1, times milliseconds since the epoch. */
export type Row = {
	/** Short and plain, however long and odd the name is. */
	readonly id: string;
	readonly scope: string;
	readonly name: string;
	readonly version: number;
	readonly key: string;
	readonly previous_key: string | null;
	readonly fingerprint: string;
	readonly bytes: string | null;
	readonly status: string;
	readonly http_status: number | null;
	readonly final: number;
	readonly said: number;
	readonly freed: number;
	readonly ambiguous: number;
	readonly awaited: number;
	readonly owner: string;
	readonly token: number;
	readonly lease_until: number;
	readonly created_at: number;
	readonly updated_at: number;
	readonly key_until: number;
	readonly keep_until: number | null;
	readonly answer_until: number | null;
	readonly answer: Uint8Array | null;
	readonly request: Uint8Array | null;
};

/** A row as an engine gives it back: numbers perhaps as strings, booleans as such, nothing as `null` or left out. */
export type FoundRow = {readonly [column: string]: unknown};

export function rowId({scope, name}: OperationId): string {
	return hash('sha256', JSON.stringify([scope, name]), 'hex');
}

/** `id`: that of the record, by `rowId`. */
export function rowOf(record: OperationRecord, id: string): Row {
	const {state, answer, request} = record;
	return {
		id,
		scope: escaped(record.scope),
		name: escaped(record.name),
		version: record.version,
		key: record.key,
		previous_key: record.previousKey ?? null,
		fingerprint: record.fingerprint,
		bytes: record.bytes ?? null,
		status: state.status,
		http_status: 'httpStatus' in state ? (state.httpStatus ?? null) : null,
		final: Number('final' in state),
		said: Number('said' in state),
		freed: Number(record.freed),
		ambiguous: Number(record.ambiguous),
		awaited: Number(record.awaited),
		owner: record.owner,
		token: record.token,
		lease_until: Math.floor(record.leaseUntil),
		created_at: record.createdAt,
		updated_at: record.updatedAt,
		key_until: Math.floor(record.keyUntil),
		keep_until: record.keepUntil ?? null,
		answer_until: record.answerUntil ?? null,
		answer: answer ? packAnswer(answer) : null,
		request: request ? packRequest(request) : null,
	};
}

/** Throws a TypeError for what is no record of this release. */
export function recordOf(row: FoundRow): OperationRecord {
	const version = Number(row['version']);
	// What it has in its columns, only its own release knows.
	if (version !== 1) return decodeRecord({version});
	const {bytes, answer, request, previous_key: previousKey} = row;
	const keepUntil = optional(row['keep_until']);
	const answerUntil = optional(row['answer_until']);
	return decodeRecord({
		version,
		scope: unescaped(row['scope']),
		name: unescaped(row['name']),
		key: row['key'],
		fingerprint: row['fingerprint'],
		state: stateOf(row),
		freed: flag(row['freed']),
		ambiguous: flag(row['ambiguous']),
		awaited: flag(row['awaited']),
		owner: row['owner'],
		token: Number(row['token']),
		leaseUntil: Number(row['lease_until']),
		createdAt: Number(row['created_at']),
		updatedAt: Number(row['updated_at']),
		keyUntil: Number(row['key_until']),
		...(typeof previousKey === 'string' && {previousKey}),
		...(typeof bytes === 'string' && {bytes}),
		...(keepUntil !== undefined && {keepUntil}),
		...(answerUntil !== undefined && {answerUntil}),
		...(answer instanceof Uint8Array && {answer: unpackAnswer(answer)}),
		...(request instanceof Uint8Array && {request: unpackRequest(request)}),
	});
}

export function packAnswer({body, ...facts}: StoredAnswer): Uint8Array {
	return pack(facts, body);
}

function packRequest({body, ...facts}: StoredRequest): Uint8Array {
	return pack({...facts, bare: body === null}, body ?? new Uint8Array());
}

function unpackAnswer(packed: Uint8Array): StoredAnswer {
	const {facts, body} = unpack(packed);
	return {...(facts as Omit<StoredAnswer, 'body'>), body};
}

function unpackRequest(packed: Uint8Array): StoredRequest {
	const {facts, body} = unpack(packed);
	const {bare, ...rest} = facts as Omit<StoredRequest, 'body'> & {bare: boolean};
	return {...rest, body: bare ? null : body};
}

/** JSON has no line break of its own: the first one ends the facts. */
function pack(facts: object, body: Uint8Array): Uint8Array {
	return Buffer.concat([Buffer.from(`${JSON.stringify(facts)}\n`), body]);
}

function unpack(packed: Uint8Array): {facts: unknown; body: Uint8Array} {
	const end = packed.indexOf(10);
	const facts: unknown = JSON.parse(new TextDecoder().decode(packed.subarray(0, end)));
	return {facts, body: new Uint8Array(packed.subarray(end + 1))};
}

function stateOf(row: FoundRow): State {
	const status = row['status'] as State['status'];
	if (status === 'unknown') return flag(row['final']) ? {status, final: true} : {status};
	const httpStatus = optional(row['http_status']);
	if (status === 'succeeded' && flag(row['said'])) return {status, said: true};
	return status === 'sending' || httpStatus === undefined ? {status} : {status, httpStatus};
}

function flag(value: unknown): boolean {
	return value === true || Number(value) === 1;
}

function optional(value: unknown): number | undefined {
	return value === null || value === undefined ? undefined : Number(value);
}

/** NUL is no text in Postgres, and half a surrogate pair is none in UTF-8. */
export function escaped(text: string): string {
	return text.replace(/[\\\0]|\p{Surrogate}/gu, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function unescaped(text: unknown): string {
	return String(text).replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
