import pRetry from 'p-retry';
import {isPromise} from '../utils.ts';
import {isCured} from './cure.ts';
import {pollDelay, retryDelay} from './delay.ts';
import {prepare} from './prepare.ts';
import type {AttemptsResult, Job, Progress} from './progress.ts';
import {send, type Exchange} from './send.ts';
import {wait, waitForNetwork} from './wait.ts';
import type {Verdict} from './verdict.ts';

/** Thrown through p-retry when an attempt asks for another; not a TypeError, which p-retry would not retry. */
const again = new Error('latchkey: another attempt is due');

/** Attempts, one after the other, until one settles, nothing more is worth trying, or time is over. Throws only what the request does. */
export async function attemptUntilSettled(job: Job, progress: Progress): Promise<AttemptsResult> {
	const {retry} = job.settings;
	const request = isPromise(job.request) ? await job.request : job.request;
	let why: AttemptsResult['why'] = 'exhausted';
	let polls = 0;

	/** Whether another one is due. */
	const attempt = async (): Promise<boolean> => {
		const prepared = await prepare(job, request, progress.attempts + 1);
		if (prepared.why !== undefined) {
			({why} = prepared);
			if (why === 'no-headers') progress.firstFailure = prepared.error;
			progress.mistaken = prepared.mistaken;
			return false;
		}

		progress.attempts++;
		job.report({type: 'attempt', attempt: progress.attempts});
		const wasAmbiguous = progress.ambiguous;
		// Until it has ended, it may have had its effect.
		progress.ambiguous = true;
		const {headers, ms} = prepared;
		const sent = {...request, init: {...request.init, headers}};
		const exchange = await send(job.environment, sent, ms, job.cancellation);
		progress.ambiguous = wasAmbiguous;
		const classified = job.verdictOf(exchange, progress);
		const verdict = isPromise(classified) ? await classified : classified;
		note(progress, exchange, verdict);
		job.report({
			type: 'answer',
			attempt: progress.attempts,
			verdict: verdict.meaning,
			status: exchange.answer?.status,
			error: exchange.error,
			replayed: verdict.replayed,
		});
		if (exchange.answer && (await isCured(job, request, progress, exchange, verdict))) {
			exchange.abort();
			return attempt();
		}

		if (verdict.next !== 'end') return true;
		why = 'answered';
		return false;
	};

	const retried = async () => {
		if (await attempt()) throw again;
	};

	/** Waits until the next attempt is due; false when there is to be none. */
	const shouldRetry = async () => {
		const {exchange, verdict} = progress;
		if (verdict === undefined || job.cancellation.cancelled() || retry.limit === 0) return false;
		const polling = verdict.next === 'poll';
		if (polling) polls++;
		else progress.retries++;
		const {retries} = progress;
		if (polling ? polls > verdict.mostPolls : retries > retry.limit) return false;
		const {environment} = job;
		const {retryAfter} = verdict;
		const ms = polling
			? pollDelay(polls, retryAfter, environment.random)
			: retryDelay(retries, retryAfter, retry, environment.random);
		if (ms >= job.remaining() || (retryAfter ?? 0) > retry.maxRetryAfter) {
			if (retryAfter !== undefined) progress.retryAt = environment.now() + retryAfter;
			return false;
		}

		if (exchange?.answer) exchange.abort();
		job.report({type: 'wait', ms, why: polling ? 'in-progress' : 'retry'});
		await wait(job.environment, ms, job.cancellation);
		await waitForNetwork(job);
		return !job.cancellation.cancelled();
	};

	try {
		if (!job.environment.online()) await waitForNetwork(job);
		// p-retry is entered when a retry is due: most calls need none.
		if ((await attempt()) && (await shouldRetry()))
			await pRetry(retried, {retries: Number.POSITIVE_INFINITY, minTimeout: 0, shouldRetry});
	} catch (error) {
		if (error !== again) throw error;
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
