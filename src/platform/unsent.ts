import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import {kindOf, type Unsent} from './connect-failure.ts';
import {dispatchersFor, isPlainAgent} from './dispatchers.ts';
import {isBunsFetch, isNodesFetch} from './own-fetch.ts';

/** Watches one call of `fetch`. */
export type Witness = {
	/** Whether its failure proves that nothing was sent; if so, what may be done next. */
	readonly proves: (error: unknown) => Unsent;
	readonly stop: () => void;
};

type Told = {readonly error?: unknown; readonly request?: {readonly headers?: unknown}};

/**
 * Watches what the runtime's own fetch does. Its errors are believed only where nobody else can have made them; and as a
 * Request may hide a dispatcher that repeats, undici has to confirm that this was a connection that failed, and that
 * nothing with this key was written. Bun knows no dispatchers.
 */
export function watch(
	fetch: unknown,
	url: string,
	init: RequestInit & {readonly dispatcher?: unknown},
	key: string | undefined,
): Witness | undefined {
	if (init.redirect !== 'manual' && init.redirect !== 'error') return undefined;
	const dispatchers = dispatchersFor(init);
	const connectErrors = new Set<unknown>();
	let sent = false;
	const onConnectError = (message: unknown) => {
		connectErrors.add((message as Told).error);
	};
	const onSent = (message: unknown) => {
		sent ||= key !== undefined && String((message as Told).request?.headers).includes(key);
	};
	const listeners = [
		['undici:client:connectError', onConnectError],
		['undici:client:sendHeaders', onSent],
		// HTTP/2 of undici before 7.8 says only this.
		['undici:request:bodySent', onSent],
	] as const;
	for (const [channel, listener] of listeners) subscribe(channel, listener);

	return {
		proves(error) {
			if (isBunsFetch(fetch)) return bunRepeats(init) ? undefined : kindOf(error, url);
			const {cause} = Object(error) as {cause?: unknown};
			const genuine = isNodesFetch(fetch) && dispatchers.every(isPlainAgent) && connectErrors.has(cause);
			return genuine && !sent ? kindOf(cause, url) : undefined;
		},
		stop() {
			for (const [channel, listener] of listeners) unsubscribe(channel, listener);
		},
	};
}

/** On a connection that was kept alive and breaks, by itself: RFC 9110 §9.2.2 allows it for idempotent methods. */
function bunRepeats({method}: RequestInit): boolean {
	return method !== 'POST' && method !== 'PATCH';
}
