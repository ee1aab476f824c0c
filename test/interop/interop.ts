import {createFetch, type LatchkeyFetch} from '../../src/fetch.ts';
import type {FetchOptions} from '../../src/options.ts';
import {memoryStore} from '../../src/stores/memory.ts';

/** As an application would hand it to a client library: nothing declared but how long to wait. */
export function ourFetch(options: FetchOptions = {}): LatchkeyFetch {
	return createFetch({scope: null, store: memoryStore(), retry: {delay: () => 1}, ...options});
}
