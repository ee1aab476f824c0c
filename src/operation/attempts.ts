import {attemptUntilSettled} from '../attempt/loop.ts';
import type {AttemptsResult, Job} from '../attempt/progress.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {classify} from '../attempt/classify.ts';
import {stopwatch} from '../environment.ts';
import type {Flight} from './flight.ts';
import type {HeldLease} from './lease.ts';
import type {Run} from './operations.ts';
import {keyEndOf} from './record.ts';
import {type Seen} from './key-age.ts';

/** Why no more attempts are made; what they have shown is in the run's `progress`. */
export type Ending = AttemptsResult['why'];

/** The attempts of an unnamed call: only its callers and its time limit it. */
export function unnamedAttempts(run: Flight, key: string): Promise<Ending> {
	const {keyEnd = Infinity, madeAfter} = run.life;
	const began = run.environment.now();
	const elapsed = stopwatch(run.environment);
	const permit = began < madeAfter ? () => 'clock' as const : permitUntil(run, () => began + elapsed(), keyEnd);
	run.progress.ambiguous = run.foreign;
	return attempts(run, key, permit, run.foreign);
}

/** The attempts of a named operation, under the key that it holds. It is held: what a callback throws must not leave it so. */
export async function namedAttempts(run: Run, {record, foreign, permit}: HeldLease): Promise<Ending> {
	run.foreign = foreign;
	const {progress} = run;
	const sentBefore = record.ambiguous || foreign;
	progress.ambiguous ||= sentBefore;
	try {
		return await attempts(run, record.key, permit, sentBefore);
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
	return attempts(run, record.key, permit, true);
}

function permitUntil(run: Flight, now: () => number, keyEnd: number): Job['permit'] {
	return () => {
		if (run.remaining() <= 0) return 'timed-out';
		return now() < keyEnd ? 'go' : 'expired';
	};
}

async function attempts(run: Flight, key: string, permit: Job['permit'], sentBefore: boolean): Promise<Ending> {
	const {environment, settings, progress, request, remaining, cancellation, sameScope, report} = run;
	const job: Job = {
		environment,
		settings,
		remaining,
		cancellation,
		sameScope,
		report,
		request: request.sendable(key),
		permit,
		verdictOf(exchange) {
			const failedAtOnce = !exchange.answer && progress.attempts === 1;
			if (failedAtOnce && suspectsPreflight(environment, request.url, exchange.error))
				report({type: 'preflight-suspected', header: settings.dialect.header});
			const sent = {repeat: sentBefore || progress.attempts > 1, foreign: run.foreign};
			return classify(exchange, progress, settings, environment, sent, Math.min(settings.timeout, remaining()));
		},
	};
	return (await attemptUntilSettled(job, progress)).why;
}
