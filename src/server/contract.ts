import {register, type Harness} from '../stores/contract/register.ts';
import {benchOn, LONG} from './contract/bench.ts';
import {doubtTests} from './contract/doubts.ts';
import {leaseTests} from './contract/leases.ts';
import {runTests} from './contract/runs.ts';
import type {EntryStore} from './entry.ts';

/** What the suite needs of a test runner, and of the store under test. */
export type EntryHarness = Harness<EntryStore>;

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
export function entryContract(harness: EntryHarness): void {
	register(harness, [...runTests, ...leaseTests, ...doubtTests], LONG, benchOn);
}
