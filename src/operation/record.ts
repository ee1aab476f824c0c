import {isKey} from '../request/key.ts';
import type {State} from './state.ts';

/** An answer at rest. Only there while somebody waits for it, or with `keepResponse`. */
export type StoredAnswer = {
	readonly status: number;
	readonly statusText: string;
	readonly headers: ReadonlyArray<readonly [string, string]>;
	readonly body: Uint8Array;
	readonly url: string;
};

/** A request at rest, so that it can be sent again after a crash: no header but its content type. Only with `keepRequest`. */
export type StoredRequest = {
	readonly method: string;
	readonly url: string;
	readonly contentType?: string | undefined;
	/** The exact bytes; `null`: no body. */
	readonly body: Uint8Array | null;
};

/**
 * What is persisted of an operation; of its request nothing but hashes, unless asked for. Times are the store's, in
 * milliseconds.
 */
export type OperationRecord = {
	readonly version: 1;
	readonly scope: string;
	readonly name: string;
	readonly key: string;
	readonly fingerprint: string;
	/** A hash of the whole request as it was first claimed, where `fingerprint` leaves parts of it out. */
	readonly bytes?: string | undefined;
	readonly state: State;
	/** Completed or forgotten: the next call gets a new key. The record stays for a while, so that late writes can be told. */
	readonly freed: boolean;
	/** An earlier owner may have sent this key: only a success is believed. */
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
	/** After this moment the record may go. Only settled and freed records have one. */
	readonly keepUntil?: number | undefined;
	/** Somebody elsewhere waits for the outcome. */
	readonly awaited: boolean;
	readonly answer?: StoredAnswer | undefined;
	readonly answerUntil?: number | undefined;
	/** Kept while the operation is open. */
	readonly request?: StoredRequest | undefined;
};

/** Refused, completed or forgotten: the next call under the name gets a new key. */
export function isFree(record: OperationRecord | undefined): boolean {
	return record === undefined || record.freed || record.state.status === 'refused';
}

/** Neither free nor definitive: the outcome is not known yet. */
export function isOpen(record: OperationRecord): boolean {
	return !record.freed && (record.state.status === 'sending' || record.state.status === 'unknown');
}

const statuses = new Set(['sending', 'succeeded', 'refused', 'mismatched', 'unknown']);

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
		typeof record.fingerprint === 'string' &&
		typeof state === 'object' &&
		state !== null &&
		statuses.has(state.status) &&
		typeof record.freed === 'boolean' &&
		typeof record.ambiguous === 'boolean' &&
		typeof record.awaited === 'boolean' &&
		typeof record.owner === 'string' &&
		// A sum is a finite number only if each of them is one.
		Number.isFinite(record.token + record.leaseUntil + record.createdAt + record.updatedAt + record.keyUntil) &&
		(record.keepUntil === undefined || Number.isFinite(record.keepUntil)) &&
		(answer === undefined || isAnswer(answer));
	if (!sound) throw new TypeError('its fields are not those of a record');
	return record;
}

function isAnswer(answer: StoredAnswer): boolean {
	return (
		typeof answer === 'object' &&
		answer !== null &&
		Number.isInteger(answer.status) &&
		answer.status >= 200 &&
		answer.status <= 599 &&
		Array.isArray(answer.headers) &&
		answer.body instanceof Uint8Array
	);
}
