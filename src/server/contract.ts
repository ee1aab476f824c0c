import type {MaybePromise} from '../utils.ts';
import {benchOn, LONG} from './contract/bench.ts';
import {doubtTests} from './contract/doubts.ts';
import {runTests} from './contract/runs.ts';
import type {EntryStore} from './entry.ts';

/** What the suite needs of a test runner, and of the store under test. */
export type EntryHarness = {
	/** Registers a test: that of Vitest, Jest, Mocha or `node:test`. A broken rule rejects with an `Error` that names it. */
	readonly test: (title: string, run: () => Promise<void>) => unknown;
	/** A store that holds nothing yet. Called once per test; the store is closed after it. */
	readonly makeStore: () => MaybePromise<EntryStore>;
	/** Lets so many milliseconds of the store's time pass: moves its clock, or really waits. */
	readonly elapse: (ms: number) => MaybePromise<void>;
	/**
	 * The longest `elapse` that is possible, in milliseconds. With a limit, leases that have to run out last a third of it, and
	 * rules of longer times are left out.
	 *
	 * @default no limit
	 */
	readonly longestElapse?: number;
};

/**
 * Registers the rules that every `EntryStore` keeps, one test each. Run it over a store of your own, against its real
 * engine.
 *
 * @example
 * import {test} from 'vitest';
 * import {entryContract} from 'latchkey/server/contract';
 *
 * entryContract({
 * 	test,
 * 	makeStore: () => myEntries({table: `t${crypto.randomUUID()}`}),
 * 	elapse: ms => new Promise(resolve => setTimeout(resolve, ms)),
 * 	longestElapse: 600,
 * });
 */
export function entryContract({test, makeStore, elapse, longestElapse = Infinity}: EntryHarness): void {
	const lease = Math.min(LONG, longestElapse) / 3;
	for (const {title, needs = 0, run} of [...runTests, ...doubtTests]) {
		if (needs > longestElapse) continue;
		test(title, async () => {
			const store = await makeStore();
			try {
				await run(benchOn(store, lease, elapse));
			} finally {
				await store.close?.();
			}
		});
	}
}
