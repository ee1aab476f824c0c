import type {Place} from './place.ts';
import type {Work} from './work.ts';

/** What the run of a flight works with, for a named operation. */
export type NamedWork = Work &
	Place & {
		/** How often its scope had signed out when it began. */
		readonly signOuts: number;
		/** Who this flight is to the store. */
		owner: string;
		/** Why the store did not take what was sent without it: until it does, it is not asked for a claim. */
		withheld?: unknown;
	};

/** Somebody has signed out since it began: nothing private of it is kept. */
export function hasSignedOut({realm, scope, signOuts}: NamedWork): boolean {
	return (realm.signOuts.get(scope) ?? 0) !== signOuts;
}
