import type {MaybePromise} from '../utils.ts';

/** What one attempt sends. */
export type AttemptFacts = {
	readonly method: string;
	/** Absolute. */
	readonly url: string;
	/** Exactly what is sent, so that it can be signed. */
	readonly body: string | Uint8Array<ArrayBuffer> | Blob | null;
	/** Counts from 1. */
	readonly attempt: number;
	/** The idempotency key; absent for calls that a client retries without one. */
	readonly key: string | undefined;
};

/** Is given a copy of the answer, which it may read. `true`: mended. */
export type Reauthorize = (response: Response, attempt: AttemptFacts) => MaybePromise<boolean>;
