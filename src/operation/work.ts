import type {Leaving} from '../attempt/leaving.ts';
import type {Progress} from '../attempt/loop.ts';
import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import type {Result} from './result.ts';

/** Everything that the run of one flight works with. */
export type Work = {
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
	/** What is left of it, in milliseconds; nothing while nobody waits for it. */
	readonly left: () => number;
	/** Aborted when nobody has come back to it. */
	readonly leaving: Leaving;
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
