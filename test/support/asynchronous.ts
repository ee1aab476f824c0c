import type {Store} from '../../src/stores/store.ts';

declare module 'vitest' {
	interface ProvidedContext {
		readonly store: 'asynchronous' | 'synchronous';
	}
}

/** The store as if it were a database: each step takes effect a little after it was asked for, and is answered a little later. */
export function asynchronous(store: Store): Store {
	async function step<R>(run: () => R): Promise<Awaited<R>> {
		await Promise.resolve();
		const result = await run();
		await Promise.resolve();
		return result;
	}

	return {
		...store,
		claim: async (id, claim) => step(() => store.claim(id, claim)),
		renew: async (id, renewal) => step(() => store.renew(id, renewal)),
		settle: async (id, settlement) => step(() => store.settle(id, settlement)),
		forget: async (id, freeing) => step(() => store.forget(id, freeing)),
		list: async (scope, name, open) => step(() => store.list(scope, name, open)),
		sweep: async () => step(() => store.sweep()),
	};
}
