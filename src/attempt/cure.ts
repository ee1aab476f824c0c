import {bounded} from '../bounded.ts';
import {withCopy} from './answer.ts';
import {unlessCancelled} from './cancellation.ts';
import type {Job, Progress} from './progress.ts';
import {factsOf, timeToAsk} from './prepare.ts';
import type {Sendable} from '../request/prepared-request.ts';
import type {Answered} from './send.ts';
import type {Verdict} from './verdict.ts';

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
	const {environment, cancellation, settings} = job;
	const {reauthorize} = settings;
	if (!reauthorize || progress.reauthorized || replayed) return false;
	const {on, ask} = typeof reauthorize === 'function' ? {on: CURABLE, ask: reauthorize} : reauthorize;
	if (!on.includes(answered.answer.status) || meaning === 'mismatched' || meaning === 'in-progress') return false;
	progress.reauthorized = true;
	try {
		const asked = withCopy(answered, async copy => ask(copy, factsOf(request, progress.attempts)));
		return (await unlessCancelled(cancellation, bounded(environment, asked, timeToAsk(job)))) === true;
	} catch {
		return false;
	}
}
