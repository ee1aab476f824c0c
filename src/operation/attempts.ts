import {attemptUntilSettled} from '../attempt/loop.ts';
import type {AttemptsResult, Job} from '../attempt/progress.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {classify} from '../attempt/classify.ts';
import type {FlightRun} from './flight.ts';
import type {Run} from './named-run.ts';
import {keyLifeOf, type KeyLife} from './key-age.ts';
import type {HeldLease, Seen} from './lease.ts';
import {keyEndOf} from './record.ts';

/** The attempts of an unnamed call: only its callers and its time limit it. */
export function unnamedAttempts(run: FlightRun, key: string): Promise<AttemptsResult> {
	const {keyEnd = Infinity, madeAfter} = keyLifeOf(run.settings, run.since);
	const now = run.environment.now();
	const permit = now < madeAfter ? () => 'clock' as const : permitUntil(run, keyEnd - now + run.elapsed());
	run.progress.ambiguous = run.foreign;
	return attempts(run, key, permit, run.foreign);
}

/** The attempts of a named operation, under the key that it holds. It is held: what a callback throws must not leave it so. */
export async function namedAttempts(run: Run, {record, claim, foreign, permit}: HeldLease): Promise<AttemptsResult> {
	run.foreign = foreign;
	const {progress} = run;
	const sentBefore = record.ambiguous || foreign;
	progress.ambiguous ||= sentBefore;
	try {
		return await attempts(run, record.key, permit, sentBefore, record.bytes === claim.bytes);
	} catch (error) {
		progress.firstFailure ??= error;
		return {...progress, mistaken: progress.attempts === 0, why: 'exhausted'};
	}
}

/** The same request once more, only to have its answer: it has succeeded, and the server documents that it keeps it. */
export function refetch(run: Run, {record, now, issued}: Seen, life: KeyLife): Promise<AttemptsResult> {
	run.progress.ambiguous = true;
	const permit = permitUntil(run, issued + keyEndOf(record, life) - now);
	return attempts(run, record.key, permit, true);
}

/** `keyEnd` in milliseconds since the flight began. */
function permitUntil(run: FlightRun, keyEnd: number): Job['permit'] {
	return () => {
		if (run.remaining() <= 0) return 'timed-out';
		return run.elapsed() < keyEnd ? 'go' : 'expired';
	};
}

function attempts(
	run: FlightRun,
	key: string,
	permit: Job['permit'],
	sentBefore: boolean,
	unchanged = true,
): Promise<AttemptsResult> {
	const {environment, settings, progress, request} = run;
	const job: Job = {
		...run,
		request: request.sendable(key),
		permit,
		verdictOf(exchange) {
			const failedAtOnce = !exchange.answer && progress.attempts === 1;
			if (failedAtOnce && suspectsPreflight(environment, request.url, exchange.error))
				run.report({type: 'preflight-suspected', header: settings.dialect.header});
			const sent = {key, repeat: sentBefore || progress.attempts > 1, foreign: run.foreign, unchanged};
			return classify(exchange, progress, settings, environment, sent, run.remaining);
		},
	};
	return attemptUntilSettled(job, progress);
}
