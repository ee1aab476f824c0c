import {stopwatch, type Environment} from '../environment.ts';
import {unmarked} from '../mistake.ts';
import type {FetchInput} from '../fetch-types.ts';
import {withCall} from '../normalize-options.ts';
import {callOptionNames} from '../option-names.ts';
import type {CallOptions, Settings} from '../options.ts';
import {sameScopeAs} from '../request/scope.ts';
import {isRequest, membersOf, methodOf, signalOf} from '../request/input.ts';
import {prepareRequest, type PreparedRequest} from '../request/prepared-request.ts';
import {abortWith} from './abort-with.ts';
import {domError, abortReason, throwIfAborted} from '../signals.ts';
import {cancellation, unlessCancelled} from './cancellation.ts';
import {attemptUntilSettled} from './loop.ts';
import {noProgress} from './progress.ts';
import {asGiven} from './send.ts';
import {verdictOfFailure, verdictOfIdempotent} from './verdict.ts';

/** RFC 9110 §9.2.2; OPTIONS and TRACE are nobody's to retry. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** Tried again, answered as by fetch. */
async function retryIdempotent(
	request: PreparedRequest,
	settings: Settings,
	environment: Environment,
	signal: AbortSignal | undefined,
	sameScope: () => boolean,
): Promise<Response> {
	const gone = cancellation();
	const leave = () => {
		gone.cancel(signal && abortReason(signal));
	};
	signal?.addEventListener('abort', leave);
	try {
		const elapsed = stopwatch(environment);
		const remaining = () => settings.totalTimeout - elapsed();
		const late = () => {
			gone.cancel(domError('No time was left', 'TimeoutError'));
		};
		const stop = settings.totalTimeout < Infinity ? environment.timer(late, settings.totalTimeout) : () => undefined;
		try {
			await unlessCancelled(gone, request.ready());
		} finally {
			stop();
		}

		const sendable = await request.sendable(undefined);
		throwIfAborted(signal);
		const {exchange, firstFailure, why} = await attemptUntilSettled(
			{
				environment,
				remaining,
				settings,
				request: sendable,
				cancellation: gone,
				permit: () => (remaining() > 0 ? 'go' : 'timed-out'),
				sameScope,
				verdictOf: it => (it.answer ? verdictOfIdempotent(it.answer, environment.now()) : verdictOfFailure(it)),
				report: () => undefined,
			},
			noProgress(),
		);
		throwIfAborted(signal);
		if (why === 'no-headers') throw exchange ? unmarked(firstFailure) : firstFailure;
		if (exchange && !exchange.answer) throw exchange.error;
		if (why === 'scope-changed') throw domError('The signed-in user (scope) has changed', 'AbortError');
		// An answer that was to be followed by another attempt has been given up already.
		if (exchange?.stream === undefined || why === 'timed-out') throw domError('No time was left', 'TimeoutError');
		const {abort, stream} = exchange;
		if (signal) abortWith(signal, stream, abort);
		return stream;
	} finally {
		signal?.removeEventListener('abort', leave);
	}
}

/** One attempt within its time, of a request that goes as it is: its method is nobody's to repeat. */
async function sendOnce(
	fetch: (signal: AbortSignal) => Promise<Response>,
	{timeout, totalTimeout}: Settings,
	environment: Environment,
	signal: AbortSignal | undefined,
): Promise<Response> {
	const controller = new AbortController();
	const leave = () => {
		controller.abort(signal && abortReason(signal));
	};
	const ms = Math.min(timeout, totalTimeout);
	const late = () => {
		controller.abort(domError(`No answer within ${ms} ms`, 'TimeoutError'));
	};
	const stop = environment.timer(late, ms);
	signal?.addEventListener('abort', leave);
	// A fetch that ignores its signal must not hold the call up.
	const aborted = new Promise<never>((_, reject) => {
		controller.signal.addEventListener('abort', () => {
			reject(abortReason(controller.signal));
		});
	});
	try {
		const response = await Promise.race([fetch(controller.signal), aborted]);
		if (signal) abortWith(signal, response, leave);
		return response;
	} catch (error) {
		signal?.removeEventListener('abort', leave);
		throw error;
	} finally {
		stop();
	}
}

/**
 * What a client does with calls without a key, which a fetch passes untouched: they have its time-outs, and are tried
 * again where their method is idempotent.
 */
export async function sendUnkeyed(
	input: FetchInput,
	init: RequestInit & CallOptions,
	defaults: Settings,
	environment: Environment,
): Promise<Response> {
	const signal = signalOf(input, init);
	const settings = withCall(defaults, init);
	if (!methods.has(methodOf(input, init))) {
		const {fetch = globalThis.fetch} = settings;
		const send = async (own: AbortSignal) => {
			const sent = {...membersOf(init, callOptionNames), signal: own};
			return fetch(isRequest(input) ? asGiven(input, sent) : input, sent);
		};
		return sendOnce(send, settings, environment, signal);
	}

	const request = prepareRequest(input, init, settings, environment, 'pass');
	return retryIdempotent(request, settings, environment, signal, sameScopeAs(settings.scope, environment));
}
