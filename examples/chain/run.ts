/** `npm run chain -- --orders 500 --seed 1`: the whole chain, with faults at every hop, and what came out at its end. */
import {parseArgs} from 'node:util';
import {startEngines} from './engines.ts';
import {runLane} from './lane.ts';
import {balancings, keepings, problemsOf} from './lanes.ts';
import {faultTable, heading, row} from './table.ts';

const {values} = parseArgs({
	options: {orders: {type: 'string', default: '500'}, seed: {type: 'string', default: '1'}},
});
const [orders, seed] = [Number(values.orders), Number(values.seed)];

console.log(
	`\n${orders} orders, with the faults of seed ${seed}. One order, one message and one shipment each is right.\n`,
);
await using engines = await startEngines();
for (const balancing of balancings) {
	const lanes = keepings.map(async keeping => ({
		keeping,
		outcome: await runLane(engines, {keeping, balancing, seed, orders}),
	}));
	const played = await Promise.all(lanes);
	console.log(heading(balancing));
	for (const {keeping, outcome} of played) {
		const problems = problemsOf(keeping, outcome, orders);
		console.log(row(keeping, outcome, problems));
		if (problems.length > 0) process.exitCode = 1;
	}

	console.log(faultTable(played.map(({outcome}) => outcome)));
}
