import {borneBy, responseOf} from '../attempt/answer.ts';
import type {Answer} from '../dialects/dialect.ts';
import {isLatchkeyError, type Outcome} from '../errors.ts';
import {isUnsentAbort} from '../aborts.ts';
import {isMistake} from '../mistake.ts';

/** How a flight ended. A value: only the edge, where a caller gets it, throws. */
export type Result = {
	readonly outcome: Outcome;
	/** The name of the operation, absent for unnamed calls. */
	readonly operation: readonly string[] | undefined;
	readonly key: string | undefined;
	readonly attempts: number;
	/** The answer was given before: the effect is not of this call. */
	readonly replayed: boolean;
	/** The next call with the same request goes under the same key. */
	readonly keyKept: boolean;
	/** When the server wants to be asked again: wall clock, in milliseconds since the epoch. */
	readonly retryAt?: number | undefined;
	/** What callers are thrown instead of a Response. */
	readonly error?: unknown;
	/** What callers get, each in a Response of its own. */
	readonly answer?: Answer | undefined;
	/** What the first caller gets, where the answer was passed on unread. */
	readonly stream?: {readonly response: Response; readonly abort: (reason?: unknown) => void} | undefined;
};

/** What is known of the operation behind a Response that latchkey handed out. */
export function resultOf(response: Response): Result | undefined {
	return borneBy(response) as Result | undefined;
}

/** What became of a call, as a value. */
export type OutcomeReport = {
	readonly outcome: Outcome;
	/** The answer, where there is one. */
	readonly response: Response | undefined;
	/** What the call threw. */
	readonly error: unknown;
	readonly operation: readonly string[] | undefined;
	readonly key: string | undefined;
	/** HTTP exchanges of this call. */
	readonly attempts: number;
	/** The answer had been given before: the effect is not of this call. */
	readonly replayed: boolean;
	/**
	 * The next call with the same request goes under the same key. False when the operation was refused for good, or its key
	 * was too old to be sent: an `idempotencyKey` of your own has to be renewed then, and only then.
	 */
	readonly keyKept: boolean;
};

/**
 * Awaits a call and tells its outcome as a value. What is not known to be settled is `unknown`.
 *
 * @throws {TypeError | RangeError} for a mistake in the call: an option, a name, a key or a request that cannot be. It was
 * found before anything was sent. Nothing else is thrown, no error of the network among them.
 * @example
 * const {outcome, response, error} = await outcomeOf(fetch('/orders', {method: 'POST', body, operation: ['pay', cart.id]}));
 * if (outcome === 'unknown') showChecking();
 */
export async function outcomeOf(call: Promise<Response>): Promise<OutcomeReport> {
	try {
		const response = await call;
		const result = resultOf(response);
		return result === undefined ? unkeyed(response, undefined) : {...factsOf(result), response, error: undefined};
	} catch (error) {
		if (isMistake(error)) throw error;
		const response = (error as {response?: unknown} | null)?.response;
		const known = response instanceof Response ? response : undefined;
		if (isLatchkeyError(error)) {
			const {outcome, operation, key, attempts, keyKept} = error;
			return {outcome, response: known, error, operation, key, attempts, replayed: false, keyKept};
		}

		const result = known && resultOf(known);
		if (result !== undefined) return {...factsOf(result), response: known, error};
		return unkeyed(known, error);
	}
}

/** A result as handed to people; its Response is a new one. */
export function reportOf(result: Result): OutcomeReport {
	const response = result.answer?.body === undefined ? undefined : responseOf(result.answer);
	return {...factsOf(result), response, error: result.error};
}

function factsOf({outcome, operation, key, attempts, replayed, keyKept}: Result) {
	return {outcome, operation, key, attempts, replayed, keyKept};
}

/** A call that had no key, or whose answer somebody replaced: all that is known is its status. */
function unkeyed(response: Response | undefined, error: unknown): OutcomeReport {
	const status = response?.status ?? 0;
	const refused = status >= 400 && status < 500 && status !== 408;
	const unanswered = isUnsentAbort(error) ? 'not-sent' : 'unknown';
	const outcome = response?.ok ? 'succeeded' : refused ? 'refused' : unanswered;
	const nothing = {operation: undefined, key: undefined, attempts: 0, replayed: false, keyKept: true};
	return {outcome, response, error, ...nothing};
}
