import {expect, test} from 'vitest';
import {dialectNames} from './all-servers.ts';
import {report, simulateSeeds} from './simulate.ts';

const SEEDS = 6_500;

/** What a guard has to meet in them. */
const guarded = [
	'begun',
	'busy',
	'answered',
	'doubt',
	'reused',
	'lapsed',
	'free by time',
	'reexecuted',
	'replayed',
	'mark done',
	'renew lost',
	'answer lost',
	'release as free done',
	'release as doubt done',
	'take taken',
	'take busy',
	'resolve undone resolved',
	'resolve answer resolved',
	'reconcile tells done',
	'reconcile tells undone',
	'reconcile throws undefined',
	'swept',
	'event lease-lost',
	'event unguarded',
	'run dies',
	'begin fails after',
	'begin fails never answers',
	'answer fails before',
	'answer fails after',
	'mark fails after',
	'told idempotency-store-unavailable',
	'told idempotency-outcome-unknown',
	'told idempotency-key-in-progress',
];

test(
	'in thousands of rough worlds nobody is charged twice, misled or left without a way out',
	{timeout: 300_000},
	async () => {
		const {failure, counts} = await simulateSeeds(1, SEEDS);
		if (failure !== undefined) throw new Error(report(failure));

		// Worlds in which too little happens would prove nothing.
		const told = ['told succeeded', 'told refused', 'told not-sent', 'told unknown'];
		const rough = ['crash', 'joined', 'waiting-elsewhere', 'taken-over', 'lease-lost', 'store-error', 'degraded'];
		const rare = [...told, ...rough].filter(what => (counts.get(what) ?? 0) < 20);
		expect(rare).toEqual([]);
		const unmet = guarded.filter(what => (counts.get(`guard: ${what}`) ?? 0) < 3);
		expect(unmet).toEqual([]);
		// Medusa's keeps no keys.
		const unasked = dialectNames.filter(name => (counts.get(`repeat at ${name}`) ?? 0) < 20);
		expect(unasked).toEqual(['dialect of medusa']);
	},
);
