import {kindOf, type Unsent} from './connect-failure.ts';
import {arePlain, dispatchersOf} from './dispatchers.ts';
import {isBunsFetch, isNodesFetch} from './own-fetch.ts';
import {isConnectError, watchKey} from './undici-channels.ts';

/** Watches one call of `fetch`. */
export type Witness = {
	/** Whether its failure proves that nothing was sent. */
	readonly proves: (error: unknown) => Unsent;
	readonly stop: () => void;
};

/**
 * Watches what the runtime's own fetch makes of a request under this key. Its errors are believed only where nobody else
 * can have made them. As a Request may hide a dispatcher that repeats, undici has to confirm that it was a connection
 * that failed, and that nothing under the key was written. Bun has no dispatchers.
 */
export function watch(
	fetch: unknown,
	url: string,
	init: RequestInit & {readonly dispatcher?: unknown},
	key: string | undefined,
): Witness | undefined {
	if (key === undefined || (init.redirect !== 'manual' && init.redirect !== 'error')) return undefined;
	const dispatchers = dispatchersOf(init);
	const {sent, stop} = watchKey(key);
	return {
		proves(error) {
			try {
				if (isBunsFetch(fetch)) return bunRepeats(init) ? undefined : kindOf(error, url);
				const {cause} = error as Error;
				const genuine = isNodesFetch(fetch) && arePlain(dispatchers) && isConnectError(cause) && !sent();
				return genuine ? kindOf(cause, url) : undefined;
			} catch {
				// What is not as it looks proves nothing.
				return undefined;
			}
		},
		stop,
	};
}

/** By itself, where a connection that was kept alive breaks: RFC 9110 §9.2.2 lets it, for idempotent methods. */
function bunRepeats({method}: RequestInit): boolean {
	return method !== 'POST' && method !== 'PATCH';
}
