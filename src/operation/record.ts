import {isKey} from '../request/key.ts';
import {isOpenState, isStatus, type State} from './state.ts';

/** An answer at rest. Only there while somebody waits for it, or with `keepResponse`. */
export type StoredAnswer = {
	readonly status: number;
	readonly statusText: string;
	readonly headers: ReadonlyArray<readonly [string, string]>;
	readonly body: Uint8Array;
	readonly url: string;
};

/** A request at rest, so that it can be sent again after a crash: no header but its content type and those that make it another request. Only with `keepRequest`. */
export type StoredRequest = {
	readonly method: string;
	readonly url: string;
	readonly contentType?: string | undefined;
	/** Those that `fingerprintHeaders` names: they make it this request. */
	readonly headers?: ReadonlyArray<readonly [string, string]> | undefined;
	/** The exact bytes; `null`: no body. */
	readonly body: Uint8Array | null;
};

/**
 * What a page needs while an operation is pending, such as where the customer is to go. latchkey itself reads `statusUrl`:
 * where to ask what became of it.
 */
export type PendingDetails = {readonly statusUrl?: string | undefined; readonly [name: string]: string | undefined};

/**
 * What is persisted of an operation; of its request nothing but hashes, unless asked for. Times are the store's, in
 * milliseconds.
 */
export type OperationRecord = {
	readonly version: 1;
	readonly scope: string;
	readonly name: string;
	readonly key: string;
	/** The last key under this name before this one. */
	readonly previousKey?: string | undefined;
	readonly fingerprint: string;
	/** A hash of the whole request as it was first claimed, where `fingerprint` leaves parts of it out. */
	readonly bytes?: string | undefined;
	readonly state: State;
	/** Completed or forgotten: the next call gets a new key. The record stays for a while, so that late writes can be told. */
	readonly freed: boolean;
	/** Somebody else may have sent this key, an earlier owner or one that shares no store with us: only a success is believed. */
	readonly ambiguous: boolean;
	/** `''` when nobody is at it. */
	readonly owner: string;
	/** Fencing token: grows with every change of owner. */
	readonly token: number;
	readonly leaseUntil: number;
	readonly createdAt: number;
	readonly updatedAt: number;
	/** After this moment the server may have forgotten the key and would execute again: nothing is sent. */
	readonly keyUntil: number;
	/** After this moment the record may go. Open records have none. */
	readonly keepUntil?: number | undefined;
	/** When a sweep first found it past `keepUntil`, in a store on the process's clock, which may be ahead. */
	readonly dueSince?: number | undefined;
	/** Somebody elsewhere waits for the outcome. */
	readonly awaited: boolean;
	readonly answer?: StoredAnswer | undefined;
	readonly answerUntil?: number | undefined;
	/** Kept while the operation is pending, with the `pending` option. It may hold a secret: in no list, and in no event. */
	readonly pending?: PendingDetails | undefined;
	/** Kept while the operation is open. */
	readonly request?: StoredRequest | undefined;
};

/** Refused, completed or forgotten: the next call under the name gets a new key. */
export function isFree(record: OperationRecord | undefined): boolean {
	return record === undefined || record.freed || record.state.status === 'refused';
}

/** Neither free nor definitive: the outcome is not known yet. */
export function isOpen(record: OperationRecord): boolean {
	return !record.freed && isOpenState(record.state);
}

/** Neither free nor open: the same request goes on under its key, another one under a new key. */
export function isUnprocessed(record: OperationRecord | undefined): boolean {
	return record !== undefined && !record.freed && record.state.status === 'unprocessed';
}

/** The end of a key's life as one caller sees it: that of the record, or an earlier one by what is declared now. */
export type KeyLimits = {
	/** The most that the dialect's retention allows, counted from the first claim, in milliseconds. */
	readonly maxKeyAge?: number | undefined;
	/** The latest end, in milliseconds since the epoch, of a key whose caller says when it was made. */
	readonly keyEnd?: number | undefined;
};

/** When the key may not be sent any more, by the store's clock. */
export function keyEndOf({keyUntil, createdAt}: OperationRecord, {maxKeyAge, keyEnd}: KeyLimits): number {
	return Math.min(keyUntil, createdAt + (maxKeyAge ?? Infinity), keyEnd ?? Infinity);
}

/** The record, or an error that says what is wrong with it. What a store returns is data, never trusted. */
export function decodeRecord(value: unknown): OperationRecord {
	const record = value as OperationRecord | null | undefined;
	if (typeof record !== 'object' || record === null) throw new TypeError('it is not a record');
	if (record.version !== 1) throw new TypeError(`it has version ${String(record.version)}, this release knows 1`);
	const {state, answer} = record;
	const sound =
		typeof record.scope === 'string' &&
		typeof record.name === 'string' &&
		isKey(record.key) &&
		(record.previousKey === undefined || isKey(record.previousKey)) &&
		typeof record.fingerprint === 'string' &&
		typeof state === 'object' &&
		state !== null &&
		isStatus(state.status) &&
		typeof record.freed === 'boolean' &&
		typeof record.ambiguous === 'boolean' &&
		typeof record.awaited === 'boolean' &&
		typeof record.owner === 'string' &&
		[record.token, record.leaseUntil, record.createdAt, record.updatedAt, record.keyUntil].every(Number.isFinite) &&
		[record.keepUntil, record.dueSince, record.answerUntil].every(isTime) &&
		isTime((state as {httpStatus?: number}).httpStatus) &&
		(record.bytes === undefined || typeof record.bytes === 'string') &&
		(record.request === undefined || isRequest(record.request)) &&
		(record.pending === undefined || arePendingDetails(record.pending)) &&
		(answer === undefined || isAnswer(answer));
	if (!sound) throw new TypeError('its fields are not those of a record');
	return record;
}

/** Whether it is what may be kept of an operation that is pending: texts by name. */
export function arePendingDetails(details: unknown): details is PendingDetails {
	return (
		typeof details === 'object' &&
		details !== null &&
		!Array.isArray(details) &&
		Object.values(details).every(text => text === undefined || typeof text === 'string')
	);
}

function isTime(time: number | undefined): boolean {
	return time === undefined || Number.isFinite(time);
}

function isRequest(request: StoredRequest): boolean {
	return (
		typeof request === 'object' &&
		request !== null &&
		typeof request.method === 'string' &&
		typeof request.url === 'string' &&
		(request.contentType === undefined || typeof request.contentType === 'string') &&
		(request.headers === undefined || arePairs(request.headers)) &&
		(request.body === null || request.body instanceof Uint8Array)
	);
}

function arePairs(headers: unknown): boolean {
	return (
		Array.isArray(headers) &&
		headers.every(pair => Array.isArray(pair) && pair.length === 2 && pair.every(part => typeof part === 'string'))
	);
}

function isAnswer(answer: StoredAnswer): boolean {
	return (
		typeof answer === 'object' &&
		answer !== null &&
		Number.isInteger(answer.status) &&
		answer.status >= 200 &&
		answer.status <= 599 &&
		typeof answer.statusText === 'string' &&
		typeof answer.url === 'string' &&
		arePairs(answer.headers) &&
		answer.body instanceof Uint8Array
	);
}
