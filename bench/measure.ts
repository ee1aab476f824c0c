/** One way to send the order and read the JSON of the answer. */
export type Case = {readonly name: string; readonly call: () => Promise<unknown>};

export type Plan = {readonly rounds: number; readonly calls: number};

/** `micros`: for one call. `ratio`: to the first case of the same round. Both are medians over the rounds. */
export type Figure = {readonly name: string; readonly micros: number; readonly ratio: number};

/**
 * Measures all cases in every round, so that what disturbs a round disturbs them all. Counted is the processor time
 * of this thread: other processes do not show in it, and with nothing to wait for it is the time that passes.
 */
export async function measure(cases: readonly Case[], {rounds, calls}: Plan): Promise<Figure[]> {
	const micros = cases.map((): number[] => []);
	for (let round = -2; round < rounds; round++) {
		for (const [i, one] of cases.entries()) {
			const taken = await microsOf(one, calls);
			// The first two rounds only warm up.
			if (round >= 0) micros[i]?.push(taken);
		}
	}

	const [base = []] = micros;
	return cases.map(({name}, i) => {
		const own = micros[i] ?? [];
		return {name, micros: median(own), ratio: median(own.map((taken, round) => taken / (base[round] ?? NaN)))};
	});
}

async function microsOf({call}: Case, calls: number): Promise<number> {
	// No case is to pay for another's garbage.
	globalThis.gc?.();
	const start = threadMicros();
	for (let i = 0; i < calls; i++) await call();
	return (threadMicros() - start) / calls;
}

function threadMicros(): number {
	const {user, system} = process.threadCpuUsage();
	return user + system;
}

export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
