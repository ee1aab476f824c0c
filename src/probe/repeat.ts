import {
	isLimited,
	isServerError,
	isSuccess,
	mayBeInProgress,
	replayMarkerOf,
	sameAnswer,
	sameEffect,
} from './answers.ts';
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
	if (isLimited(repeat)) return 'unclear';
	if (!isSuccess(repeat)) return mayBeInProgress(repeat) ? 'in-progress' : 'refused';
	const same = sameAnswer(original, repeat, keys) ? 'replayed' : 'same-resource';
	if (replayMarkerOf(repeat) !== undefined || counted === 0) return same;
	if (!lab.tellsApart) return 'unclear';
	return sameEffect(original, repeat, keys) ? same : 'executed-again';
}

/** For people. */
export function statusOf(seen: Seen): string {
	return seen.kind === 'answer' ? String(seen.status) : seen.reason.replace('-', ' ');
}

/** A limit of requests hides what becomes of keys. */
export function limited(seen: Seen): string {
	return `limited by ${statusOf(seen)}: probe again later`;
}

/** How many effects, where the count or the answers tell. */
export function effectsOf(repeat: Repeat, counted: number | undefined): number | undefined {
	if (counted !== undefined) return counted;
	if (repeat === 'executed-again') return 1;
	return repeat === 'replayed' || repeat === 'same-resource' ? 0 : undefined;
}
