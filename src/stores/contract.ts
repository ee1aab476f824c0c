import {register, type Harness} from './contract/register.ts';
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
import type {Store} from './store.ts';

/** What the suite needs of a test runner, and of the store under test. */
export type StoreHarness = Harness<Store>;

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
export function storeContract(harness: StoreHarness): void {
	register(harness, tests, SUITE_LEASE, benchOn);
}
