/** `npm run simulate -- --seeds 10000 --from 1`: worlds by their seeds, until one goes wrong. */
import {parseArgs} from 'node:util';
import {report, simulateSeeds} from './simulate.ts';

const {values} = parseArgs({
	options: {seeds: {type: 'string', default: '10000'}, from: {type: 'string', default: '1'}},
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];
const start = performance.now();
const {failure, counts} = await simulateSeeds(from, seeds);
const seconds = Math.round((performance.now() - start) / 1000);

if (failure === undefined) {
	console.log(`${seeds} worlds from seed ${from} in ${seconds} s: nothing went wrong.`);
	console.log([...counts].map(([what, count]) => `${what} ${count}`).join(', '));
} else {
	console.log(report(failure));
	process.exitCode = 1;
}
