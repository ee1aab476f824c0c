import type {MaybePromise} from '../utils.ts';
import type {KeyLimits, OperationRecord, PendingDetails, StoredAnswer, StoredRequest} from '../operation/record.ts';
import type {State} from '../operation/state.ts';

/** Which operation: `scope` is a hash of whose it is (or `''`), `name` its canonical name. Both are opaque to a store. */
export type OperationId = {readonly scope: string; readonly name: string};

/** What is asked of `claim`. */
export type Claim = KeyLimits & {
	/** The candidate key; the key of a live record wins over it. */
	readonly key: string;
	readonly fingerprint: string;
	/** A hash of the whole request, where `fingerprint` leaves parts of it out. */
	readonly bytes?: string | undefined;
	/** Kept with a new record, for as long as it is open. */
	readonly request?: StoredRequest | undefined;
	/** Who asks: unique to a flight. */
	readonly owner: string;
	/** How long the claim lasts without a `renew`, in milliseconds. */
	readonly lease: number;
	/** How long a new key may be sent, counted from this claim or its first use, in milliseconds. */
	readonly keyLife: number;
	/** How long ago `key` was first used, without a claim, in milliseconds. Left out: it is used for the first time. */
	readonly keyAge?: number | undefined;
	/** `key` may have been sent without a claim, or by somebody who shares no store with us: a record under it is ambiguous. */
	readonly ambiguous?: boolean | undefined;
	/** `key` was minted for this claim alone: no other request may go under it. */
	readonly random?: boolean | undefined;
	/** `key` is the caller's own: a live record under another one is answered `other-key`. */
	readonly ownKey?: boolean | undefined;
	/** An owner that is known to be gone: its lease does not count. */
	readonly takeFrom?: string | undefined;
	/** What to do with a record whose owner's lease is over. */
	readonly onLapsed: 'take' | 'report';
	/** The key that this caller has been waiting for: if it has settled, report it instead of beginning anew. */
	readonly awaited?: string | undefined;
	/**
	 * The last key (`null`: none) that a derived candidate was made from. If it is another, the answer is `key-used`.
	 * Left out for random keys.
	 */
	readonly previousKey?: string | null | undefined;
};

/** What `claim` found, and the store's time `now`, in milliseconds. */
export type ClaimResult =
	/** The operation is the caller's, under `record.key`. `record.ambiguous`: somebody may have sent it before. */
	| {readonly status: 'claimed'; readonly record: OperationRecord; readonly now: number}
	/** Another owner is at it until `record.leaseUntil`. The record is marked as awaited. */
	| {readonly status: 'busy'; readonly record: OperationRecord; readonly now: number}
	/** Its owner's lease is over, and the claim said `report`. */
	| {readonly status: 'lapsed'; readonly record: OperationRecord; readonly now: number}
	/** Succeeded or mismatched; or a record whose key is the claim's `awaited`: refused, pending, or unprocessed with an answer. */
	| {readonly status: 'settled'; readonly record: OperationRecord; readonly now: number}
	/** The operation is live with another fingerprint. Nothing was written. */
	| {readonly status: 'mismatch'; readonly record: OperationRecord; readonly now: number}
	/** The operation is live under another key than the caller's own. Nothing was written. */
	| {readonly status: 'other-key'; readonly record: OperationRecord; readonly now: number}
	/** The candidate was used before, or derived from another key than the last one. Nothing was written. */
	| {readonly status: 'key-used'; readonly previousKey: string | null; readonly now: number};

/** Who writes: the record's key, its owner, and the fencing token that it had at its claim. */
export type Lease = {readonly key: string; readonly owner: string; readonly token: number};

/** `lease`: how long it lasts from now, in milliseconds. */
export type Renewal = Lease & {readonly lease: number};

/** What became of an operation. */
export type Settlement = Lease & {
	readonly state: State;
	/**
	 * True: the write counts only while this lease holds (doubts, what was unprocessed, and refusals that another attempt
	 * could still contradict). False: it counts whoever holds the lease, as long as the key is the same.
	 */
	readonly fenced: boolean;
	/** Kept while it is pending; otherwise dropped. */
	readonly pending?: PendingDetails | undefined;
	/** Kept for a minute if somebody waits, and as long as the record with `keepAnswer`; otherwise dropped. Made when read. */
	readonly answer?: StoredAnswer | undefined;
	readonly keepAnswer: boolean;
};

/** What `renew` and `settle` came to. `done` gives the record as it stands, which may know better than what was written. */
export type WriteResult =
	| {readonly status: 'done'; readonly record: OperationRecord}
	/** The record is gone, bears another key, or its lease is another's. Nothing was written. */
	| {readonly status: 'lost'; readonly record?: OperationRecord};

/** What is asked of `forget`. */
export type Freeing = {
	readonly key: string;
	/** `complete` needs a success; `forget` needs a settled record without a lease; `force` needs nothing. */
	readonly how: 'complete' | 'forget' | 'force';
};

/** What `forget` came to. */
export type FreeResult =
	| {readonly status: 'freed'; readonly record: OperationRecord}
	/** Not settled (or, for `complete`, not a success), or somebody is at it. */
	| {readonly status: 'open'; readonly record: OperationRecord}
	/** There is no such record, or it bears another key by now. */
	| {readonly status: 'changed'; readonly record?: OperationRecord};

/**
 * A record, and the store's time as of which it was read: ages are computed from these two and no other clock. In place
 * of a record that cannot be read there is what was found, or a getter that throws what is wrong with it.
 */
export type Listed = {readonly record: OperationRecord; readonly now: number};

/**
 * Where records live. It knows nothing of HTTP. `claim`, `renew`, `settle` and `forget` are each one atomic step
 * over all realms that share the store; `list` and `sweep` are weakly consistent.
 *
 * Time is the store's own where it has one. A failure is thrown, never answered as "absent".
 * Run `latchkey/stores/contract` over your own store.
 *
 * @throws any step: what the engine said. A named call that cannot claim then throws `StoreError`, having sent nothing.
 */
export type Store = {
	/** Makes the operation its caller's, or says why not. The candidate key is stored before this is answered. */
	claim(id: OperationId, claim: Claim): MaybePromise<ClaimResult>;
	/** Lengthens the lease, where it is still its owner's. */
	renew(id: OperationId, renewal: Renewal): MaybePromise<WriteResult>;
	/** Writes the outcome. A success is never replaced by anything weaker, whoever writes it. */
	settle(id: OperationId, settlement: Settlement): MaybePromise<WriteResult>;
	/** Frees the name: the next claim gets a new key. The record stays for a while, so that late writes can be told. */
	forget(id: OperationId, freeing: Freeing): MaybePromise<FreeResult>;
	/**
	 * The records of a scope, or the one record of that name. `open`: only those whose outcome is not known are asked
	 * for; a store that finds them no faster may give the others, too.
	 *
	 * One record that cannot be read must neither end the list, so that the others can still be dropped at sign-out, nor
	 * be left out of it, because it may be open: hand it over as it stands, among the open ones unless it is known to be
	 * settled. The core checks every one, and takes it for a failure of the store. A list that could not be read whole
	 * for another reason is thrown.
	 */
	list(scope: string, name?: string, open?: boolean): MaybePromise<readonly Listed[]>;
	/**
	 * Drops records past `keepUntil` and answers past `answerUntil`; never an open record. Returns how many records went.
	 * A store on the process's clock drops a record only when two sweeps at least a day apart both found it due: one
	 * process whose clock is ahead must not forget keys.
	 */
	sweep(): MaybePromise<number>;
	/**
	 * Records outlive the process: what is not in this store was never claimed in it. `keySenders: 'this-store'` needs it.
	 */
	readonly durable?: boolean;
	/** Calls back when the operation may have changed in another realm. Returns the way to stop. */
	watch?(id: OperationId, listener: () => void): () => void;
	/** Tells a live owner from one that is gone, where the platform can (Web Locks). */
	readonly presence?: {
		/** Says that this owner is alive until the returned function is called or the realm dies. */
		hold(owner: string): MaybePromise<() => void>;
		/** Resolves once the owner is gone; rejects when the signal aborts. */
		gone(owner: string, signal: AbortSignal): Promise<void>;
	};
	/**
	 * How long a claim lasts without a `renew`, in milliseconds, for a store whose processes may be killed: an owner
	 * renews it every three tenths of that while it works. Left out, a claim lasts as long as an attempt and the wait
	 * after it may.
	 */
	readonly lease?: number;
	/** Lets go of files, connections and listeners. latchkey never calls it: whoever made the store does. */
	close?(): MaybePromise<void>;
};
