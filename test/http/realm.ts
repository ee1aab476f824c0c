import {expect} from 'vitest';
import {environment as realEnvironment, type Environment} from '../../src/environment.ts';
import type {LatchkeyEvent} from '../../src/events.ts';
import {createFetchIn, type LatchkeyFetch} from '../../src/fetch.ts';
import type {FetchOptions} from '../../src/options.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import type {Store} from '../../src/stores/store.ts';
import type {ReceivedRequest} from '../support/faulty-server.ts';
import {eventually} from '../support/eventually.ts';

export type TestRealm = {
	readonly fetch: LatchkeyFetch;
	readonly store: Store;
	readonly events: readonly LatchkeyEvent[];
};

/** A server that asks for a second's patience is asked again at once. */
const timer: Environment['timer'] = (callback, ms, holds) =>
	realEnvironment.timer(callback, ms === 1_000 ? 1 : ms, holds);

/** A fetch as one process has it, that does not wait long. Give it a copy of another's store, and it is another process. */
export function realm(options: FetchOptions = {}, environment: Partial<Environment> = {}): TestRealm {
	const events: LatchkeyEvent[] = [];
	const store = options.store ?? memoryStore();
	const fetch = createFetchIn(
		{...realEnvironment, timer, ...environment},
		{
			scope: null,
			store,
			retry: {delay: () => 1},
			onEvent: event => events.push(event),
			...options,
		},
	);
	return {fetch, store, events};
}

export function keysOf({requests}: {readonly requests: readonly ReceivedRequest[]}): unknown[] {
	return requests.filter(({method}) => method !== 'GET').map(({headers}) => headers['idempotency-key']);
}

export const uuid: unknown = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);

/** Timers of one length that go off when told to; all others are real. */
export function handTimer(length: number): Pick<Environment, 'timer'> & {fire(): Promise<void>} {
	const due = new Set<() => void>();
	return {
		timer(callback, ms) {
			if (ms !== length) return timer(callback, ms);
			due.add(callback);
			return () => due.delete(callback);
		},
		async fire() {
			await eventually(() => expect(due.size).toBe(1));
			for (const callback of due) {
				due.delete(callback);
				callback();
			}
		},
	};
}

export function gate(): {readonly opened: Promise<void>; readonly open: () => void} {
	let open = (): void => undefined;
	const opened = new Promise<void>(resolve => {
		open = resolve;
	});
	return {opened, open};
}
