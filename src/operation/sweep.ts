import type {Environment} from '../environment.ts';
import type {Realm} from './realm.ts';

/** Once in the life of a realm, when nobody waits: what is past its time is dropped. */
const QUIET = 1_000;

export function sweepOnce(realm: Realm, environment: Environment): void {
	if (realm.swept) return;
	realm.swept = true;
	environment.timer(() => {
		// Nothing depends on it, and the next realm tries again.
		void Promise.resolve(realm.ledger.sweep()).catch(() => undefined);
	}, QUIET);
}
