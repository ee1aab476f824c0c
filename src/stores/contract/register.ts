import type {MaybePromise} from '../../utils.ts';

/** What a contract suite needs of a test runner, and of the store under test. */
export type Harness<S> = {
	/** Registers a test: that of Vitest, Jest, Mocha or `node:test`. A broken rule rejects with an `Error` that names it. */
	readonly test: (title: string, run: () => Promise<void>) => unknown;
	/** A store that holds nothing yet. Called once per test; the store is closed after it. */
	readonly makeStore: () => MaybePromise<S>;
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

type Rule<Bench> = {
	readonly title: string;
	/** How long the test lets pass beyond a lease, in milliseconds. */
	readonly needs?: number;
	readonly run: (bench: Bench) => Promise<void>;
};

type Closing = {close?(): MaybePromise<void>};

/** One test for each rule. `longest`: the lease to use where there is no limit to the time that can pass, in milliseconds. */
export function register<S extends Closing, Bench>(
	{test, makeStore, elapse, longestElapse = Infinity}: Harness<S>,
	rules: ReadonlyArray<Rule<Bench>>,
	longest: number,
	benchOn: (store: S, lease: number, elapse: Harness<S>['elapse']) => Bench,
): void {
	const lease = Math.min(longest, longestElapse) / 3;
	for (const {title, needs = 0, run} of rules) {
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
