import {measure, type Case, type Figure, type Plan} from './measure.ts';
import {namedCall} from './own-cases.ts';
import {fromString} from './stub.ts';

const FEW = 100;

/** What a named call costs beside so many operations that are already remembered. The first figure is beside few. */
export async function besideRemembered(counts: readonly number[], plan: Plan): Promise<Figure[]> {
	const cases: Case[] = [besideFew()];
	for (const count of counts)
		cases.push({name: `beside ${count.toLocaleString('en')}`, call: await remembering(count)});
	return measure(cases, plan);
}

/** Bytes on the heap for one operation that has succeeded. */
export async function bytesPerOperation(count: number): Promise<number> {
	// Beyond what is kept once, whatever the count: compiled code, the last answers.
	const call = await remembering(1_000);
	const before = heapBytes();
	for (let i = 0; i < count; i++) await call();
	const bytes = (heapBytes() - before) / count;
	// Until here the records had to stay.
	await call();
	return bytes;
}

/** Begins anew before there are many. */
function besideFew(): Case {
	let calls = 0;
	let call = namedCall(fromString);
	return {
		name: `beside 1 to ${FEW}`,
		call: async () => {
			if (++calls % FEW === 0) call = namedCall(fromString);
			return call();
		},
	};
}

async function remembering(count: number): Promise<() => Promise<unknown>> {
	const call = namedCall(fromString);
	for (let i = 0; i < count; i++) await call();
	return call;
}

function heapBytes(): number {
	globalThis.gc?.();
	return process.memoryUsage().heapUsed;
}
