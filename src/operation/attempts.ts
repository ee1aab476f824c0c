import {attemptUntilSettled, type Ending, type Job} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {weigh} from '../attempt/weigh.ts';
import {isPromise} from '../maybe-promise.ts';
import type {Hold} from './claim.ts';
import type {KeptLease} from './keep-lease.ts';
import type {OperationRecord} from './record.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

/** The attempts of an unnamed call: only its callers and its time limit it. */
export async function unnamedAttempts(work: Work, key: string): Promise<Ending> {
	const permit = () => (work.deserted() || work.left() <= 0 ? 'left' : 'go');
	return attemptUntilSettled(await jobOf(work, key, permit, false), work.progress);
}

/** The attempts of a named operation, under the key that it holds. */
export async function namedAttempts(work: NamedWork, hold: Hold, {permit}: KeptLease): Promise<Ending> {
	const {key, ambiguous} = hold.record;
	work.progress.ambiguous ||= ambiguous;
	return attemptUntilSettled(await jobOf(work, key, permit, ambiguous), work.progress);
}

/** The same request once more, only to have its answer: it has succeeded, and the server documents that it keeps it. */
export async function refetch(work: NamedWork, {key, keyUntil}: OperationRecord): Promise<Ending> {
	work.progress.ambiguous = true;
	const keyEnd = keyUntil - work.environment.now() + work.elapsed();
	const permit = () => {
		if (work.deserted() || work.left() <= 0) return 'left';
		return work.elapsed() < keyEnd ? 'go' : 'expired';
	};
	return attemptUntilSettled(await jobOf(work, key, permit, true), work.progress);
}

async function jobOf(work: Work, key: string, permit: Job['permit'], sentBefore: boolean): Promise<Job> {
	const {environment, settings, progress} = work;
	const sendable = work.request.sendable(key);
	return {
		environment,
		request: isPromise(sendable) ? await sendable : sendable,
		retry: settings.retry,
		timeout: settings.timeout,
		left: work.left,
		leaving: work.leaving,
		permit,
		verdictOf(exchange) {
			const first = exchange.kind === 'failure' && progress.attempts === 1;
			if (first && suspectsPreflight(environment, work.request.url, exchange.error))
				work.report({type: 'preflight-suspected', header: settings.dialect.header});
			const repeat = sentBefore || progress.attempts > 1;
			return weigh(exchange, progress, settings, environment, repeat, Math.min(settings.timeout, work.left()));
		},
		report: work.report,
	};
}
