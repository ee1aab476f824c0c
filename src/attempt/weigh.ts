import type {Environment} from '../environment.ts';
import type {Settings} from '../options.ts';
import {responseOf} from './answer.ts';
import type {Progress} from './loop.ts';
import type {Exchange} from './send.ts';
import {verdictOfAnswer, verdictOfFailure, type Verdict} from './verdict.ts';

/**
 * What an exchange of a keyed call means. The caller's `judge` is asked about a 2xx; where it fails, nothing is
 * settled: the server may have meant either.
 */
export async function weigh(
	exchange: Exchange,
	progress: Progress,
	{dialect, judge}: Pick<Settings, 'dialect' | 'judge'>,
	environment: Environment,
	repeat: boolean,
): Promise<Verdict> {
	if (exchange.kind === 'failure') return verdictOfFailure(exchange.sent);
	const {answer, stream} = exchange;
	const context = {dialect, ambiguous: progress.ambiguous, repeat, now: environment.now(), judged: undefined};
	if (judge === undefined || answer.status < 200 || answer.status > 299) return verdictOfAnswer(answer, context);
	try {
		const judged = await judge(stream?.clone() ?? responseOf(answer));
		return verdictOfAnswer(answer, {...context, judged});
	} catch (error) {
		progress.firstFailure ??= error;
		return {...verdictOfFailure(true), meaning: 'unsettled', next: 'end'};
	}
}
