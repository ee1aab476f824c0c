import {abortOf} from '../aborts.ts';
import {abortWith} from '../attempt/abort-with.ts';
import {responseOf} from '../attempt/answer.ts';
import type {Progress} from '../attempt/progress.ts';
import {bindTo, stopwatch, type Environment} from '../environment.ts';
import {isLatchkeyError, outcomeError} from '../errors.ts';
import type {Settings} from '../options.ts';
import type {PreparedRequest} from '../request/prepared-request.ts';
import {domError} from '../signals.ts';
import {present, type Result} from './result.ts';

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
	/** What remains of this caller's time, in milliseconds. */
	readonly remaining: () => number;
	/** Runs it in the context of the request that this call was made in. All that follows is to be called there. */
	readonly run: (what: () => void) => void;
	/** Gives it its outcome. `first`: the flight was made with its request. */
	readonly deliver: (result: Result, first: boolean) => void;
	readonly fail: (error: unknown) => void;
	/** Its flight is over and has told it nothing: it joins the next, or begins it. */
	readonly again: () => void;
	/** It looks no more whether the flight of another request is still alive. */
	stopLooking?: (() => void) | undefined;
};

/** A flight, as those see it who take part in it. */
export type Joined = {
	readonly leave: (caller: Caller) => void;
	/** Tells a caller whose time is over what is known for good, though the store has not taken it yet. */
	readonly tellVerdict: (caller: Caller) => boolean;
	/** The body of its request has been read. Before that nothing is claimed or sent. */
	readonly hasBegun: () => boolean;
	/** What is known so far, for a caller whose time is over. */
	readonly progress: Progress;
	readonly key: () => string | undefined;
};

/** The edge, where values become a Response or an error. An abort or a time-out detaches this caller only. */
export function takePart(call: Call, join: (caller: Caller) => void): Promise<Response> {
	const {environment, settings, signal} = call;
	const {totalTimeout} = settings;
	const elapsed = stopwatch(environment);
	return new Promise((resolve, reject) => {
		let waiting = true;
		const caller: Caller = {
			...call,
			joined: undefined,
			remaining: () => totalTimeout - elapsed(),
			waiting: () => waiting,
			run: bindTo(environment, (run: () => void) => {
				run();
			}),
			again() {
				if (waiting) join(caller);
			},
			deliver(result, first) {
				end(() => {
					const response = present(result, first);
					const {stream} = result;
					if (stream !== undefined && signal) abortWith(signal, response, stream.abort);
					resolve(response);
				});
			},
			fail(error) {
				end(() => {
					reject(error);
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

		function quit(error: unknown): void {
			caller.fail(error);
			caller.joined?.leave(caller);
		}

		function abort(): void {
			if (signal) quit(abortOf(signal, true));
		}

		const cancelTimer = environment.timer(() => {
			const {joined} = caller;
			if (joined?.tellVerdict(caller)) joined.leave(caller);
			else quit(timedOut(call.name, joined));
		}, totalTimeout);
		signal?.addEventListener('abort', abort);
		join(caller);
	});
}

/** The error of a caller whose time is over while the work on its operation goes on. */
function timedOut(name: readonly string[] | undefined, joined: Joined | undefined): unknown {
	const {attempts, answer, firstFailure} = joined?.progress ?? {};
	const over = domError('The total time of the call is over', 'TimeoutError');
	const cause = firstFailure ?? over;
	if (!attempts && !joined?.hasBegun())
		return outcomeError('not-sent', {operation: name, cause, hint: 'Its body took too long.'});
	// That the first attempt was not sent says nothing of the one that is on its way.
	if (name === undefined) return isLatchkeyError(cause, 'NOT_SENT') ? over : cause;
	return outcomeError('unknown', {
		operation: name,
		key: joined?.key(),
		attempts,
		response: answer && responseOf(answer),
		cause,
	});
}
