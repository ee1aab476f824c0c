import {bounded} from '../bounded.ts';
import type {Environment} from '../environment.ts';
import type {Settings} from '../options.ts';
import {shown} from '../shown.ts';
import type {MaybePromise} from '../utils.ts';
import {withCopy} from './answer.ts';
import type {Progress} from './progress.ts';
import type {Answered, Exchange} from './send.ts';
import {verdict, verdictOfAnswer, verdictOfFailure, type Context, type Judged, type Verdict} from './verdict.ts';

/**
 * What an exchange of a keyed call means. The caller's `judge` is asked about a 2xx; where it or the dialect fails,
 * nothing is settled: the server may have meant either.
 */
export function classify(
	exchange: Exchange,
	progress: Progress,
	{dialect, judge, timeout}: Pick<Settings, 'dialect' | 'judge' | 'timeout'>,
	environment: Environment,
	sent: Pick<Context, 'key' | 'repeat' | 'foreign' | 'unchanged'>,
	remaining: () => number,
): MaybePromise<Verdict> {
	const {answer} = exchange;
	if (!answer) return verdictOfFailure(exchange);
	const read = (judged?: Judged) =>
		verdictOfAnswer(answer, {...sent, dialect, ambiguous: progress.ambiguous, now: environment.now, judged});
	const unsettled = (error: unknown) => {
		progress.firstFailure ??= error;
		return verdict('unsettled', 'end', {ambiguous: true});
	};
	try {
		if (!judge || answer.status < 200 || answer.status > 299) return read();
		const ms = Math.min(timeout, remaining());
		return bounded(environment, judgement(exchange, judge), ms).then(read).catch(unsettled);
	} catch (error) {
		return unsettled(error);
	}
}

async function judgement(answered: Answered, judge: NonNullable<Settings['judge']>): Promise<Judged> {
	const judged: unknown = await withCopy(answered, async copy => judge(copy));
	if (judged === undefined || judged === 'succeeded' || judged === 'refused' || judged === 'pending') return judged;
	throw new TypeError(`latchkey: judge returned ${shown(judged)}`);
}
