import {brand, LatchkeyError, type ErrorCode, type ErrorFacts, type NotSendable, type Outcome} from './error-base.ts';

export {LatchkeyError, type ErrorCode, type ErrorFacts, type NotSendable, type Outcome} from './error-base.ts';

/**
 * The server holds this key for another payload. Nothing was executed by this call.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.7: 422
 */
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

/**
 * The operation is live with another payload. Nothing was sent.
 *
 * @example
 * if (isLatchkeyError(error, 'PAYLOAD_CHANGED')) show('Your first order is not settled yet.');
 */
export class PayloadChangedError extends LatchkeyError {
	override readonly name = 'PayloadChangedError';
	readonly code = 'PAYLOAD_CHANGED';
	readonly outcome = 'unknown';

	constructor(facts: ErrorFacts) {
		super(
			'was begun with another method, URL, body or header that counts; nothing was sent. Call it as it was, complete() it, or name a new one; the fingerprint option leaves fields out.',
			facts,
		);
	}
}

/**
 * Nobody here can tell whether the effect took place. The key is kept: the same call again is safe where the server honours
 * keys. `response` is the last answer, `cause` the first failure.
 *
 * @example
 * if (isLatchkeyError(error, 'OUTCOME_UNKNOWN')) show('We do not know yet. Pressing Pay again is safe.');
 */
export class OutcomeUnknownError extends LatchkeyError {
	override readonly name = 'OutcomeUnknownError';
	readonly code = 'OUTCOME_UNKNOWN';
	readonly outcome = 'unknown';
	/**
	 * Why nothing is sent any more: the key is too old (`expired`), the server would only repeat itself or holds another key
	 * (`final`), or the store's clock was set back, so that the key's age is a guess (`clock`: until that clock is right).
	 * Find out what happened, then `resolve()`.
	 */
	declare readonly reason: NotSendable | undefined;
	/** Where the server says that what was asked for exists already: absolute. This very request may have made it. */
	readonly resource: string | undefined;

	constructor({hint = '', resource, ...facts}: ErrorFacts & HowOn) {
		const {reason} = facts;
		const next = reason === undefined ? 'Calling it again is safe where the server honours keys.' : notSendable[reason];
		super(`may have taken effect; do not report it as failed. ${next} ${hint}`.trim(), facts);
		this.resource = resource;
	}

	/** The key will not be sent any more: ask the server what happened, then `resolve()`. */
	get expired(): boolean {
		return this.reason === 'expired' || this.reason === 'final';
	}
}

/** Why nothing more is sent, and what else may help. */
type HowOn = {
	readonly reason?: NotSendable | undefined;
	readonly hint?: string | undefined;
	readonly resource?: string | undefined;
};

const notSendable = {
	expired: 'Its key is too old to be sent: find out what happened, then resolve() it.',
	final: 'Nothing more is sent under its key: find out what happened, then resolve() it.',
	clock:
		'Nothing is sent while the clock is behind the times of its record: set the clock, or find out what happened, then resolve() it.',
};

/**
 * The server has taken the operation and has not finished it, and its answer is not at hand. The key is kept. It is settled
 * by `reconcile`, by a status request that the dialect declares, or by `resolve()`.
 *
 * @example
 * if (isLatchkeyError(error, 'PENDING')) show('Your bank is still working on it.');
 */
export class PendingError extends LatchkeyError {
	override readonly name = 'PendingError';
	readonly code = 'PENDING';
	readonly outcome = 'pending';

	constructor({hint = '', ...facts}: ErrorFacts & HowOn) {
		super(
			`has been taken by the server, which has not finished it; do not report it as failed. Calling it again only asks what became of it. ${hint}`.trim(),
			facts,
		);
	}
}

/**
 * The operation has succeeded before, and its answer is not at hand: it is of another tab, of a time before a reload, or a stream
 * that another caller has. `keepResponse` keeps answers.
 *
 * @example
 * if (isLatchkeyError(error, 'ALREADY_SUCCEEDED')) show('Paid. Thank you.');
 */
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
		const {keyKept = false} = facts;
		const key = keyKept ? 'the same request goes under the same key' : 'under a new key';
		super(`was refused${withStatus(facts)}, without any effect: ${safe}, ${key}.`, {...facts, keyKept});
	}
}

/**
 * No attempt reached the server: nothing was sent. The same request keeps its key.
 *
 * A `fetch` of your own that knows that it sent nothing may throw it, too: any other error of it may be a lost answer.
 *
 * @example
 * if (!navigator.onLine) throw new NotSentError({cause: new Error('offline')});
 */
export class NotSentError extends LatchkeyError {
	override readonly name = 'NotSentError';
	readonly code = 'NOT_SENT';
	readonly outcome = 'not-sent';
	/** Why its key could not be sent, where that was it: a key of your own that is too old has to be renewed. */
	declare readonly reason: NotSendable | undefined;

	constructor({hint = '', ...facts}: ErrorFacts & HowOn = {}) {
		super(`did not reach the server; nothing was sent: ${safe}. ${hint}`.trim(), facts);
	}
}

/** The store failed before anything was sent. Whether an earlier call took effect is not known. `cause` is the store's error. */
export class StoreError extends LatchkeyError {
	override readonly name = 'StoreError';
	readonly code = 'STORE_FAILED';
	readonly outcome = 'unknown';

	constructor({step, reason, ...facts}: ErrorFacts & {readonly step: string; readonly reason: string}) {
		super(`was not sent: the store failed to ${step} it: ${reason}. Once it works, ${safe}.`, facts);
	}
}

/**
 * The body cannot be sent twice with the same bytes: it was read before, cannot be read, or is a stream of more
 * than 10 MiB. Nothing was sent.
 */
export class BodyNotReplayableError extends LatchkeyError {
	override readonly name = 'BodyNotReplayableError';
	readonly code = 'BODY_NOT_REPLAYABLE';
	readonly outcome = 'not-sent';

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
	PENDING: PendingError;
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

const errors = {
	succeeded: AlreadySucceededError,
	refused: RefusedError,
	mismatched: KeyReuseError,
	'not-sent': NotSentError,
	pending: PendingError,
	unknown: OutcomeUnknownError,
};

/** What the error of an outcome may tell besides. */
export type OutcomeFacts = ErrorFacts & HowOn & {readonly at?: number};

/** What callers are thrown for an outcome that has no answer to give. */
export function outcomeError(outcome: Outcome, facts: OutcomeFacts): LatchkeyError {
	return new errors[outcome](facts);
}
