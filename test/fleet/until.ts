import {setImmediate} from 'node:timers/promises';

/** Asks until it is so. What is waited for is bounded by the time limit of the test. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
	while (!(await isSo())) await setImmediate();
}
