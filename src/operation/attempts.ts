import {classify} from '../attempt/classify.ts';
import {attemptUntilSettled} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import type {AttemptsResult, Job, Progress} from '../attempt/progress.ts';
import type {Answer} from '../dialects/dialect.ts';
import {notSaved} from '../dialects/ietf.ts';
import {stopwatch} from '../environment.ts';
import type {Flight} from './flight.ts';
import type {Seen} from './key-age.ts';
import type {HeldLease} from './lease.ts';
import type {Run} from './operations.ts';
import {keyEndOf, type PendingDetails} from './record.ts';
import type {State} from './state.ts';

/** Why no more attempts are made; what they have shown is in the run's `progress`. */
export type Ending = AttemptsResult['why'];

/** The attempts of an unnamed call: only its callers and its time limit it. */
export function unnamedAttempts(run: Flight, key: string): Promise<Ending> {
	const {keyEnd = Infinity, madeAfter} = run.life;
	const began = run.environment.now();
	const elapsed = stopwatch(run.environment);
	const permit = began < madeAfter ? () => 'clock' as const : permitUntil(run, () => began + elapsed(), keyEnd);
	run.progress.ambiguous = run.foreign;
	return attempts(run, key, permit, {before: run.foreign});
}

/** The attempts of a named operation, under the key that it holds. It is held: what a callback throws must not leave it so. */
export async function namedAttempts(run: Run, {record, claim, foreign, permit}: HeldLease): Promise<Ending> {
	run.foreign = foreign;
	const {progress} = run;
	const sentBefore = record.ambiguous || foreign;
	progress.ambiguous ||= sentBefore;
	try {
		const unchanged = record.bytes === claim.bytes;
		return await attempts(run, record.key, permit, {before: sentBefore, unchanged, first: record.createdAt});
	} catch (error) {
		progress.firstFailure ??= error;
		progress.mistaken = progress.attempts === 0;
		return 'exhausted';
	}
}

/** The same request once more, only to have its answer: it has succeeded, and the server documents that it keeps it. */
export function refetch(run: Run, {record, now}: Seen): Promise<Ending> {
	run.progress.ambiguous = true;
	const permit = permitUntil(run, now, keyEndOf(record, run.life));
	return attempts(run, record.key, permit, {before: true, first: record.createdAt});
}

function permitUntil(run: Flight, now: () => number, keyEnd: number): Job['permit'] {
	return () => {
		if (run.remaining() <= 0) return 'timed-out';
		return now() < keyEnd ? 'go' : 'expired';
	};
}

/** What is known of earlier sends of a key: whether there were any, by whomever, with the same bytes, and since when. */
type Sent = {readonly before: boolean; readonly unchanged?: boolean; readonly first?: number};

async function attempts(
	run: Flight,
	key: string,
	permit: Job['permit'],
	{before, unchanged = true, first}: Sent,
): Promise<Ending> {
	const {environment, settings, progress, request, remaining, report} = run;
	const {header, carrier} = settings.dialect;
	const job: Job = {
		...run,
		request: request.sendable(key, first),
		permit,
		verdictOf(exchange) {
			const failedAtOnce = !exchange.answer && progress.attempts === 1;
			if (failedAtOnce && !carrier && suspectsPreflight(environment, request.url, exchange.error))
				report({type: 'preflight-suspected', header});
			const sent = {key, repeat: before || progress.attempts > 1, foreign: run.foreign, unchanged};
			return classify(exchange, progress, settings, environment, sent, remaining);
		},
	};
	return (await attemptUntilSettled(job, progress)).why;
}

/** What the attempts amount to. */
export type Finding = {
	readonly state: Exclude<State, {status: 'sending'}>;
	/** No other attempt under this key can be told otherwise. */
	readonly binding: boolean;
	/** Found out otherwise than by the answer to the request, which is not what callers get: `answer`, or none. */
	readonly found?: true;
	readonly answer?: Answer | undefined;
	/** What to keep while it is pending. */
	readonly pending?: PendingDetails | undefined;
};

/** An ambiguity stays one: only an answer that settles ends it. */
export function conclude({exchange, verdict, ambiguous, answer}: Progress, why: Ending): Finding {
	const httpStatus = answer?.status;
	if (why === 'answered' && verdict !== undefined) {
		const {meaning, binding, final} = verdict;
		switch (meaning) {
			case 'refused':
				return binding ? {state: {status: meaning, httpStatus}, binding} : turnedDown(httpStatus);
			case 'succeeded':
			case 'mismatched':
			case 'pending':
				return {state: {status: meaning, httpStatus}, binding};
			case 'in-progress':
			case 'conflict':
			case 'not-processed':
			case 'not-sent':
			case 'failed':
			case 'unsettled':
				if (final) return {state: {status: 'unknown', final}, binding};
		}
	}

	if (why === 'pending') return {state: {status: why}, binding: false};
	// Past its end a key is too old by the record itself, as long as the clock says so.
	if (ambiguous) return {state: {status: 'unknown', ...(why === 'final' && {final: true})}, binding: false};
	// An earlier answer tells what stands in front of the handler; one of the handler itself was to be asked again.
	const last = exchange?.answer?.status ?? httpStatus;
	const told = last !== undefined && (exchange?.answer !== undefined || notSaved.has(last));
	return told ? turnedDown(last) : {state: {status: 'unprocessed'}, binding: false};
}

/**
 * Refused, without a word that this holds for every copy of the request. NGINX and browsers repeat a POST unseen: what
 * is answered in front of execution may be the answer to a second copy, so that such a refusal keeps its key.
 */
function turnedDown(httpStatus: number | undefined): Finding {
	const inFront = httpStatus !== undefined && notSaved.has(httpStatus);
	return {state: {status: inFront ? 'unprocessed' : 'refused', httpStatus}, binding: false};
}
