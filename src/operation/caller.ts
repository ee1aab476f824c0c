import {abortOf} from '../aborts.ts';
import {abortWith} from '../attempt/abort-with.ts';
import {responseOf, telling} from '../attempt/answer.ts';
import type {Progress} from '../attempt/progress.ts';
import type {Answer} from '../dialects/dialect.ts';
import {stopwatch, type Environment} from '../environment.ts';
import {isLatchkeyError, outcomeError, type ErrorFacts, type LatchkeyError} from '../errors.ts';
import type {Settings} from '../options.ts';
import type {PreparedRequest} from '../request/prepared-request.ts';
import {domError} from '../signals.ts';
import type {Result} from './outcome.ts';

/** What a call asks for. */
export type Call = {
	readonly environment: Environment;
	/** The name of its operation, as far as that is known before its content is. */
	readonly name: readonly string[] | undefined;
	readonly request: PreparedRequest;
	readonly settings: Settings;
	readonly ownKey: string | undefined;
	/** When that was made, in milliseconds since the epoch. */
	readonly since: number | undefined;
	/** Whether whoever is signed in is who made this call. */
	readonly sameScope: () => boolean;
	readonly signal: AbortSignal | undefined;
};

/** One call that takes part in a flight, until it has been told something. */
export type Caller = Call & {
	/** Where it takes part. */
	joined: Joined | undefined;
	readonly waiting: () => boolean;
	/** Time since it was made, in milliseconds: the longer of both clocks, so that sleep counts. */
	readonly elapsed: () => number;
	/** The requests that are served have contexts of their own (`Environment.bind`). */
	readonly apart: boolean;
	/** Runs it in the context of the request that this call was made in. All that follows is to be called there. */
	readonly run: (what: () => void) => void;
	/** Gives it its outcome. `first`: the flight was made with its request. `last`: the last answer, which an error may bear. */
	readonly deliver: (result: Result, first: boolean, last: Answer | undefined) => void;
	readonly fail: (error: unknown) => void;
	/** Its flight is over and has told it nothing: it joins the next, or begins it. */
	readonly again: () => void;
	/** It looks no more whether the flight of another request is still alive. */
	stopLooking?: (() => void) | undefined;
};

/** A flight, as those see it who take part in it. */
export type Joined = {
	readonly leave: (caller: Caller) => void;
	/** The caller's time is over: it is told what is known by then. */
	readonly timeOut: (caller: Caller) => void;
};

/** The edge, where values become a Response or an error. An abort or a time-out detaches this caller only. */
export function takePart(call: Call, join: (caller: Caller) => void): Promise<Response> {
	const {environment, settings, signal, name} = call;
	const {bind} = environment;
	const run = (what: () => void) => {
		what();
	};
	return new Promise((resolve, reject) => {
		let waiting = true;
		const caller: Caller = {
			...call,
			joined: undefined,
			elapsed: stopwatch(environment),
			waiting: () => waiting,
			apart: bind !== undefined,
			run: bind ? bind(run) : run,
			again() {
				if (waiting) join(caller);
			},
			deliver(result, first, last) {
				end(() => {
					resolve(present(result, first, last, signal));
				});
			},
			fail(error) {
				end(() => {
					throw error;
				});
			},
		};

		function end(how: () => void): void {
			if (!waiting) return;
			waiting = false;
			cancelTimer();
			caller.stopLooking?.();
			signal?.removeEventListener('abort', abort);
			try {
				how();
			} catch (error) {
				reject(error);
			}
		}

		function abort(): void {
			if (signal) caller.fail(abortOf(signal, true));
			caller.joined?.leave(caller);
		}

		const cancelTimer = environment.timer(() => {
			if (caller.joined) caller.joined.timeOut(caller);
			else caller.fail(timedOut({name}));
		}, settings.totalTimeout);
		signal?.addEventListener('abort', abort);
		join(caller);
	});
}

/** What is known of the work that a call takes part in; of one that has not begun, its name. */
type Work = Pick<Call, 'name'> & {
	readonly key?: string | undefined;
	readonly progress?: Progress;
	/** Before that nothing is claimed or sent. */
	readonly begun?: boolean;
};

/** What errors tell of it. */
export function factsOf({name, key, progress}: Work): ErrorFacts {
	const {attempts, answer, firstFailure} = progress ?? {};
	return {operation: name, key, attempts, response: answer && responseOf(answer), cause: firstFailure};
}

/** The error of a caller whose time is over, while the work goes on. */
export function timedOut(work: Work): unknown {
	const facts = factsOf(work);
	const over = domError('The total time of the call is over', 'TimeoutError');
	const {cause = over} = facts;
	if (!facts.attempts && !work.begun)
		return outcomeError('not-sent', {...facts, cause, hint: 'Its body took too long.'});
	// That the first attempt was not sent says nothing of the one that is on its way.
	if (work.name === undefined) return isLatchkeyError(cause, 'NOT_SENT') ? over : cause;
	return outcomeError('unknown', {...facts, cause});
}

/** The Response for one caller, or the error it is thrown. */
function present(result: Result, first: boolean, last: Answer | undefined, signal: AbortSignal | undefined): Response {
	const {error, answer, stream} = result;
	if (error !== undefined) throw first ? error : another(error, last);
	if (stream !== undefined && !first) {
		const facts = {...result, status: answer?.status};
		throw outcomeError(result.outcome, facts);
	}

	if (stream === undefined) return responseOf(answer as Answer, result);
	const response = telling(stream.response, stream.response, result);
	if (signal) abortWith(signal, response, stream.abort);
	return response;
}

/** For each caller an error of its own: its response is read once, and in some runtimes only where it was made. */
function another(error: unknown, answer: Answer | undefined): unknown {
	if (!isLatchkeyError(error) || error.response === undefined || answer === undefined) return error;
	const {constructor, message, stack, cause} = error;
	const make = constructor as new (facts: ErrorFacts) => LatchkeyError;
	return Object.assign(new make({cause}), error, {message, stack, response: responseOf(answer)});
}
