import {Buffer} from 'node:buffer';
import {hash} from 'node:crypto';
import {decodeRecord, type OperationRecord, type StoredAnswer, type StoredRequest} from '../operation/record.ts';
import type {State} from '../operation/state.ts';
import {ifReadable} from '../utils.ts';
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
	readonly pending: string | null;
};

/** A row as an engine gives it back: numbers perhaps as strings, booleans as such, nothing as `null` or left out. */
export type FoundRow = {readonly [column: string]: unknown};

export function rowId({scope, name}: OperationId): string {
	return hash('sha256', JSON.stringify([scope, name]), 'hex');
}

/** `id`: that of the record, by `rowId`. */
export function rowOf(record: OperationRecord, id: string): Row {
	const {state, answer, request, pending} = record;
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
		pending: pending ? JSON.stringify(pending) : null,
	};
}

/**
 * Throws an error for what is no record of this release, or that of another name than its `id` is of. A column that
 * cannot be is never read as a harmless one.
 */
export function recordOf(row: FoundRow, id: unknown = row['id']): OperationRecord {
	const version = numeric(row['version']);
	// What it has in its columns, only its own release knows.
	if (version !== 1) return decodeRecord({version});
	const previousKey = row['previous_key'] ?? undefined;
	const bytes = row['bytes'] ?? undefined;
	const keepUntil = optional(row['keep_until']);
	const answerUntil = optional(row['answer_until']);
	const answer = packedIn(row['answer']);
	const request = packedIn(row['request']);
	const pending = row['pending'] ?? undefined;
	const record = decodeRecord({
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
		token: numeric(row['token']),
		leaseUntil: numeric(row['lease_until']),
		createdAt: numeric(row['created_at']),
		updatedAt: numeric(row['updated_at']),
		keyUntil: numeric(row['key_until']),
		...(previousKey !== undefined && {previousKey}),
		...(bytes !== undefined && {bytes}),
		...(keepUntil !== undefined && {keepUntil}),
		...(answerUntil !== undefined && {answerUntil}),
		...(answer && {answer: unpackAnswer(answer)}),
		...(request && {request: unpackRequest(request)}),
		...(pending !== undefined && {pending: parsed(pending)}),
	});
	if (rowId(record) !== id) throw new TypeError('it stands under the id of another');
	return record;
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
export function pack(facts: object, body: Uint8Array): Uint8Array {
	return Buffer.concat([Buffer.from(`${JSON.stringify(facts)}\n`), body]);
}

export function unpack(packed: Uint8Array): {facts: unknown; body: Uint8Array} {
	const end = packed.indexOf(10);
	const facts: unknown = JSON.parse(new TextDecoder().decode(packed.subarray(0, end)));
	return {facts, body: new Uint8Array(packed.subarray(end + 1))};
}

function stateOf(row: FoundRow): State {
	const status = row['status'] as State['status'];
	const [final, said] = [flag(row['final']), flag(row['said'])];
	if (final === undefined || said === undefined) throw new TypeError('it does not say what it stands at');
	if (status === 'unknown') return final ? {status, final} : {status};
	const httpStatus = optional(row['http_status']);
	if (status === 'succeeded' && said) return {status, said};
	return status === 'sending' || httpStatus === undefined ? {status} : {status, httpStatus};
}

/** `null` for what is no JSON: the words of a SyntaxError would repeat a part of it. */
function parsed(text: unknown): unknown {
	return ifReadable(() => JSON.parse(text as string) as unknown) ?? null;
}

/** `undefined` for what is neither: not to know whether a key is free or ambiguous is no `false`. */
export function flag(value: unknown): boolean | undefined {
	if (typeof value === 'boolean') return value;
	const number = numeric(value);
	return number === 0 || number === 1 ? number === 1 : undefined;
}

/** `NaN` for what is no number, where `Number` would make `0` of nothing. */
export function numeric(value: unknown): number {
	return /^-?\d/.test(String(value)) ? Number(value) : Number.NaN;
}

function optional(value: unknown): number | undefined {
	return value === null || value === undefined ? undefined : numeric(value);
}

function packedIn(value: unknown): Uint8Array | undefined {
	if (value === null || value === undefined || value instanceof Uint8Array) return value ?? undefined;
	throw new TypeError('its answer or request is no bytes');
}

/** NUL is no text in Postgres, and half a surrogate pair is none in UTF-8. */
export function escaped(text: string): string {
	return text.replace(/[\\\0]|\p{Surrogate}/gu, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function unescaped(text: unknown): unknown {
	if (typeof text !== 'string') return text;
	return text.replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
