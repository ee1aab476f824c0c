import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import type {Result} from './result.ts';

/** One call that takes part in a flight. */
export type Caller = {
	readonly request: Outgoing;
	readonly settings: Settings;
	readonly ownKey: string | undefined;
	/** When that was made, in milliseconds since the epoch. */
	readonly since: number | undefined;
	/** Whether whoever is signed in is who made this call. */
	readonly sameScope: () => boolean;
	/** What is left of this caller's time, in milliseconds. */
	readonly left: () => number;
	/** Runs it in the context of the request that this call was made in. All that follows is to be called there. */
	readonly run: (what: () => void) => void;
	/** Gives it its outcome. `first`: the flight was made with its request. */
	readonly deliver: (result: Result, first: boolean) => void;
	readonly fail: (error: unknown) => void;
	/** Its flight is over and has told it nothing: it joins the next, or begins it. */
	readonly again: () => void;
};
