import type {Cancellation} from '../attempt/cancellation.ts';
import type {Progress} from '../attempt/loop.ts';
import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import type {Operation} from './operations.ts';
import type {Result} from './result.ts';

/** What the run of a flight works with. */
export type FlightRun = {
	/** The name of the operation; absent for a call without one. */
	readonly name: readonly string[] | undefined;
	readonly environment: Environment;
	readonly settings: Settings;
	readonly request: Outgoing;
	/** The caller's own idempotency key. */
	readonly ownKey: string | undefined;
	/** When that was made, in milliseconds since the epoch. */
	readonly since: number | undefined;
	/** Whether whoever is signed in is who made this call. */
	readonly sameScope: () => boolean;
	readonly progress: Progress;
	/** Time since the flight began, in milliseconds: the longer of both clocks, so that sleep counts. */
	readonly elapsed: () => number;
	/** What remains of it, in milliseconds; nothing while nobody waits for it. */
	readonly remaining: () => number;
	/** Aborted when nobody has come back to it. */
	readonly cancellation: Cancellation;
	readonly report: (event: EventDetail) => void;
	/** The key in use, once there is one. */
	key: string | undefined;
	/** Nobody has signed out since it began: its answer may be kept. */
	readonly keepsAnswer: () => boolean;
	/** What is known for good while it is being written down: the store cannot change it any more. */
	verdict: (() => Result | undefined) | undefined;
	/** Somebody who shares no store with us may have sent that key. */
	foreign: boolean;
};

/** The same, for a named operation. */
export type Run = FlightRun & {
	readonly operation: Operation;
	/** Who this flight is to the store. */
	owner: string;
	/** Why the store did not take what was sent without it: until it does, it is not asked for a claim. */
	withheld?: unknown;
};
