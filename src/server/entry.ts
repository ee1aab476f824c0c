import type {MaybePromise} from '../utils.ts';

/** What a key is a key of. The same key of another caller, on another path, is another one. */
export type Subject = {
	/** The name of the guard. */
	readonly guard: string;
	/** A hash of whose key it is; `''` where all callers are one. */
	readonly scope: string;
	readonly method: string;
	readonly path: string;
	readonly key: string;
};

/** An answer at rest. */
export type KeptAnswer = {
	readonly status: number;
	readonly statusText: string;
	readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
	/** Perhaps a part of a larger buffer, of which nothing else is its own. `null`: it had none. */
	readonly body: Uint8Array | null;
	/** The body was too large to keep, or had no end: the effect is known, and not what was said of it. */
	readonly bodyLost?: true;
};

/** What a guard keeps of one key. All times are the store's, in milliseconds since the epoch. */
export type Entry = {
	readonly subject: Subject;
	readonly fingerprint: string;
	readonly state: 'running' | 'answered' | 'doubt';
	/** If its owner is never heard of again, the effect may have taken place. */
	readonly mayHaveActed: boolean;
	/** Who is at it; `''`: nobody. */
	readonly owner: string;
	/** Grows whenever the entry gets another owner. */
	readonly token: number;
	readonly leaseUntil: number;
	readonly createdAt: number;
	/** When the entry is as if it were not there. Absent while it is unsettled: running, in doubt, or answered for the time being. */
	readonly expiresAt?: number | undefined;
	readonly answer?: KeptAnswer | undefined;
};

/** What is asked of `begin`. */
export type Beginning = {
	readonly subject: Subject;
	readonly fingerprint: string;
	/** Unique to a run. */
	readonly owner: string;
	/** How long it lasts without a `renew`, in milliseconds. */
	readonly lease: number;
	/** Whether the run counts as an effect from its first moment on, without a `mark`. */
	readonly mayHaveActed: boolean;
	/** What becomes of an entry that may have acted, once its lease is over: a doubt, or the caller's. */
	readonly onLapsed: 'doubt' | 'reexecute';
};

/** What `begin` found, and the store's time `now`. */
export type BeginResult = {readonly entry: Entry; readonly now: number} & (
	| /** The run is the caller's. */ {readonly status: 'begun'}
	/** Another run is at it, or somebody is finding out what became of one, until `entry.leaseUntil`. */
	| {readonly status: 'busy'}
	| {readonly status: 'answered'}
	/** Nobody knows whether it took effect. */
	| {readonly status: 'doubt'}
	/** The key belongs to another payload. */
	| {readonly status: 'reused'}
);

/** Who writes: what it was told by `begin` or `take`. */
export type Hold = {readonly owner: string; readonly token: number};

/** What a fenced step came to. */
export type HoldResult =
	| {readonly status: 'done'}
	/** The entry is gone, or another's. Nothing was written. */
	| {readonly status: 'lost'};

/** What `take` came to. */
export type TakeResult =
	/** The doubt is the caller's to look into, and stays one. */
	| {readonly status: 'taken'; readonly entry: Entry}
	/** Somebody is at it. */
	| {readonly status: 'busy'; readonly entry: Entry; readonly now: number}
	/** There is no doubt. */
	| {readonly status: 'none'};

/** What `resolve` came to: done, somebody is at it, or there was nothing unsettled. */
export type ResolveResult = {readonly status: 'resolved' | 'busy' | 'none'};

/** What tells the doubt that was seen from another one under its key: tokens begin anew where an entry was freed. */
export type Seen = Pick<Entry, 'fingerprint' | 'token' | 'leaseUntil' | 'createdAt'>;

/** For how long an answer is given again, in milliseconds. `undefined`: until it is replaced by `resolve`. */
type Retention = {readonly retention: number | undefined};

/**
 * Where the entries of guards live. It knows nothing of HTTP. Every step but `sweep` and `unsettled` is atomic over all
 * processes that share the store, and time is the store's own where it has one. A failure is thrown, never answered as
 * "absent". Run `latchkey/server/contract` over one of your own.
 */
export type EntryStore = {
	/** Makes the run its caller's, or says why not. The same owner may begin again: it gets the same token. */
	begin(id: string, beginning: Beginning): MaybePromise<BeginResult>;
	/** The effect is about to begin. */
	mark(id: string, hold: Hold & {readonly lease: number}): MaybePromise<HoldResult>;
	/** Lengthens the lease, from now. */
	renew(id: string, hold: Hold & {readonly lease: number}): MaybePromise<HoldResult>;
	/** Keeps the answer. It is absent once the retention is over: counted from the entry's beginning; for a doubt, and for a run that was taken over, from now. */
	answer(id: string, hold: Hold & Retention & {readonly answer: KeptAnswer}): MaybePromise<HoldResult>;
	/** Lets go: the next one begins anew, or finds a doubt. */
	release(id: string, hold: Hold & {readonly as: 'free' | 'doubt'}): MaybePromise<HoldResult>;
	/** Makes a doubt, or an entry whose lease is over and that may have acted, the caller's to look into. */
	take(id: string, taking: {readonly owner: string; readonly lease: number}): MaybePromise<TakeResult>;
	/**
	 * Says what became of an unsettled entry that nobody is at. Its answer is kept from now. `seen`: it is said of this one alone,
	 * and nothing is written where it has changed in any of these.
	 */
	resolve(
		id: string,
		found: 'undone' | (Retention & {readonly answer: KeptAnswer}),
		seen?: Seen,
	): MaybePromise<ResolveResult>;
	/** The oldest of the entries of this guard that are running, in doubt, or answered for the time being. */
	unsettled(guard: string, limit: number): MaybePromise<ReadonlyArray<{readonly entry: Entry; readonly now: number}>>;
	/** Drops what has expired, never anything unsettled but a run whose lease is over and that cannot have acted. Returns how many went. */
	sweep(): MaybePromise<number>;
	/** Lets go of files and connections. */
	close?(): MaybePromise<void>;
};
