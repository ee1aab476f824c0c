import {brand, LatchkeyError, type ErrorCode, type ErrorFacts} from './error-base.ts';

export {LatchkeyError, type ErrorCode, type ErrorFacts, type Outcome} from './error-base.ts';

/** The server holds this key for another payload. Nothing was executed by this call. */
export class KeyReuseError extends LatchkeyError {
	override readonly name = 'KeyReuseError';
	readonly code = 'KEY_REUSED';
	readonly outcome = 'mismatched';

	constructor(facts: ErrorFacts) {
		super(
			'was not executed: the server holds its key for another payload. Find out what that did, then forget() this operation, or name a new one.',
			facts,
		);
	}
}

/** The operation is live with another payload. Nothing was sent. */
export class PayloadChangedError extends LatchkeyError {
	override readonly name = 'PayloadChangedError';
	readonly code = 'PAYLOAD_CHANGED';
	readonly outcome = 'unknown';

	constructor(facts: ErrorFacts) {
		super(
			'was begun with another method, URL or body; nothing was sent. Call it as it was, complete() it, or name a new one; the fingerprint option leaves fields out.',
			facts,
		);
	}
}

/** Nobody here can tell whether the effect took place. The key is kept: the same call again is safe. */
export class OutcomeUnknownError extends LatchkeyError {
	override readonly name = 'OutcomeUnknownError';
	readonly code = 'OUTCOME_UNKNOWN';
	readonly outcome = 'unknown';
	/** The key can no longer be sent safely: ask the server what happened, then `resolve()`. */
	readonly expired: boolean;

	constructor({
		expired = false,
		hint = '',
		...facts
	}: ErrorFacts & {readonly expired?: boolean; readonly hint?: string | undefined}) {
		const next = expired
			? 'Its key is too old to be sent: find out what happened, then resolve() it.'
			: 'Calling it again is safe where the server honours keys.';
		super(`may have taken effect; do not report it as failed. ${next} ${hint}`.trim(), facts);
		this.expired = expired;
	}
}

/** The operation has succeeded before, and its answer is not at hand. */
export class AlreadySucceededError extends LatchkeyError {
	override readonly name = 'AlreadySucceededError';
	readonly code = 'ALREADY_SUCCEEDED';
	readonly outcome = 'succeeded';
	/** When it was settled, in milliseconds since the epoch. */
	readonly at: number | undefined;

	constructor({at, ...facts}: ErrorFacts & {readonly at?: number}) {
		super(
			`has already succeeded${withStatus(facts)}; its answer is not at hand. Show the success; complete() frees the name.`,
			facts,
		);
		this.at = at;
	}
}

/** The operation was refused, to somebody else at it or by `reconcile`, and the answer is not at hand. No effect took place. */
export class RefusedError extends LatchkeyError {
	override readonly name = 'RefusedError';
	readonly code = 'REFUSED';
	readonly outcome = 'refused';

	constructor(facts: ErrorFacts) {
		super(`was refused${withStatus(facts)}, without any effect: ${safe}, under a new key.`, facts);
	}
}

/**
 * No attempt reached the server. No effect took place.
 *
 * A `fetch` option may throw one as well, where it knows that it has sent nothing: the attempt is then tried again, under
 * the same key. Whatever else such a `fetch` throws may have been sent.
 *
 * @example
 * if (!tunnel.connected) throw new NotSentError({cause: tunnel.error});
 */
export class NotSentError extends LatchkeyError {
	override readonly name = 'NotSentError';
	readonly code = 'NOT_SENT';
	readonly outcome = 'refused';

	constructor(facts: ErrorFacts = {}) {
		super(`did not reach the server: ${safe}.`, facts);
	}
}

/** The store failed before anything was sent. Whether an earlier call took effect is not known. */
export class StoreError extends LatchkeyError {
	override readonly name = 'StoreError';
	readonly code = 'STORE_FAILED';
	readonly outcome = 'unknown';

	constructor({step, reason, ...facts}: ErrorFacts & {readonly step: string; readonly reason: string}) {
		super(`was not sent: the store failed to ${step} it: ${reason}. Once it works, ${safe}.`, facts);
	}
}

/** The body cannot be sent twice with the same bytes. Nothing was sent. */
export class BodyNotReplayableError extends LatchkeyError {
	override readonly name = 'BodyNotReplayableError';
	readonly code = 'BODY_NOT_REPLAYABLE';
	readonly outcome = 'refused';

	/** `reason` goes on from "its body". */
	constructor({reason, ...facts}: ErrorFacts & {readonly reason: string}) {
		super(`was not sent: its body ${reason}. Pass a string, bytes, Blob or FormData.`, facts);
	}
}

const safe = 'it is safe to try again';

function withStatus({status}: ErrorFacts): string {
	return status === undefined ? '' : ` with status ${status}`;
}

type ErrorOf = {
	KEY_REUSED: KeyReuseError;
	PAYLOAD_CHANGED: PayloadChangedError;
	OUTCOME_UNKNOWN: OutcomeUnknownError;
	ALREADY_SUCCEEDED: AlreadySucceededError;
	REFUSED: RefusedError;
	NOT_SENT: NotSentError;
	STORE_FAILED: StoreError;
	BODY_NOT_REPLAYABLE: BodyNotReplayableError;
};

/**
 * Whether this is an error of latchkey's (with that code). Works across realms and duplicate copies of the package.
 *
 * @example
 * if (isLatchkeyError(error, 'OUTCOME_UNKNOWN')) showChecking(error.operation);
 */
export function isLatchkeyError(error: unknown): error is ErrorOf[ErrorCode];
export function isLatchkeyError<C extends ErrorCode>(error: unknown, code: C): error is ErrorOf[C];
export function isLatchkeyError(error: unknown, code?: ErrorCode): boolean {
	if (typeof error !== 'object' || error === null || !(brand in error)) return false;
	return code === undefined || (error as {code?: unknown}).code === code;
}
