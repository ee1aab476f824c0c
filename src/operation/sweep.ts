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
	realm.answersUntil = environment.now() + ANSWER_LIFE;
	if (realm.sweepsSoon) return;
	realm.sweepsSoon = true;
	const wait = () =>
		environment.timer(
			() => {
				sweep(realm);
				realm.sweepsSoon = environment.now() <= realm.answersUntil;
				if (realm.sweepsSoon) wait();
			},
			ANSWER_LIFE + 1_000,
			false,
		);
	wait();
}

/** Nothing depends on it, and it is tried again. */
function sweep(realm: Realm): void {
	void Promise.resolve()
		.then(async () => realm.ledger.sweep())
		.catch(() => undefined);
}
