import {stopwatch, type Environment} from '../environment.ts';
import {unmarked} from '../mistake.ts';
import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import {abortWith} from './abort-with.ts';
import {domError, abortReason, throwIfAborted} from '../signals.ts';
import {leaving, unlessLeft} from './leaving.ts';
import {attemptUntilSettled, noProgress} from './loop.ts';
import {verdictOfFailure, verdictOfIdempotent} from './verdict.ts';

/** RFC 9110 §9.2.2; OPTIONS and TRACE are nobody's to retry. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** Calls without a key, by the methods that RFC 9110 §9.2.2 calls idempotent: tried again, answered as by fetch. */
export async function retryIdempotent(
	request: Outgoing,
	settings: Settings,
	environment: Environment,
	signal: AbortSignal | undefined,
	sameScope: () => boolean,
): Promise<Response> {
	const gone = leaving();
	const leave = () => {
		gone.leave(signal && abortReason(signal));
	};
	signal?.addEventListener('abort', leave);
	try {
		const elapsed = stopwatch(environment);
		const left = () => settings.totalTimeout - elapsed();
		const late = () => {
			gone.leave(domError('No time was left', 'TimeoutError'));
		};
		const stop = settings.totalTimeout < Infinity ? environment.timer(late, settings.totalTimeout) : () => undefined;
		try {
			await unlessLeft(gone, request.ready());
		} finally {
			stop();
		}

		const sendable = await request.sendable(undefined);
		throwIfAborted(signal);
		const {exchange, firstFailure, why} = await attemptUntilSettled(
			{
				environment,
				left,
				settings,
				request: sendable,
				leaving: gone,
				permit: () => (left() > 0 ? 'go' : 'left'),
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
		if (exchange?.stream === undefined || why === 'left') throw domError('No time was left', 'TimeoutError');
		const {abort, stream} = exchange;
		if (signal)
			abortWith(signal, stream, () => {
				abort(abortReason(signal));
			});
		return stream;
	} finally {
		signal?.removeEventListener('abort', leave);
	}
}

/** What a client adds to fetch; a fetch without it passes such calls untouched. */
export const idempotentRetries: {readonly methods: ReadonlySet<string>; readonly send: typeof retryIdempotent} = {
	methods,
	send: retryIdempotent,
};
