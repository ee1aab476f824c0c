import type {Progress} from '../attempt/loop.ts';
import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import type {Result} from './result.ts';
import type {Snapshot} from './snapshot.ts';

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

/** The running work on an operation in this realm. */
export type Flight = {
	/** Runs it in the context of the request that this flight began in. */
	readonly run: Caller['run'];
	/** False once everybody has left for good. */
	readonly joinable: () => boolean;
	readonly join: (caller: Caller) => void;
	/** It is called again when this is over. */
	readonly follow: (caller: Caller) => void;
	/** Tells a caller whose time is over what is known for good, though the store has not taken it yet. */
	readonly tellVerdict: (caller: Caller) => boolean;
	/** Somebody signs out: its answer goes to its callers, and is not kept. */
	readonly keepNoAnswer: () => void;
	/** The body of its request has been read. Before that nothing is claimed or sent. */
	readonly hasBegun: () => boolean;
	readonly leave: (caller: Caller) => void;
	/** What the most patient of its callers has left, in milliseconds. */
	readonly left: () => number;
	readonly snapshot: () => Snapshot;
	/** What is known so far, for a caller whose time is over. */
	readonly progress: Progress;
	readonly key: () => string | undefined;
};
