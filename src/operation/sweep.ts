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

/** An answer that was kept for those who wait elsewhere goes when its time is over. */
export function sweepSoon({realm, environment}: Place & {readonly environment: Environment}): void {
	environment.timer(
		() => {
			sweep(realm);
		},
		ANSWER_LIFE + 1_000,
		false,
	);
}

/** Nothing depends on it, and it is tried again. */
function sweep(realm: Realm): void {
	void Promise.resolve()
		.then(async () => realm.ledger.sweep())
		.catch(() => undefined);
}
