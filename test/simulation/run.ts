/**
 * `npm run simulate -- --seeds 10000 --from 1`: worlds by their seeds, until one goes wrong. `--operations 100000`: what is
 * kept of so many, instead; `--crowds 1000`: pages with hundreds of handles, by their seeds; `--consumers 100000`: worlds of
 * brokers and consumers alone, of which there is one beside every other world, too.
 */
import process from 'node:process';
import {parseArgs} from 'node:util';
import {simulateConsumerSeeds} from './consumer-world.ts';
import {crowd} from './crowd.ts';
import {grown, growthOf, lives, type LifeName} from './memory.ts';
import {report, simulateSeeds} from './simulate.ts';

const {values} = parseArgs({
	options: {
		seeds: {type: 'string', default: '10000'},
		from: {type: 'string', default: '1'},
		operations: {type: 'string'},
		crowds: {type: 'string'},
		consumers: {type: 'string'},
	},
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];

if (values.operations !== undefined) await memory(Number(values.operations));
else if (values.crowds !== undefined) await crowds(from, Number(values.crowds));
else if (values.consumers !== undefined) await consumers(from, Number(values.consumers));
else {
	await worlds(from, seeds);
	await consumers(from, seeds);
}

/** Early and late: a store in memory is full after the first fifth of 100,000. */
async function memory(operations: number): Promise<void> {
	for (const life of Object.keys(lives) as LifeName[]) {
		const growth = await growthOf(life, operations / 5, operations);
		const more = grown(growth);
		const {early, late, calls} = growth;
		const perCall = (((late['heap'] ?? 0) - (early['heap'] ?? 0)) / calls).toFixed(1);
		console.log(`${life}: ${perCall} bytes per operation, ${JSON.stringify(late)}. ${more.join('; ') || 'Flat.'}`);
		if (more.length > 0) process.exitCode = 1;
	}
}

async function crowds(first: number, count: number): Promise<void> {
	for (let seed = first; seed < first + count; seed++) {
		const violations = await crowd(seed);
		if (violations.length === 0) continue;
		console.log(`Crowd ${seed}: ${violations.join('; ')}`);
		process.exitCode = 1;
		return;
	}

	console.log(`${count} crowds from seed ${first}: nothing went wrong.`);
}

async function consumers(first: number, count: number): Promise<void> {
	const start = performance.now();
	const {failure, counts} = await simulateConsumerSeeds(first, count);
	const seconds = Math.round((performance.now() - start) / 1000);
	console.log(failure ?? `${count} worlds of consumers from seed ${first} in ${seconds} s: nothing went wrong.`);
	if (failure === undefined) console.log([...counts].map(([what, times]) => `${what} ${times}`).join(', '));
	else process.exitCode = 1;
}

async function worlds(first: number, count: number): Promise<void> {
	const start = performance.now();
	const {failure, counts} = await simulateSeeds(first, count);
	const seconds = Math.round((performance.now() - start) / 1000);

	if (failure === undefined) {
		console.log(`${count} worlds from seed ${first} in ${seconds} s: nothing went wrong.`);
		console.log([...counts].map(([what, times]) => `${what} ${times}`).join(', '));
	} else {
		console.log(report(failure));
		process.exitCode = 1;
	}
}
