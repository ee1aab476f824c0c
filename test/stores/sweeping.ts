import {expect, test} from 'vitest';
import type {State} from '../../src/operation/state.ts';
import type {Store} from '../../src/stores/store.ts';
import {recordsIn} from '../support/records.ts';
import {claimOf} from './claim-of.ts';
import {testClock} from './clock.ts';

const DAY = 86_400_000;
const YEAR = 365 * DAY;

const states: readonly State[] = [
	{status: 'succeeded'},
	{status: 'succeeded', said: true},
	{status: 'refused'},
	{status: 'mismatched'},
	{status: 'unprocessed'},
	{status: 'unknown'},
	{status: 'unknown', final: true},
];

/** How a store on the process's clock drops what is past its time: that clock may be ahead. */
export function sweepTests(open: (clock: {readonly now: () => number}) => Store): void {
	async function filled() {
		const clock = testClock();
		const store = open(clock);
		for (const [i, state] of states.entries()) {
			const id = {scope: '', name: `${i} ${state.status}`};
			await store.claim(id, claimOf());
			await store.settle(id, {key: 'key-1', owner: 'ann', token: 1, state, fenced: true, keepAnswer: false});
		}

		const names = async () => (await recordsIn(store, '')).map(({name}) => name).toSorted();
		/** A process whose clock is off by that sweeps. */
		const sweepAhead = async (ms: number) => {
			clock.elapse(ms);
			const swept = await store.sweep();
			clock.elapse(-ms);
			return swept;
		};
		return {store, clock, names, sweepAhead, all: await names(), open: ['5 unknown', '6 unknown']};
	}

	test('a clock that is ahead forgets nothing in one sweep, or in many within a day', async () => {
		const {store, clock, names, sweepAhead, all} = await filled();
		const before = await recordsIn(store, '');
		for (let hours = 0; hours < 24; hours += 8) {
			expect(await sweepAhead(YEAR)).toBe(0);
			clock.elapse(8 * 3_600_000 - 1);
		}

		expect(await names()).toEqual(all);
		expect(await store.sweep()).toBe(0);
		expect(await recordsIn(store, '')).toEqual(before);
	});

	test('a record goes when two sweeps a day apart found it due, and an open one never', async () => {
		const {clock, store, names, open: left} = await filled();
		clock.elapse(YEAR);
		expect(await store.sweep()).toBe(0);
		clock.elapse(DAY - 1);
		expect(await store.sweep()).toBe(0);
		clock.elapse(1);
		expect(await store.sweep()).toBe(5);
		expect(await names()).toEqual(left);
	});

	test('a sweep that does not find it due counts from the start', async () => {
		const {clock, store, names, sweepAhead, all} = await filled();
		for (let days = 0; days < 6; days++) {
			expect(await sweepAhead(YEAR)).toBe(0);
			clock.elapse(DAY / 2);
			expect(await store.sweep()).toBe(0);
			clock.elapse(DAY / 2);
		}

		expect(await names()).toEqual(all);
	});

	test('what was found due by a clock that was ahead goes no later for that', async () => {
		const {clock, names, store, sweepAhead, open: left} = await filled();
		await sweepAhead(YEAR);
		clock.elapse(100 * DAY);
		expect(await store.sweep()).toBe(0);
		clock.elapse(DAY);
		expect(await store.sweep()).toBe(5);
		expect(await names()).toEqual(left);
	});

	const writes: Array<[string, string, (store: Store, name: string) => unknown]> = [
		['a new beginning', '2 refused', (store, name) => begin(store, name, 'key-2')],
		['going on under its key', '4 unprocessed', (store, name) => begin(store, name, 'key-1')],
		['an answer that replaces a word', '1 succeeded', answered],
		['a late success', '2 refused', answered],
		['a completion', '0 succeeded', (store, name) => store.forget({scope: '', name}, {key: 'key-1', how: 'complete'})],
		['a forgetting', '3 mismatched', (store, name) => store.forget({scope: '', name}, {key: 'key-1', how: 'forget'})],
	];

	async function begin(store: Store, name: string, key: string) {
		await store.claim({scope: '', name}, claimOf({key, owner: 'bob'}));
		const [held] = await recordsIn(store, '', name);
		await store.settle({scope: '', name}, {...held!, state: {status: 'refused'}, fenced: true, keepAnswer: false});
	}

	function answered(store: Store, name: string) {
		const lease = {key: 'key-1', owner: 'ann', token: 1};
		return store.settle(
			{scope: '', name},
			{...lease, state: {status: 'succeeded', httpStatus: 201}, fenced: false, keepAnswer: false},
		);
	}

	test.each(writes)('what was found due once is not after %s (%s)', async (_, name, write) => {
		const {clock, store, names, sweepAhead} = await filled();
		await sweepAhead(YEAR);
		await write(store, name);
		clock.elapse(DAY);
		expect(await sweepAhead(YEAR)).toBe(4);
		expect(await names()).toContain(name);
	});
}
