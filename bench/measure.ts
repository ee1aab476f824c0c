import {setImmediate} from 'node:timers/promises';
import {setFlagsFromString} from 'node:v8';
import {median} from './median.ts';

/** One way to send the order and read the JSON of the answer. */
export type Case = {readonly name: string; readonly call: () => Promise<unknown>};

/** `calls` in each round: so many that their garbage is collected within it. */
export type Plan = {readonly rounds: number; readonly calls: number};

/** `micros`: for one call. `ratio`: to the first case of the same round. Both are medians over the rounds. */
export type Figure = {readonly name: string; readonly micros: number; readonly ratio: number};

// So many collections would have compiled code dropped between two turns of a case.
setFlagsFromString('--no-flush-bytecode');

/** Calls until the code of a case has been compiled for good. */
const WARM_UP = 5_000;

/**
 * Measures all cases in every round, so that what disturbs a round disturbs them all. Counted is the processor time
 * of this process, its collector included: other processes do not show in it, and there is nothing to wait for.
 */
export async function measure(cases: readonly Case[], {rounds, calls}: Plan): Promise<Figure[]> {
	const micros = cases.map((): number[] => []);
	for (const one of cases) await microsOf(one, WARM_UP);
	for (let round = 0; round < rounds; round++)
		for (const [i, one] of cases.entries()) micros[i]?.push(await microsOf(one, calls));

	const [base = []] = micros;
	return cases.map(({name}, i) => {
		const own = micros[i] ?? [];
		return {name, micros: median(own), ratio: median(own.map((taken, round) => taken / (base[round] ?? NaN)))};
	});
}

async function microsOf({call}: Case, calls: number): Promise<number> {
	// No case is to pay for another's garbage, nor for the finalizers that run once the event loop has turned.
	globalThis.gc?.();
	await setImmediate();
	await setImmediate();
	const start = processorMicros();
	for (let i = 1; i <= calls; i++) {
		await call();
		// As in life, where the event loop turns: what weak references point to is held until it does.
		if (i % 50 === 0) await setImmediate();
	}

	return (processorMicros() - start) / calls;
}

function processorMicros(): number {
	const {user, system} = process.cpuUsage();
	return user + system;
}
