import type {MaybePromise} from '../maybe-promise.ts';
import type {OperationId} from '../stores/store.ts';
import type {Realm} from './realm.ts';
import type {Work} from './work.ts';

/** What the run of a flight works with, for a named operation. */
export type NamedWork = Work & {
	readonly operation: readonly string[];
	readonly flightId: string;
	readonly realm: Realm;
	readonly id: MaybePromise<OperationId>;
	/** Who this flight is to the store. */
	owner: string;
};
