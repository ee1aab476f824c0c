import type {Environment} from '../environment.ts';
import {ANSWER_LIFE} from '../stores/rules.ts';
import type {Operations, Run} from './operations.ts';

const HOUR = 3_600_000;

/** At most once an hour, after a call and without holding it up: what is past its time is dropped. */
export function sweepAtTimes(operations: Operations, {now}: Environment): void {
	const at = now();
	if (Math.abs(at - operations.sweptAt) < HOUR) return;
	operations.sweptAt = at;
	sweep(operations);
}

/** Answers that were kept for those who wait elsewhere go when their time is over: one sweep a minute, while there are any. */
export function sweepSoon({operation: {operations}, environment}: Run): void {
	const isDue = operations.sweepsDue > 0;
	// What is kept while one is due may outlast it.
	operations.sweepsDue = isDue ? 2 : 1;
	const wait = () =>
		environment.timer(
			() => {
				sweep(operations);
				operations.sweepsDue--;
				if (operations.sweepsDue > 0) wait();
			},
			ANSWER_LIFE + 1_000,
			false,
		);
	if (!isDue) wait();
}

/** Nothing depends on it, and it is tried again. */
function sweep({store}: Operations): void {
	void Promise.resolve()
		.then(async () => store.sweep())
		.catch(() => undefined);
}
