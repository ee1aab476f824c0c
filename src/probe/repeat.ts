import {isServerError, isSuccess, mayBeInProgress, replayMarkerOf, sameAnswer, sameEffect} from './answers.ts';
import type {Lab} from './check.ts';
import type {Answer, Seen} from './exchange.ts';

/** What a second request amounts to, held against the answer of the first. */
export type Repeat =
	| 'replayed'
	| 'same-resource'
	| 'executed-again'
	| 'in-progress'
	| 'refused'
	| 'failed'
	| 'no-answer'
	| 'unclear';

/** The count knows better than the answers, where there is one. */
export function judgeRepeat(
	lab: Lab,
	original: Answer,
	repeat: Seen,
	keys: readonly string[],
	counted?: number,
): Repeat {
	if (counted !== undefined && counted > 0) return 'executed-again';
	if (repeat.kind === 'failure') return 'no-answer';
	if (isServerError(repeat)) return 'failed';
	if (!isSuccess(repeat)) return mayBeInProgress(repeat) ? 'in-progress' : 'refused';
	if (sameAnswer(original, repeat, keys)) return knows(lab, repeat, counted) ? 'replayed' : 'unclear';
	if (replayMarkerOf(repeat) !== undefined || counted === 0) return 'same-resource';
	if (!lab.tellsApart) return 'unclear';
	return sameEffect(original, repeat, keys) ? 'same-resource' : 'executed-again';
}

const knows = (lab: Lab, repeat: Answer, counted: number | undefined) =>
	lab.tellsApart || counted !== undefined || replayMarkerOf(repeat) !== undefined;

/** For people. */
export function statusOf(seen: Seen): string {
	return seen.kind === 'answer' ? String(seen.status) : seen.reason.replace('-', ' ');
}

/** How many effects, where the count or the answers tell. */
export function effectsOf(repeat: Repeat, counted: number | undefined): number | undefined {
	if (counted !== undefined) return counted;
	if (repeat === 'executed-again') return 1;
	return repeat === 'replayed' || repeat === 'same-resource' ? 0 : undefined;
}
