import {inject} from 'vitest';
import type {LatchkeyEvent} from '../../src/events.ts';
import {createFetchIn, type LatchkeyFetch} from '../../src/fetch.ts';
import type {OutcomeReport} from '../../src/operation/outcome.ts';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import type {Store} from '../../src/stores/store.ts';
import {fakeServer, type FakeServerOptions} from '../support/fake-server.ts';
import {asynchronous} from '../support/asynchronous.ts';
import {toldOf} from '../support/told.ts';
import {virtualEnvironment, type VirtualEnvironment} from '../support/virtual-environment.ts';
import {operationOf} from '../../src/operation/handle.ts';

export const OPERATION = ['checkout', '42'] as const;
const ORDERS = 'https://shop.test/orders';

/** A server, a store, and as many realms as a test opens. The store answers later, in the project `synchronous` at once. */
export function openShop(options: FakeServerOptions = {}) {
	const environment = virtualEnvironment();
	const server = fakeServer(environment, options);
	const memory = memoryStoreIn(environment);
	const store = inject('store') === 'synchronous' ? memory : asynchronous(memory);
	return {
		environment,
		server,
		store,
		/** A tab, or a process. `over` replaces steps of the store in this realm. */
		realm(own: FetchOptions = {}, over: Partial<Store> = {}, time: VirtualEnvironment = environment) {
			const events: LatchkeyEvent[] = [];
			const fetch = createFetchIn(time, {
				fetch: server.fetch,
				store: {...store, durable: true, ...over},
				scope: null,
				onEvent: event => events.push(event),
				...own,
			});
			return realmOf(fetch, events);
		},
		/** The one record of the operation, as it stands in the store. */
		async record(scope = '', name: readonly string[] = OPERATION) {
			const [found] = await store.list(scope, JSON.stringify(name));
			return found?.record;
		},
	};
}

export type Shop = ReturnType<typeof openShop>;
export type Realm = ReturnType<typeof realmOf>;

function realmOf(fetch: LatchkeyFetch, events: LatchkeyEvent[]) {
	return {
		fetch,
		events,
		types: () => events.map(({type}) => type),
		handle: operationOf(fetch, OPERATION),
		/** Presses Pay. */
		async pay(init: RequestInit & CallOptions = {}): Promise<OutcomeReport> {
			return toldOf(fetch(ORDERS, {method: 'POST', body: '{"cart":42}', operation: OPERATION, ...init}));
		},
	};
}

/** Resolves as soon as it is opened. */
export function gate() {
	let open: () => void = () => undefined;
	const opened = new Promise<void>(resolve => {
		open = resolve;
	});
	return {opened, open};
}
