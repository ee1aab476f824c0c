import type {MaybePromise} from '../utils.ts';
import type {Subject} from './entry.ts';
import {sha256} from '#hash';
import {uuidV5} from './uuid-v5.ts';

const NAMESPACE = 'latchkey.stepkey';

/** Each part after its length, so that the end of one is never the beginning of the next. */
function framed(parts: readonly string[]): string {
	let text = '';
	for (const part of parts) text += `${part.length}:${part}`;
	return text;
}

/** A hash of whose key it is. JSON spells out what is no text, which UTF-8 would make all the same. */
export function scopeOf(whose: string | null): MaybePromise<string> {
	return whose === null ? '' : sha256(JSON.stringify(whose));
}

/** Where the entry of a subject is: SHA-256 in hex. */
export function idOf({guard, scope, method, path, key}: Subject): MaybePromise<string> {
	return sha256(framed([guard, scope, method, path, key]));
}

/** What of a request makes it this request, besides its body. `search`: with its question mark, or empty. */
export type RequestFacts = {
	readonly method: string;
	readonly path: string;
	readonly search: string;
	readonly header: (name: string) => string | null | undefined;
};

/** SHA-256 in hex of what makes a request this request: method, path, query, content type, body. */
export function fingerprintOf(
	{method, path, search, header}: RequestFacts,
	body: Uint8Array | string,
): MaybePromise<string> {
	if (typeof body === 'string') return sha256(framed(['own', method, path, search, body]));
	const type = header('content-type')?.trim().toLowerCase() ?? '';
	return sha256(framed([method, path, search, type]), body);
}

/** The key of a step of an operation: a UUIDv5, the same at every run of the same request. */
export function stepKey({guard, scope, method, path, key}: Subject, fingerprint: string, step: string): string {
	return uuidV5(framed([guard, scope, method, path, key, fingerprint, step]), NAMESPACE);
}
