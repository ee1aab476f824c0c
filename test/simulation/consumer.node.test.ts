import {describe, expect, test} from 'vitest';
import {inboxContract} from '../../src/consumer/contract.ts';
import {testClock} from '../stores/clock.ts';
import {createDatabase, type Ask} from './consumer-database.ts';
import {simulateConsumerSeeds} from './consumer-world.ts';

const SEEDS = 5_000;

test(
	'in thousands of rough worlds no message takes effect twice, is lost, overtakes another of its key, or is given up in silence',
	{timeout: 120_000},
	async () => {
		const {failure, counts} = await simulateConsumerSeeds(1, SEEDS);
		if (failure !== undefined) throw new Error(failure);

		// Worlds in which too little happens would prove nothing.
		const met = ['effect', 'settled', 'handler throws', 'dead letter', 'rebalance', 'forged', 'skipped by hand'];
		const rough = ['fails before', 'fails after', 'published twice', 'processed before'];
		const rare = [...met, ...rough].filter(what => (counts.get(`consumer: ${what}`) ?? 0) < 20);
		expect(rare).toEqual([]);
		expect(counts.get('crash')).toBeGreaterThan(100);
	},
);

describe('the inbox of these worlds', () => {
	const clock = testClock();
	const ask: Ask = async (_, act) => act();
	inboxContract({
		test,
		makeStore() {
			const effects: string[] = [];
			const {inboxOf, write} = createDatabase(clock.now, (_, name) => effects.push(name));
			return {inbox: inboxOf(ask), write, written: () => effects};
		},
		elapse: clock.elapse,
	});
});
