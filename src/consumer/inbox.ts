import type {MaybePromise} from '../utils.ts';

/** A message as an inbox knows it. */
export type Arrival = {
	/** Up to 255 characters, without NUL. */
	readonly id: string;
	/** A hash of the payload. */
	readonly fingerprint: string;
};

/** What an inbox knows of an arrival. */
export type Found =
	/** It has not been processed. If the transaction commits, it has. `attempt`: counted from 1. */
	| {readonly status: 'new'; readonly attempt: number}
	/** It was processed. */
	| {readonly status: 'processed'}
	/** It was given up. */
	| {readonly status: 'skipped'}
	/** Its id is that of another payload. */
	| {readonly status: 'reused'};

/** What a failed attempt came to. `dead`: its dead letter has been delivered. */
export type Failed = {readonly attempts: number; readonly dead: boolean};

/**
 * Where a consumer keeps which messages it has processed: in the database that their effects are in. `Tx`: what the
 * statements of a transaction run on. A failure is thrown. Run `latchkey/consumer/contract` over one of your own.
 */
export type Inbox<Tx> = {
	/**
	 * One transaction: takes the arrivals, which are of different ids, and runs `run` in it. It is committed when `run` returns
	 * or resolves, and rolled back when it throws or rejects, with nothing left of it. Of two that take one arrival at a time,
	 * one waits for the other's end.
	 */
	take<T>(
		consumer: string,
		arrivals: readonly Arrival[],
		run: (found: readonly Found[], tx: Tx) => MaybePromise<T>,
	): Promise<T>;
	/** In a transaction of its own: counts an attempt that has failed. `undefined`: it has been processed or given up meanwhile. */
	fail(consumer: string, arrival: Arrival, error: string): Promise<Failed | undefined>;
	/** Of a message that has failed: its dead letter is delivered; it is given up; it is as if it had never been tried. False: there is none such. */
	mark(consumer: string, id: string, as: 'dead' | 'skipped' | 'new'): Promise<boolean>;
	/** Forgets what was processed, given up or tried last more than so many milliseconds ago. Returns how many went. */
	sweep(consumer: string, window: number): Promise<number>;
	/** Whether an error is that of the database or the way to it, and says nothing against the message. */
	isTransient(error: unknown): boolean;
};
