import {attemptUntilSettled, type Ending, type Job} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {weigh} from '../attempt/weigh.ts';
import type {Hold, Seen} from './claim.ts';
import type {KeptLease} from './keep-lease.ts';
import {keyLifeOf, type KeyLife} from './key-age.ts';
import {keyEndOf} from './record.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

/** The attempts of an unnamed call: only its callers and its time limit it. */
export function unnamedAttempts(work: Work, key: string): Promise<Ending> {
	const {keyEnd = Infinity, madeAfter} = keyLifeOf(work.settings, work.since);
	const now = work.environment.now();
	const permit = now < madeAfter ? () => 'clock' as const : permitUntil(work, keyEnd - now + work.elapsed());
	work.progress.ambiguous = work.foreign;
	return attempts(work, key, permit, work.foreign);
}

/** The attempts of a named operation, under the key that it holds. It is held: what a callback throws must not leave it so. */
export async function namedAttempts(work: NamedWork, hold: Hold, {permit}: KeptLease): Promise<Ending> {
	work.foreign = hold.foreign;
	const {progress} = work;
	const sentBefore = hold.record.ambiguous || hold.foreign;
	progress.ambiguous ||= sentBefore;
	try {
		return await attempts(work, hold.record.key, permit, sentBefore);
	} catch (error) {
		progress.firstFailure ??= error;
		return {...progress, mistaken: progress.attempts === 0, why: 'exhausted'};
	}
}

/** The same request once more, only to have its answer: it has succeeded, and the server documents that it keeps it. */
export function refetch(work: NamedWork, {record, now, issued}: Seen, life: KeyLife): Promise<Ending> {
	work.progress.ambiguous = true;
	const permit = permitUntil(work, issued + keyEndOf(record, life) - now);
	return attempts(work, record.key, permit, true);
}

/** `keyEnd` in milliseconds since the flight began. */
function permitUntil(work: Work, keyEnd: number): Job['permit'] {
	return () => {
		if (work.left() <= 0) return 'left';
		return work.elapsed() < keyEnd ? 'go' : 'expired';
	};
}

function attempts(work: Work, key: string, permit: Job['permit'], sentBefore: boolean): Promise<Ending> {
	const {environment, settings, progress, request} = work;
	const job: Job = {
		...work,
		request: request.sendable(key),
		permit,
		verdictOf(exchange) {
			const failedAtOnce = !exchange.answer && progress.attempts === 1;
			if (failedAtOnce && suspectsPreflight(environment, request.url, exchange.error))
				work.report({type: 'preflight-suspected', header: settings.dialect.header});
			const sent = {repeat: sentBefore || progress.attempts > 1, foreign: work.foreign};
			return weigh(exchange, progress, settings, environment, sent, Math.min(settings.timeout, work.left()));
		},
	};
	return attemptUntilSettled(job, progress);
}
