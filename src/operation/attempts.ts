import {attemptUntilSettled, type Ending, type Job} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {weigh} from '../attempt/weigh.ts';
import {isSameScope} from '../request/current-scope.ts';
import type {Hold} from './claim.ts';
import type {KeptLease} from './keep-lease.ts';
import type {OperationRecord} from './record.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

/** The attempts of an unnamed call: only its callers and its time limit it. */
export function unnamedAttempts(work: Work, key: string): Promise<Ending> {
	return attempts(work, key, {permit: () => (work.left() > 0 ? 'go' : 'left')}, false);
}

/** The attempts of a named operation, under the key that it holds. */
export function namedAttempts(work: NamedWork, hold: Hold, {permit}: KeptLease): Promise<Ending> {
	const {key, ambiguous} = hold.record;
	work.progress.ambiguous ||= ambiguous;
	return attempts(work, key, {permit, sameScope: () => isSameScope(work)}, ambiguous);
}

/** The same request once more, only to have its answer: it has succeeded, and the server documents that it keeps it. */
export function refetch(work: NamedWork, {key, keyUntil}: OperationRecord): Promise<Ending> {
	work.progress.ambiguous = true;
	const keyEnd = keyUntil - work.environment.now() + work.elapsed();
	const permit = () => {
		if (work.left() <= 0) return 'left';
		return work.elapsed() < keyEnd ? 'go' : 'expired';
	};
	return attempts(work, key, {permit, sameScope: () => isSameScope(work)}, true);
}

function attempts(
	work: Work,
	key: string,
	leave: Pick<Job, 'permit' | 'sameScope'>,
	sentBefore: boolean,
): Promise<Ending> {
	const {environment, settings, progress, request} = work;
	const job: Job = {
		...work,
		request: request.sendable(key),
		...leave,
		verdictOf(exchange) {
			const failedAtOnce = !exchange.answer && progress.attempts === 1;
			if (failedAtOnce && suspectsPreflight(environment, request.url, exchange.error))
				work.report({type: 'preflight-suspected', header: settings.dialect.header});
			const repeat = sentBefore || progress.attempts > 1;
			return weigh(exchange, progress, settings, environment, repeat, Math.min(settings.timeout, work.left()));
		},
	};
	return attemptUntilSettled(job, progress);
}
