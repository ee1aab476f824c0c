import {expect, test} from 'vitest';
import {entryContract} from '../../src/server/contract.ts';
import type {EntryStore} from '../../src/server/entry.ts';
import {memoryEntriesIn} from '../../src/server/memory.ts';
import {testClock} from '../stores/clock.ts';

type Change = (store: EntryStore) => Partial<EntryStore>;

/** The titles of the rules that a store breaks. */
async function brokenBy(change: Change, longestElapse = Infinity): Promise<string[]> {
	const clock = testClock();
	const tests: Array<[string, () => Promise<void>]> = [];
	const makeStore = () => {
		const store = memoryEntriesIn(clock);
		return {...store, ...change(store)};
	};
	entryContract({test: (title, run) => tests.push([title, run]), makeStore, elapse: clock.elapse, longestElapse});
	const broken: string[] = [];
	for (const [title, run] of tests)
		await run().catch(() => {
			broken.push(title);
		});
	return broken;
}

const faults: ReadonlyArray<readonly [fault: string, change: Change, rule: RegExp]> = [
	[
		'is not atomic',
		store => ({
			async begin(id, beginning) {
				const [seen] = await store.unsettled('shop', 1);
				const result = await store.begin(id, beginning);
				return seen === undefined && result.status === 'busy' ? {...result, status: 'begun'} : result;
			},
		}),
		/of 50 at once/,
	],
	['has one entry for all', store => ({begin: (_, beginning) => store.begin('x', beginning)}), /two ids/],
	['forgets doubts', store => ({release: (id, hold) => store.release(id, {...hold, as: 'free'})}), /doubt/],
	['keeps what is undone', store => ({release: (id, hold) => store.release(id, {...hold, as: 'doubt'})}), /release/],
	[
		'runs again',
		store => ({begin: (id, it) => store.begin(id, {...it, onLapsed: 'reexecute'})}),
		/lease is|may have acted/,
	],
	['marks nothing', store => ({mark: (id, hold) => store.renew(id, hold)}), /mark/],
	[
		'mangles bytes',
		store => ({
			answer(id, hold) {
				const text = new TextDecoder().decode(hold.answer.body ?? undefined);
				return store.answer(id, {...hold, answer: {...hold.answer, body: new TextEncoder().encode(text)}});
			},
		}),
		/byte for byte/,
	],
	[
		'keeps the buffer of a body',
		store => ({
			answer(id, hold) {
				const {body} = hold.answer;
				return store.answer(id, {...hold, answer: {...hold.answer, body: body && new Uint8Array(body.buffer)}});
			},
		}),
		/5\. of 5/,
	],
	['lists nothing', () => ({unsettled: () => []}), /unsettled/],
	['resolves nothing', () => ({resolve: () => ({status: 'none'})}), /resolve/],
	['gives a doubt to many', store => ({take: (id, it) => store.take(id, {...it, owner: 'same'})}), /one at a time/],
];

test.each(faults)('a store that %s breaks the contract', async (_, change, rule) => {
	expect(await brokenBy(change)).toContainEqual(expect.stringMatching(rule));
});

test('a sound store breaks nothing, with long leases and with short ones', async () => {
	expect(await brokenBy(() => ({}))).toEqual([]);
	expect(await brokenBy(() => ({}), 300)).toEqual([]);
});
