import type {Environment} from '../environment.ts';
import type {Realm} from './realm.ts';

const HOUR = 3_600_000;

/** At most once an hour, after a call and without holding it up: what is past its time is dropped. */
export function sweepAtTimes(realm: Realm, {now}: Environment): void {
	const at = now();
	if (Math.abs(at - realm.sweptAt) < HOUR) return;
	realm.sweptAt = at;
	// Nothing depends on it, and it is tried again.
	void Promise.resolve()
		.then(async () => realm.ledger.sweep())
		.catch(() => undefined);
}
