import {brand, capital, LatchkeyError, subject, type ErrorCode, type ErrorFacts} from './error-base.ts';

export {LatchkeyError, type ErrorCode, type ErrorFacts, type Outcome} from './error-base.ts';

/** The server holds this key for another payload. Nothing was executed by this call. */
export class KeyReuseError extends LatchkeyError {
	override readonly name = 'KeyReuseError';
	readonly code = 'KEY_REUSED';
	readonly outcome = 'mismatched';

	constructor(facts: ErrorFacts) {
		super(
			`The server already holds the key of ${subject(facts)} for another payload, so it did not execute this request. Sending it again gives the same answer. If this is a new intention, name it as one; if not, find out what the first request did, then forget() this operation.`,
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
			`${capital(subject(facts))} was begun with another method, URL or body and has not been freed; nothing was sent. Call it again as it was, complete() it after its success has been shown, or name the changed request as an operation of its own. Fields that change by themselves can be left out with the fingerprint option.`,
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
		hint,
		...facts
	}: ErrorFacts & {readonly expired?: boolean; readonly hint?: string | undefined}) {
		const what = `It is not known whether ${subject(facts)} took effect.`;
		const next = expired
			? 'Its key can no longer be sent safely, so nothing more was sent. Find out from the server what happened, then call resolve().'
			: 'Do not report it as failed. Calling it again with the same operation is safe where the server honours keys: it goes under the same one.';
		super([what, next, hint].filter(Boolean).join(' '), facts);
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
			`${capital(subject(facts))} has already succeeded${facts.status === undefined ? '' : ` with status ${facts.status}`}; its answer is not at hand. Do not send it anew: show the success. complete() then frees the name for a new one.`,
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
		super(
			`${capital(subject(facts))} was refused${facts.status === undefined ? '' : ` with status ${facts.status}`}: no effect took place. Its answer is not at hand. It is safe to try again: that begins anew under a new key.`,
			facts,
		);
	}
}

/** No attempt reached the server. No effect took place. */
export class NotSentError extends LatchkeyError {
	override readonly name = 'NotSentError';
	readonly code = 'NOT_SENT';
	readonly outcome = 'refused';

	constructor(facts: ErrorFacts) {
		super(
			`${capital(subject(facts))} did not reach the server: no connection was made. It is safe to try again.`,
			facts,
		);
	}
}

/** The store failed before anything was sent. Whether an earlier call took effect is not known. */
export class StoreError extends LatchkeyError {
	override readonly name = 'StoreError';
	readonly code = 'STORE_FAILED';
	readonly outcome = 'unknown';

	constructor({step, reason, ...facts}: ErrorFacts & {readonly step: string; readonly reason: string}) {
		super(
			`The store failed to ${step} ${subject(facts)}: ${reason}. Nothing was sent by this call, because another tab or process may be at it. It is safe to try again once the store works.`,
			facts,
		);
	}
}

/** The body cannot be sent twice with the same bytes. Nothing was sent. */
export class BodyNotReplayableError extends LatchkeyError {
	override readonly name = 'BodyNotReplayableError';
	readonly code = 'BODY_NOT_REPLAYABLE';
	readonly outcome = 'refused';

	constructor({reason, ...facts}: ErrorFacts & {readonly reason: string}) {
		super(`${reason} Nothing was sent. Pass the body as a string, bytes, Blob or FormData.`, facts);
	}
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
