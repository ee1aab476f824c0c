import pRetry from 'p-retry';
import {isPromise} from '../utils.ts';
import {isCured, withFreshHeaders, type Prepared} from './ask.ts';
import {pollDelay, retryDelay} from './delay.ts';
import type {AttemptsResult, Job, Progress} from './progress.ts';
import {send, type Exchange} from './send.ts';
import type {Verdict} from './verdict.ts';
import {wait, waitForNetwork} from './wait.ts';

/** Thrown at p-retry when another attempt is due; not a TypeError, which p-retry would not retry. */
const again = new Error('latchkey: another attempt is due');

/** Attempts, one after the other, until one settles, nothing more is worth trying, or time is over. Throws only what the request does. */
export async function attemptUntilSettled(job: Job, progress: Progress): Promise<AttemptsResult> {
	const {environment, cancellation, settings, report} = job;
	const {retry, timeout, attemptHeaders, reauthorize} = settings;
	const request = isPromise(job.request) ? await job.request : job.request;
	let why: AttemptsResult['why'] = 'exhausted';
	let polls = 0;

	/** Ends when another one is due (true), or there is to be none. */
	const attempt = async (): Promise<boolean> => {
		const asked = job.permit(progress.attempts);
		const permit = isPromise(asked) ? await asked : asked;
		const {headers} = request.init;
		let prepared: Prepared = permit === 'go' ? {headers, ms: Math.min(timeout, job.remaining())} : permit;
		if (attemptHeaders && typeof prepared === 'object')
			prepared = await withFreshHeaders(job, request, progress, prepared.ms);
		// Right before anything is sent: fresh headers may have taken a while.
		if (typeof prepared === 'object' && job.sameScope?.() === false) prepared = 'scope-changed';
		if (typeof prepared === 'string') {
			why = prepared;
			return false;
		}

		progress.attempts++;
		report({type: 'attempt', attempt: progress.attempts});
		const wasAmbiguous = progress.ambiguous;
		// Until it has ended, it may have had its effect.
		progress.ambiguous = true;
		const exchange = await send(environment, request, prepared, cancellation);
		progress.ambiguous = wasAmbiguous;
		const classified = job.verdictOf(exchange, progress);
		const verdict = isPromise(classified) ? await classified : classified;
		note(progress, exchange, verdict);
		report({
			type: 'answer',
			attempt: progress.attempts,
			verdict: verdict.meaning,
			status: exchange.answer?.status,
			error: exchange.error,
			replayed: verdict.replayed,
		});
		if (reauthorize && exchange.answer && (await isCured(job, request, progress, exchange, verdict))) {
			exchange.abort();
			return attempt();
		}

		if (verdict.next !== 'end') return isDue(exchange, verdict);
		why = 'answered';
		return false;
	};

	/** Waits until the next attempt is due; false when there is to be none. */
	const isDue = async (exchange: Exchange, {next, retryAfter, mostPolls}: Verdict): Promise<boolean> => {
		if (cancellation.cancelled() || retry.limit === 0) return false;
		const polling = next === 'poll';
		const count = polling ? ++polls : ++progress.retries;
		if (count > (polling ? mostPolls : retry.limit)) return false;
		const ms = (polling ? pollDelay : retryDelay)(count, retryAfter, environment.random, retry);
		if (ms >= job.remaining() || (retryAfter ?? 0) > retry.maxRetryAfter) {
			if (retryAfter !== undefined) progress.retryAt = environment.now() + retryAfter;
			return false;
		}

		if (exchange.answer) exchange.abort();
		report({type: 'wait', ms, why: polling ? 'in-progress' : 'retry'});
		await wait(environment, ms, cancellation);
		await waitForNetwork(job);
		return !cancellation.cancelled();
	};

	if (!environment.online()) await waitForNetwork(job);
	// p-retry is entered when a retry is due: most calls need none.
	if (await attempt()) {
		const retried = async () => {
			if (await attempt()) throw again;
		};
		await pRetry(retried, {retries: Infinity, minTimeout: 0, shouldRetry: ({error}) => error === again});
	}

	return {...progress, why};
}

function note(progress: Progress, exchange: Exchange, verdict: Verdict): void {
	progress.exchange = exchange;
	progress.verdict = verdict;
	progress.ambiguous ||= verdict.ambiguous;
	const {answer, error} = exchange;
	if (answer) progress.answer = answer;
	if (answer && verdict.next === 'end' && verdict.meaning !== 'unsettled') return;
	progress.firstFailure ??= answer ? new Error(`The server answered ${answer.status}`) : error;
}
