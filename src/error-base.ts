import {displayName} from './request/identity.ts';

/**
 * What is known of an operation: `refused` means that no effect took place, `not-sent` that nothing of it was sent, and
 * `pending` that the server has taken it and has not finished it; `pending` and `unknown` never get a new key.
 */
export type Outcome = 'succeeded' | 'refused' | 'mismatched' | 'not-sent' | 'pending' | 'unknown';

/** What tells errors apart, in code and in logs. It does not change. */
export type ErrorCode =
	| 'KEY_REUSED'
	| 'PAYLOAD_CHANGED'
	| 'OUTCOME_UNKNOWN'
	| 'PENDING'
	| 'ALREADY_SUCCEEDED'
	| 'REFUSED'
	| 'NOT_SENT'
	| 'STORE_FAILED'
	| 'BODY_NOT_REPLAYABLE';

/** What an error knows about its operation. */
export type ErrorFacts = {
	/** The operation's name, part by part; absent when the call had none. */
	readonly operation?: readonly string[] | undefined;
	readonly key?: string | undefined;
	/** HTTP exchanges begun by this call. */
	readonly attempts?: number | undefined;
	/** The last answer of the server, if there was one. */
	readonly response?: Response | undefined;
	/** The HTTP status of the answer that settled the operation, where it is known. */
	readonly status?: number | undefined;
	/** The next call with the same request goes under the same key. */
	readonly keyKept?: boolean | undefined;
	readonly cause?: unknown;
};

/** Why a key is not sent any more. */
export type NotSendable = 'expired' | 'final' | 'clock';

export const brand: unique symbol = /* @__PURE__ */ Symbol.for('latchkey.error');

/**
 * The base of every error that latchkey makes of its own. The message says what happened to the operation, whether it
 * is safe to try again, and what to do next. Plain mistakes in options are `TypeError`s and `RangeError`s.
 */
export abstract class LatchkeyError extends Error {
	/** Stable, for programs. */
	abstract readonly code: ErrorCode;
	/** What is known of the operation's effect. */
	abstract readonly outcome: Outcome;
	/** The operation's name, part by part; absent when the call had none. */
	declare readonly operation: readonly string[] | undefined;
	declare readonly key: string | undefined;
	/** HTTP exchanges begun by this call. */
	declare readonly attempts: number;
	/** The last answer of the server, if there was one. */
	declare readonly response: Response | undefined;
	/** The HTTP status of the answer that settled the operation, where it is known. */
	declare readonly status: number | undefined;
	/** The next call of the operation with the same request goes under the same key. */
	declare readonly keyKept: boolean;
	/** Why its key is not sent any more, where that is so. */
	declare readonly reason?: NotSendable | undefined;

	/** `what` goes on from the name of the operation. */
	constructor(what: string, facts: ErrorFacts & {readonly reason?: NotSendable | undefined}) {
		const {operation, key, attempts = 0, response, status = response?.status, keyKept = true, reason, cause} = facts;
		const subject = operation ? `Operation ${displayName(operation)}` : 'This request';
		super(`${subject} ${what}`, cause === undefined ? undefined : {cause});
		Object.assign(this, {operation, key, attempts, response, status, keyKept, reason});
		Object.defineProperty(this, brand, {value: true});
	}

	/** Plain data, for logs and for what crosses a boundary (server actions, Redux). Neither response nor cause. */
	toJSON(): Record<string, unknown> {
		const {name, code, message, outcome, operation, key, attempts, status, keyKept, reason} = this;
		return {name, code, message, outcome, operation, key, attempts, status, keyKept, reason};
	}
}
