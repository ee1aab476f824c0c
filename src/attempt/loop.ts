import pRetry from 'p-retry';
import type {Answer} from '../dialect/dialect.ts';
import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {Settings} from '../options.ts';
import {isPromise, type MaybePromise} from '../maybe-promise.ts';
import {isCured} from './cure.ts';
import {pollDelay, retryDelay} from './delay.ts';
import type {Leaving} from './leaving.ts';
import {prepare} from './prepare.ts';
import {send, type Exchange, type Sendable} from './send.ts';
import {patience, waitForNetwork} from './wait.ts';
import type {Verdict} from './verdict.ts';

export type Job = {
	readonly environment: Environment;
	readonly request: MaybePromise<Sendable>;
	readonly settings: Pick<
		Settings,
		'retry' | 'timeout' | 'attemptHeaders' | 'fingerprintHeaders' | 'reauthorize' | 'dialect'
	>;
	/** What is left of the call's time, in milliseconds. */
	readonly left: () => number;
	/** Aborted when nobody wants an answer any more. */
	readonly leaving: Leaving;
	/** Whether a further attempt may start: nobody has left for good, the lease holds, the key is young enough. */
	readonly permit: (attempts: number) => MaybePromise<Permit>;
	/** Whether it is still the operation of whoever is signed in. */
	readonly sameScope?: () => boolean;
	/** What an exchange means, given whether an earlier attempt may have had its effect. */
	readonly verdictOf: (exchange: Exchange, progress: Progress) => MaybePromise<Verdict>;
	readonly report: (event: EventDetail) => void;
};

/** `final`: the server would only repeat itself. `clock`: the store's clock was set back, so that the key's age is a guess. */
export type Permit = 'go' | 'left' | 'lost' | 'expired' | 'final' | 'clock';

/** What the attempts have shown so far. */
export type Progress = {
	attempts: number;
	/** Of those, the ones that the limit counts: over all that one call sends, also when it has lost its lease meanwhile. */
	retries: number;
	ambiguous: boolean;
	/** The first thing that went wrong. It is the one reported. */
	firstFailure?: unknown;
	/** The last exchange, and what it means. */
	exchange?: Exchange;
	verdict?: Verdict;
	/** The last answer, which may be older than the last exchange. */
	answer?: Answer;
	/** The first failure is a mistake in what `attemptHeaders` gave. */
	mistaken?: boolean | undefined;
	/** The caller was asked for a cure. */
	reauthorized?: true;
	/** When the server wants to be asked again, later than this call can: wall clock, in milliseconds since the epoch. */
	retryAt?: number;
};

export function noProgress(): Progress {
	return {attempts: 0, retries: 0, ambiguous: false};
}

export type Ending = Progress & {
	readonly why: 'answered' | 'exhausted' | 'no-headers' | 'scope-changed' | Exclude<Permit, 'go'>;
};

/** A 409 that says nothing is asked about this often. */
const CONFLICT_POLLS = 3;

/** Thrown through p-retry when an attempt asks for another; not a TypeError, which p-retry would not retry. */
const again = new Error('latchkey: another attempt is due');

/** Attempts, one after the other, until one settles, nothing more is worth trying, or time is over. Throws only what the request does. */
export async function attemptUntilSettled(job: Job, progress: Progress): Promise<Ending> {
	const {retry} = job.settings;
	const request = isPromise(job.request) ? await job.request : job.request;
	let why: Ending['why'] = 'exhausted';
	let polls = 0;

	const attempt = async (): Promise<void> => {
		const prepared = await prepare(job, request, progress.attempts + 1);
		if (prepared.why !== undefined) {
			({why} = prepared);
			if (why === 'no-headers') progress.firstFailure = prepared.error;
			progress.mistaken = prepared.mistaken;
			return;
		}

		progress.attempts++;
		job.report({type: 'attempt', attempt: progress.attempts});
		const wasAmbiguous = progress.ambiguous;
		// Until it has ended, it may have had its effect.
		progress.ambiguous = true;
		const {headers, ms} = prepared;
		const sent = {...request, init: {...request.init, headers}};
		const exchange = await send(job.environment, sent, ms, job.leaving);
		progress.ambiguous = wasAmbiguous;
		const weighed = job.verdictOf(exchange, progress);
		const verdict = isPromise(weighed) ? await weighed : weighed;
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
			await attempt();
			return;
		}

		if (verdict.next !== 'end') throw again;
		why = 'answered';
	};

	/** Waits until the next attempt is due; false when there is to be none. */
	const shouldRetry = async () => {
		const {exchange, verdict} = progress;
		if (verdict === undefined || job.leaving.left() || retry.limit === 0) return false;
		const polling = verdict.next === 'poll';
		if (polling) polls++;
		else progress.retries++;
		const {retries} = progress;
		if (polling ? verdict.meaning === 'conflict' && polls > CONFLICT_POLLS : retries > retry.limit) return false;
		const {environment} = job;
		const {retryAfter} = verdict;
		const ms = polling
			? pollDelay(polls, retryAfter, environment.random)
			: retryDelay(retries, retryAfter, retry, environment.random);
		const left = job.left();
		if (ms >= left || (retryAfter ?? 0) > retry.maxRetryAfter) {
			if (retryAfter !== undefined) progress.retryAt = environment.now() + retryAfter;
			return false;
		}

		if (exchange?.answer) exchange.abort();
		job.report({type: 'wait', ms, why: polling ? 'in-progress' : 'retry'});
		await patience(job.environment, ms, job.leaving);
		await waitForNetwork(job);
		return !job.leaving.left();
	};

	try {
		if (!job.environment.online()) await waitForNetwork(job);
		await pRetry(attempt, {retries: Number.POSITIVE_INFINITY, minTimeout: 0, shouldRetry});
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
