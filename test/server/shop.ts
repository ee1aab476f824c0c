import {idempotentIn, type Guard, type Handler} from '../../src/server/guard.ts';
import type {EntryStore} from '../../src/server/entry.ts';
import type {GuardEvent} from '../../src/server/events.ts';
import {memoryEntriesIn} from '../../src/server/memory.ts';
import type {GuardOptions} from '../../src/server/options.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';

export type Pay = Handler<readonly []>;

/** A guarded handler on virtual time, and what it was asked and what it told. */
export function guarded(
	handler: Pay,
	options: Partial<GuardOptions<readonly []>> = {},
	over: Partial<EntryStore> = {},
) {
	const environment = virtualEnvironment();
	const store = {...memoryEntriesIn(environment), ...over};
	const events: GuardEvent[] = [];
	let runs = 0;
	const guard: Guard<readonly []> = idempotentIn(
		environment,
		(request, operation) => {
			runs++;
			return handler(request, operation);
		},
		{store, scope: null, onEvent: event => events.push(event), ...options},
	);
	return {
		environment,
		store,
		guard,
		events,
		types: () => events.map(({type}) => type),
		runs: () => runs,
		/** Sends a payment. */
		pay: async (init: RequestInit & {key?: string | null; path?: string} = {}) => guard(payment(init)),
	};
}

export function payment({
	key = 'key-1',
	path = '/pay',
	...init
}: RequestInit & {key?: string | null; path?: string} = {}) {
	const headers = new Headers({'content-type': 'application/json', ...(init.headers as Record<string, string>)});
	if (key !== null) headers.set('idempotency-key', key);
	return new Request(`https://shop.test${path}`, {method: 'POST', body: '{"amount":1}', ...init, headers});
}

export const paid: Pay = () => Response.json({paid: true}, {status: 201});

export async function codeOf(response: Response): Promise<unknown> {
	return ((await response.clone().json()) as {code: unknown}).code;
}

/** A promise, and what settles it. */
export function gate<T = void>() {
	let open!: (value: T) => void;
	const opened = new Promise<T>(resolve => {
		open = resolve;
	});
	return {opened, open};
}
