import {hash} from 'node:crypto';
import {memoryStore} from '../stores/memory.ts';
import type {MaybePromise} from '../utils.ts';
import type {Store} from '../stores/store.ts';

export {watch} from './unsent.ts';

/** SHA-256 in lower-case hex; a string is hashed as UTF-8. Synchronous here. */
export function sha256(data: string | Uint8Array<ArrayBuffer>): MaybePromise<string> {
	return hash('sha256', data, 'hex');
}

let store: Store | undefined;

/** The store of this realm where no other was given: in memory. */
export function defaultStore(): Store {
	store ??= memoryStore();
	return store;
}
