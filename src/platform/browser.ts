import {indexedDbStore} from '../stores/indexeddb.ts';
import type {Store} from '../stores/store.ts';

/** SHA-256 in lower-case hex; a string is hashed as UTF-8. */
export async function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
	const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
	// The types promise it, but pages on http:// have no WebCrypto.
	const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle;
	const digest =
		subtle === undefined
			? (await import('./hash-fallback.ts')).digest(bytes)
			: new Uint8Array(await subtle.digest('SHA-256', bytes));
	return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** Browsers do not tell whether a request was sent. */
export function watch(): undefined {
	return undefined;
}

let store: Store | undefined;

/** The store of this realm where no other was given: IndexedDB, opened at its first use. */
export function defaultStore(): Store {
	store ??= indexedDbStore();
	return store;
}
