import {expect, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import type {Store} from '../../src/stores/store.ts';
import {testClock} from './clock.ts';

type Change = (store: Store) => Partial<Store>;

/** The titles of the rules that a store breaks. */
async function brokenBy(change: Change, longestElapse = Infinity): Promise<string[]> {
	const clock = testClock();
	const tests: Array<[string, () => Promise<void>]> = [];
	const makeStore = () => {
		const store = memoryStoreIn(clock);
		return {...store, ...change(store)};
	};

	storeContract({test: (title, run) => tests.push([title, run]), makeStore, elapse: clock.elapse, longestElapse});
	const broken: string[] = [];
	for (const [title, run] of tests) {
		try {
			await run();
		} catch {
			broken.push(title);
		}
	}

	return broken;
}

const faults: ReadonlyArray<readonly [fault: string, change: Change, rule: RegExp]> = [
	[
		'begins every claim anew',
		store => ({claim: (id, claim) => (store.forget(id, {key: 'key-1', how: 'force'}), store.claim(id, claim))}),
		/busy/,
	],
	['is not atomic', store => ({claim: claimInTwoSteps(store)}), /of 50 at once/],
	['takes a leased record', store => ({claim: (id, claim) => store.claim(id, {...claim, takeFrom: 'ann'})}), /busy/],
	[
		'never reports a lapsed lease',
		store => ({claim: (id, claim) => store.claim(id, {...claim, onLapsed: 'take'})}),
		/reported/,
	],
	['forgets who is awaited', store => ({claim: (id, {awaited, ...claim}) => store.claim(id, claim)}), /waited/],
	['ignores the previous key', store => ({claim: (id, {previousKey, ...claim}) => store.claim(id, claim)}), /derived/],
	[
		'does not fence',
		store => ({settle: (id, settlement) => store.settle(id, {...settlement, fenced: false})}),
		/fenced write/,
	],
	[
		'fences what is definitive',
		store => ({settle: (id, settlement) => store.settle(id, {...settlement, fenced: true, owner: 'x', token: 9})}),
		/./,
	],
	[
		'keeps every answer',
		store => ({settle: (id, settlement) => store.settle(id, {...settlement, keepAnswer: true})}),
		/dropped when nobody waits/,
	],
	['mangles bytes', store => ({settle: (id, settlement) => store.settle(id, mangled(settlement))}), /byte for byte/],
	[
		'frees what is open',
		store => ({forget: (id, freeing) => store.forget(id, {...freeing, how: 'force'})}),
		/leaves alone what is open/,
	],
	[
		'mixes up scopes',
		store => ({list: (scope, name) => (scope === '' ? store.list('scope-a', name) : store.list(scope, name))}),
		/empty scope/,
	],
	['never sweeps', () => ({sweep: () => 0}), /drops what is past/],
];

/** Looks, then writes: whoever has seen nothing believes that it began. */
function claimInTwoSteps(store: Store): Store['claim'] {
	return async (id, claim) => {
		const seen = await store.list(id.scope, id.name);
		const result = await store.claim(id, claim);
		return seen.length === 0 && result.status === 'busy' ? {...result, status: 'claimed'} : result;
	};
}

function mangled(settlement: Parameters<Store['settle']>[1]): Parameters<Store['settle']>[1] {
	if (settlement.answer === undefined) return settlement;
	const text = new TextDecoder().decode(settlement.answer.body);
	return {...settlement, answer: {...settlement.answer, body: new TextEncoder().encode(text)}};
}

test.each(faults)('a store that %s breaks the contract', async (_, change, rule) => {
	expect(await brokenBy(change)).toContainEqual(expect.stringMatching(rule));
});

test('a sound store breaks nothing, with long leases and with short ones', async () => {
	expect(await brokenBy(() => ({}))).toEqual([]);
	expect(await brokenBy(() => ({}), 300)).toEqual([]);
});

test('what takes longer than the store can let pass is left out', async () => {
	expect(await brokenBy(() => ({sweep: () => 0}), 300)).toEqual([]);
});

test('the store is closed after each rule, kept or broken', async () => {
	let [opened, closed] = [0, 0];
	const clock = testClock();
	const runs: Array<() => Promise<void>> = [];
	storeContract({
		test: (_, run) => runs.push(run),
		makeStore: () => {
			opened++;
			return {...memoryStoreIn(clock), list: () => [], close: () => void closed++};
		},
		elapse: clock.elapse,
	});
	await Promise.allSettled(runs.map(run => run()));
	expect(opened).toBeGreaterThan(30);
	expect(closed).toBe(opened);
});
