/** `npm run simulate -- --seeds 10000 --from 1`: worlds by their seeds, until one goes wrong. */
import {parseArgs} from 'node:util';
import {report, simulateSeed} from './simulate.ts';

const {values} = parseArgs({
	options: {seeds: {type: 'string', default: '10000'}, from: {type: 'string', default: '1'}},
});
const seeds = Number(values.seeds);
const from = Number(values.from);
const start = performance.now();

for (let seed = from; seed < from + seeds; seed++) {
	const failure = await simulateSeed(seed);
	if (failure === undefined) continue;
	console.log(report(failure));
	process.exitCode = 1;
	break;
}

if (process.exitCode === undefined)
	console.log(
		`${seeds} worlds from seed ${from}: nothing went wrong. ${Math.round((performance.now() - start) / 1000)} s`,
	);
