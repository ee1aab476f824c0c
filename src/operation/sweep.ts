import type {Environment} from '../environment.ts';
import {ANSWER_LIFE} from '../stores/rules.ts';
import type {Place} from './place.ts';
import type {Realm} from './realm.ts';

const HOUR = 3_600_000;

/** At most once an hour, after a call and without holding it up: what is past its time is dropped. */
export function sweepAtTimes(realm: Realm, {now}: Environment): void {
	const at = now();
	if (Math.abs(at - realm.sweptAt) < HOUR) return;
	realm.sweptAt = at;
	sweep(realm);
}

/** Answers that were kept for those who wait elsewhere go when their time is over: one sweep a minute, while there are any. */
export function sweepSoon({realm, environment}: Place & {readonly environment: Environment}): void {
	const isDue = realm.sweepsDue > 0;
	// What is kept while one is due may outlast it.
	realm.sweepsDue = isDue ? 2 : 1;
	const wait = () =>
		environment.timer(
			() => {
				sweep(realm);
				realm.sweepsDue--;
				if (realm.sweepsDue > 0) wait();
			},
			ANSWER_LIFE + 1_000,
			false,
		);
	if (!isDue) wait();
}

/** Nothing depends on it, and it is tried again. */
function sweep(realm: Realm): void {
	void Promise.resolve()
		.then(async () => realm.ledger.sweep())
		.catch(() => undefined);
}
