import {bounded} from '../bounded.ts';
import {stopwatch} from '../environment.ts';
import {buildable, mistake} from '../mistake.ts';
import {connectionHeaders, type Sendable} from '../request/prepared-request.ts';
import {isPromise} from '../utils.ts';
import {unlessCancelled} from './cancellation.ts';
import type {AttemptFacts} from './facts.ts';
import type {AttemptsResult, Job} from './progress.ts';
import {copyOf} from './send.ts';

/** What an attempt is sent with, and for how many milliseconds; or why there is to be none. */
export type Prepared =
	| {readonly headers: Record<string, string>; readonly ms: number; readonly why?: undefined}
	| {
			readonly why: AttemptsResult['why'];
			/** What `attemptHeaders` failed with. */
			readonly error?: unknown;
			/** It gave what is not the caller's to set, or no headers at all. */
			readonly mistaken?: boolean;
	  };

/** In milliseconds. */
const SOON = 100;

type Asking = Pick<Job, 'environment' | 'settings' | 'cancellation' | 'remaining' | 'sameScope' | 'permit'>;

/** Fresh headers may take a while: whose operation it is is looked at after them, right before anything is sent. */
export async function prepare(job: Asking, request: Sendable, attempt: number): Promise<Prepared> {
	const {environment, cancellation, settings} = job;
	const {attemptHeaders, dialect, fingerprintHeaders = [], timeout} = settings;
	const asked = job.permit(attempt - 1);
	const permit = isPromise(asked) ? await asked : asked;
	if (permit !== 'go') return {why: permit};

	const elapsed = stopwatch(environment);
	const ms = Math.min(timeout, job.remaining());
	let {headers} = request.init;
	if (attemptHeaders) {
		let mistaken = false;
		try {
			const ask = async () => attemptHeaders(factsOf(request, attempt));
			const given = await unlessCancelled(cancellation, bounded(environment, ask(), Math.min(ms, timeToAsk(job))));
			mistaken = true;
			headers = {...headers, ...freshHeaders(given, [dialect.header, ...fingerprintHeaders])};
		} catch (error) {
			return {why: 'no-headers', error, mistaken};
		}
	}

	if (job.sameScope?.() === false) return {why: 'scope-changed'};
	if (!attemptHeaders) return {headers, ms};
	// Whether the key may still be sent, and by whom, may have changed meanwhile.
	const still = elapsed() > SOON ? await job.permit(attempt - 1) : 'go';
	if (still !== 'go') return {why: still};
	const left = ms - elapsed();
	return left > 0 ? {headers, ms: left} : {why: 'timed-out'};
}

function freshHeaders(given: HeadersInit | undefined, ours: readonly string[]): Record<string, string> {
	const fresh = buildable(() => new Headers(given));
	for (const name of ['content-type', ...connectionHeaders, ...ours])
		if (fresh.has(name)) throw mistake(`attemptHeaders may not set ${name}`);
	return Object.fromEntries(fresh);
}

/** In milliseconds; what comes of the question can still be told within the call. */
export function timeToAsk({remaining}: Pick<Job, 'remaining'>): number {
	return Math.max(remaining() / 2, remaining() - 100);
}

export function factsOf({url, init, key}: Sendable, attempt: number): AttemptFacts {
	return {method: init.method, url, body: copyOf(init.body), attempt, key};
}
