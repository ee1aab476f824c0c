import {abortWith} from '../attempt/abort-with.ts';
import {bearing, borneBy, responseOf} from '../attempt/answer.ts';
import type {Answer} from '../dialects/dialect.ts';
import {isLatchkeyError, outcomeError, type ErrorFacts, type LatchkeyError, type Outcome} from '../errors.ts';

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

/**
 * The Response for one caller, or the error it is thrown. `first`: the flight was made with its request. `last`: the last
 * answer, which an error may bear.
 */
export function present(
	result: Result,
	first: boolean,
	last: Answer | undefined,
	signal: AbortSignal | undefined,
): Response {
	const {error, answer, stream} = result;
	if (error !== undefined) throw first ? error : another(error, last);
	if (stream !== undefined && !first) {
		const facts = {...result, status: answer?.status};
		throw outcomeError(result.outcome, facts);
	}

	const response = bearing(stream?.response ?? responseOf(answer as Answer), result);
	if (stream && signal) abortWith(signal, response, stream.abort);
	return response;
}

/** For each caller an error of its own: its response is read once, and in some runtimes only where it was made. */
function another(error: unknown, answer: Answer | undefined): unknown {
	if (!isLatchkeyError(error) || error.response === undefined || answer === undefined) return error;
	const {constructor, message, stack, cause} = error;
	const make = constructor as new (facts: ErrorFacts) => LatchkeyError;
	return Object.assign(new make({cause}), error, {message, stack, response: responseOf(answer)});
}
