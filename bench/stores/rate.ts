import {median} from '../median.ts';
import {claimAndSettle} from './claim-and-settle.ts';
import type {Subject} from './subject.ts';

/** `ratio`: the store's time to that of the writes by hand in the same round. All are medians over the rounds. */
export type Rate = {
	readonly inFlight: number;
	readonly perSecond: number;
	/** Of one operation, in milliseconds. */
	readonly p50: number;
	readonly p99: number;
	readonly byHand: number;
	readonly ratio: number;
	/** To that of the writes by script. */
	readonly ratioToScript?: number;
};

export type RatePlan = {readonly rounds: number; readonly calls: number};

type Round = {readonly perSecond: number; readonly p50: number; readonly p99: number};

/** All ways in every round, so that what disturbs a round disturbs them all. */
export async function rateOf(
	{store, byHand, byScript}: Subject,
	inFlight: number,
	{rounds, calls}: RatePlan,
): Promise<Rate> {
	const ways = [async (name: string) => claimAndSettle(store, name), byHand, ...(byScript ? [byScript] : [])];
	const [own, hand, script]: [Round[], Round[], Round[]] = [[], [], []];
	for (let round = -1; round < rounds; round++) {
		for (const [i, way] of ways.entries()) {
			const measured = await roundOf(way, `rate-${inFlight}-${i}-${round}`, inFlight, calls);
			// The first round only warms up.
			if (round >= 0) [own, hand, script][i]?.push(measured);
		}
	}

	return {
		inFlight,
		perSecond: median(own.map(({perSecond}) => perSecond)),
		p50: median(own.map(({p50}) => p50)),
		p99: median(own.map(({p99}) => p99)),
		byHand: median(hand.map(({perSecond}) => perSecond)),
		ratio: ratioOf(own, hand),
		...(byScript && {ratioToScript: ratioOf(own, script)}),
	};
}

function ratioOf(own: readonly Round[], other: readonly Round[]): number {
	return median(own.map(({perSecond}, round) => (other[round]?.perSecond ?? NaN) / perSecond));
}

async function roundOf(
	way: (name: string) => Promise<void>,
	round: string,
	inFlight: number,
	calls: number,
): Promise<Round> {
	const times: number[] = [];
	let begun = 0;
	const line = async () => {
		while (begun < calls) {
			const name = `${round}-${begun++}`;
			const begin = performance.now();
			await way(name);
			times.push(performance.now() - begin);
		}
	};
	const begin = performance.now();
	await Promise.all(Array.from({length: inFlight}, line));
	return {
		perSecond: (calls / (performance.now() - begin)) * 1_000,
		p50: quantile(times, 0.5),
		p99: quantile(times, 0.99),
	};
}

export function quantile(values: readonly number[], share: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
