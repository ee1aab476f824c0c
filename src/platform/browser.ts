import {NotSentError} from '../errors.ts';
import {indexedDbStore} from '../stores/indexeddb.ts';
import type {Store} from '../stores/store.ts';

/** SHA-256 in lower-case hex; a string is hashed as UTF-8. */
export async function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
	const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
	// The types promise it, but pages on http:// have no WebCrypto.
	const subtle: SubtleCrypto | undefined = globalThis.crypto.subtle;
	const digest = subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes)) : await digestWithout(bytes);
	return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** The one thing that is loaded when it is needed: such pages have no service worker, where `import()` throws. */
async function digestWithout(bytes: Uint8Array): Promise<Uint8Array> {
	try {
		return (await import('./hash-fallback.ts')).digest(bytes);
	} catch (cause) {
		const hint = 'This page is not on https and could not load its hash function: reload it, or serve it over https.';
		throw new NotSentError({hint, cause});
	}
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
