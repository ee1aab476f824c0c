import {expect, test} from 'vitest';
import {systemClock, type Clock} from '../../src/probe/clock.ts';
import {settingsOf} from '../../src/probe/arguments.ts';
import {openBench} from '../../src/probe/lab.ts';
import {start} from './guard.ts';

/** How long it waits before each look at a key that stays in progress, where the first call took so long. */
async function pauses(work: number, retryAfter: string | undefined): Promise<number[]> {
	await using server = await start((_, outgoing) => {
		if (retryAfter !== undefined) outgoing.setHeader('retry-after', retryAfter);
		outgoing.writeHead(409).end();
	});
	const waited: number[] = [];
	let calls = 0;
	const clock: Clock = {
		...systemClock,
		// Each exchange asks twice.
		now: () => Math.floor(++calls / 2) * work,
		pause: async milliseconds => {
			waited.push(milliseconds);
		},
	};
	const bench = openBench(settingsOf([server.origin]), clock, () => {});
	const operation = bench.newOperation();
	await bench.send(operation);
	await bench.sendUntilDone(operation);
	expect(bench.observations).toHaveLength(1 + 5);
	return waited;
}

test.each<[string, number, string | undefined, readonly number[]]>([
	['longer and longer', 0, undefined, [100, 200, 400, 800]],
	['as Retry-After says', 0, '1', [1000, 1000, 1000, 1000]],
	['never for hours', 0, '3600', [2000, 2000, 2000, 2000]],
	['not as a Retry-After says that is no number of seconds', 0, 'soon', [100, 200, 400, 800]],
	['not less than what it would wait itself', 0, '0', [100, 200, 400, 800]],
	['for as long as the first call took', 5000, undefined, [5000, 5000, 5000, 5000]],
	['for as long as the first call took, whatever Retry-After says', 5000, '1', [5000, 5000, 5000, 5000]],
])('it waits %s', async (_, work, retryAfter, expected) => {
	expect(await pauses(work, retryAfter)).toEqual(expected);
});
