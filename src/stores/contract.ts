import {benchOn, SUITE_LEASE, type ContractTest} from './contract/bench.ts';
import {answerTests} from './contract/answers.ts';
import {claimTests} from './contract/claims.ts';
import {freeTests} from './contract/freeing.ts';
import {leaseTests} from './contract/leases.ts';
import {listTests} from './contract/listing.ts';
import {pendingTests} from './contract/pending.ts';
import {requestTests} from './contract/requests.ts';
import {settleTests} from './contract/settling.ts';
import {unprocessedTests} from './contract/unprocessed.ts';
import type {MaybePromise} from '../utils.ts';
import type {Store} from './store.ts';

/** What the suite needs of a test runner, and of the store under test. */
export type StoreHarness = {
	/** Registers a test: that of Vitest, Jest, Mocha or `node:test`. A broken rule rejects with an `Error` that names it. */
	readonly test: (title: string, run: () => Promise<void>) => unknown;
	/** A store that holds nothing yet. Called once per test; the store is closed after it. */
	readonly makeStore: () => MaybePromise<Store>;
	/** Lets so many milliseconds of the store's time pass: moves its clock, or really waits. */
	readonly elapse: (ms: number) => MaybePromise<void>;
	/**
	 * The longest `elapse` that is possible, in milliseconds. With a limit, leases that have to run out last a third of it, and
	 * rules of longer times (answers: a minute; retention: 90 days) are left out.
	 *
	 * @default no limit
	 */
	readonly longestElapse?: number;
};

const tests: readonly ContractTest[] = [
	...claimTests,
	...leaseTests,
	...settleTests,
	...answerTests,
	...requestTests,
	...freeTests,
	...listTests,
	...unprocessedTests,
	...pendingTests,
];

/**
 * Registers the rules that every `Store` keeps, one test each. Run it over a store of your own, against its real
 * engine. To try several connections at once, hand in a store that spreads its steps over them.
 *
 * @example
 * import {test} from 'vitest';
 * import {storeContract} from 'latchkey/stores/contract';
 *
 * storeContract({
 * 	test,
 * 	makeStore: () => myStore({table: `t${crypto.randomUUID()}`}),
 * 	elapse: ms => new Promise(resolve => setTimeout(resolve, ms)),
 * 	longestElapse: 600,
 * });
 */
export function storeContract({test, makeStore, elapse, longestElapse = Infinity}: StoreHarness): void {
	const lease = Math.min(SUITE_LEASE, longestElapse) / 3;

	for (const {title, needs = 0, run} of tests) {
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
