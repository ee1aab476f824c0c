import {bounded} from '../bounded.ts';
import type {Environment} from '../environment.ts';
import type {Settings} from '../options.ts';
import {shown} from '../shown.ts';
import {withCopy} from './answer.ts';
import type {Progress} from './progress.ts';
import type {Answered, Exchange} from './send.ts';
import {verdict, verdictOfAnswer, verdictOfFailure, type Context, type Judged, type Verdict} from './verdict.ts';

/**
 * What an exchange of a keyed call means. The caller's `judge` is asked about a 2xx; where it or the dialect fails,
 * nothing is settled: the server may have meant either.
 */
export async function classify(
	exchange: Exchange,
	progress: Progress,
	{dialect, judge}: Pick<Settings, 'dialect' | 'judge'>,
	environment: Environment,
	sent: Pick<Context, 'key' | 'repeat' | 'foreign' | 'unchanged'>,
	left: number,
): Promise<Verdict> {
	if (!exchange.answer) return verdictOfFailure(exchange);
	const {status} = exchange.answer;
	try {
		const asks = judge && status >= 200 && status <= 299;
		const judged = asks ? await bounded(environment, judgement(exchange, judge), left) : undefined;
		const {ambiguous} = progress;
		const context = {...sent, dialect, ambiguous, now: environment.now(), judged};
		return verdictOfAnswer(exchange.answer, context);
	} catch (error) {
		progress.firstFailure ??= error;
		return verdict('unsettled', 'end', {ambiguous: true});
	}
}

async function judgement(answered: Answered, judge: NonNullable<Settings['judge']>): Promise<Judged> {
	const judged: unknown = await withCopy(answered, async copy => judge(copy));
	if (judged === undefined || judged === 'succeeded' || judged === 'refused' || judged === 'pending') return judged;
	throw new TypeError(`latchkey: judge returned ${shown(judged)}`);
}
