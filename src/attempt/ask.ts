import {bounded} from '../bounded.ts';
import {stopwatch} from '../environment.ts';
import {buildable, mistake} from '../mistake.ts';
import {connectionHeaders, type Sendable} from '../request/prepared-request.ts';
import {withCopy} from './answer.ts';
import {unlessCancelled} from './cancellation.ts';
import type {AttemptFacts} from './facts.ts';
import type {AttemptsResult, Job, Progress} from './progress.ts';
import {copyOf, type Answered, type Due} from './send.ts';
import type {Verdict} from './verdict.ts';

// What the caller is asked about an attempt: for fresh headers before it, for a cure after it.

/** What an attempt is sent with; or why there is to be none. */
export type Prepared = Due | AttemptsResult['why'];

/** In milliseconds. */
const SOON = 100;

type Asking = Pick<Job, 'environment' | 'settings' | 'cancellation' | 'remaining' | 'permit'>;

/** With what `attemptHeaders` gives. Whether the key may still be sent, and by whom, may have changed meanwhile. */
export async function withFreshHeaders(
	job: Asking,
	request: Sendable,
	progress: Progress,
	ms: number,
): Promise<Prepared> {
	const {dialect, fingerprintHeaders = [], attemptHeaders} = job.settings;
	const {attempts} = progress;
	const elapsed = stopwatch(job.environment);
	let headers: Record<string, string>;
	progress.mistaken = false;
	try {
		const given = await answerTo(job, async () => attemptHeaders?.(factsOf(request, attempts + 1)), ms);
		progress.mistaken = true;
		const fresh = buildable(() => new Headers(given));
		for (const name of ['content-type', ...connectionHeaders, dialect.header, ...fingerprintHeaders])
			if (fresh.has(name)) throw mistake(`attemptHeaders may not set ${name}`);
		headers = {...request.init.headers, ...Object.fromEntries(fresh)};
		progress.mistaken = false;
	} catch (error) {
		progress.firstFailure = error;
		return 'no-headers';
	}

	const still = elapsed() > SOON ? await job.permit(attempts) : 'go';
	if (still !== 'go') return still;
	const left = ms - elapsed();
	return left > 0 ? {headers, ms: left} : 'timed-out';
}

/** RFC 9110 §15.5.2 and §15.5.8; 419 is the answer of Laravel to a CSRF token that is out of date. */
const CURABLE = [401, 407, 419];

/** Whether the caller has mended what the server turned away. Asked once a flight; a replay would only be repeated. */
export async function isCured(
	job: Job,
	request: Sendable,
	progress: Progress,
	answered: Answered,
	{meaning, replayed}: Verdict,
): Promise<boolean> {
	const {reauthorize} = job.settings;
	if (!reauthorize || progress.reauthorized || replayed) return false;
	const {on, ask} = typeof reauthorize === 'function' ? {on: CURABLE, ask: reauthorize} : reauthorize;
	if (!on.includes(answered.answer.status) || meaning === 'mismatched' || meaning === 'in-progress') return false;
	progress.reauthorized = true;
	try {
		const facts = factsOf(request, progress.attempts);
		return (await answerTo(job, () => withCopy(answered, async copy => ask(copy, facts)))) === true;
	} catch {
		return false;
	}
}

/** Within the time that leaves some to tell within the call what came of it. */
export async function answerTo<T>(
	job: Pick<Job, 'environment' | 'cancellation' | 'remaining'>,
	ask: () => Promise<T>,
	most: number = Infinity,
): Promise<T> {
	const left = job.remaining();
	const ms = Math.min(most, Math.max(left / 2, left - 100));
	return unlessCancelled(job.cancellation, bounded(job.environment, ask(), ms));
}

function factsOf({url, init, key}: Sendable, attempt: number): AttemptFacts {
	return {method: init.method, url, body: copyOf(init.body), attempt, key};
}
