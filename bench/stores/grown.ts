import {setImmediate} from 'node:timers/promises';
import {claim, claimAndSettle} from './claim-and-settle.ts';
import {quantile} from './rate.ts';
import type {Growth, Subject} from './subject.ts';

export type GrownPlan = {readonly records: number; readonly expired: number; readonly claims: number};

/** Times in milliseconds, of one claim unless said otherwise. */
export type Grown = {
	readonly name: string;
	readonly empty: number;
	readonly full: number;
	/** The longest while what is past its time is swept away. */
	readonly longest: number;
	/** How long that took. */
	readonly sweep: number;
};

/** How a claim fares in an empty store, beside many records, and while many of them are swept away. */
export async function grow({name, store}: Subject, {fill, expire, sweep}: Growth, plan: GrownPlan): Promise<Grown> {
	let count = 0;
	const timed = async () => {
		const begin = performance.now();
		await claim(store, `grown-${count++}`);
		return performance.now() - begin;
	};
	const typical = async () => {
		const times: number[] = [];
		for (let i = 0; i < plan.claims; i++) times.push(await timed());
		return quantile(times, 0.5);
	};

	await claimAndSettle(store, 'one that is copied');
	await typical();
	const empty = await typical();
	await fill(plan.records);
	await typical();
	const full = await typical();
	await expire(plan.expired);

	let longest = 0;
	const begin = performance.now();
	const sweeping: {took?: number} = {};
	const swept = sweep().then(() => {
		sweeping.took = performance.now() - begin;
	});
	while (sweeping.took === undefined) {
		longest = Math.max(longest, await timed());
		// A store without anything to wait for leaves no turn to the sweep.
		await setImmediate();
	}

	await swept;
	return {name, empty, full, longest, sweep: sweeping.took};
}
