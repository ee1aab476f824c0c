import {expect, test} from 'vitest';
import {dialectNames} from './all-servers.ts';
import {report, simulateSeeds} from './simulate.ts';

const SEEDS = 5_000;

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
		// Medusa's keeps no keys.
		const unasked = dialectNames.filter(name => (counts.get(`repeat at ${name}`) ?? 0) < 20);
		expect(unasked).toEqual(['dialect of medusa']);
	},
);
