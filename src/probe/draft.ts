import {isLimited, isSuccess, mayBeInProgress, sameAnswer} from './answers.ts';
import type {CheckId, Finding, Observation} from './check.ts';

/** A SHOULD of the Idempotency-Key draft; `undefined`: it was not seen. */
export type Should = {
	readonly rule: 'missing-400' | 'mismatch-422' | 'in-progress-409' | 'replay-success' | 'replay-error';
	readonly says: string;
	readonly holds: boolean | undefined;
};

type Seen = {
	readonly observations: readonly Observation[];
	readonly findings: ReadonlyMap<CheckId, Finding>;
};

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.6, §2.7 */
export function shouldsOf({observations, findings}: Seen): Should[] {
	const found = (check: CheckId) => findings.get(check)?.found;
	const answersOf = (check: CheckId) =>
		observations.flatMap(({check: made, seen}) => (made === check && seen.kind === 'answer' ? [seen] : []));

	const [missing] = answersOf('missing-key');
	const [mismatch] = answersOf('other-payload');
	const conflicts = [...answersOf('two-at-once'), ...answersOf('twenty-at-once')].filter(
		answer => mayBeInProgress(answer) && !isLimited(answer),
	);
	const [first] = answersOf('first-call');
	const [replay] = answersOf('replay');
	const [refusal, again] = answersOf('refusal-then-retry');
	const refused = found('refusal-then-retry');
	const compared = found('other-payload') !== 'unclear' && mismatch !== undefined;
	return [
		{rule: 'missing-400', says: 'a missing key gets 400', holds: missing && missing.status === 400},
		{
			rule: 'mismatch-422',
			says: 'a key with another payload gets 422',
			holds: compared ? mismatch.status === 422 : undefined,
		},
		{
			rule: 'in-progress-409',
			says: 'a key whose first request still runs gets 409',
			holds: conflicts.length === 0 ? undefined : conflicts.every(({status}) => status === 409),
		},
		{
			rule: 'replay-success',
			says: 'a repeat of a success gets the same answer',
			holds:
				first && replay && found('replay') !== 'unclear'
					? isSuccess(replay) && sameAnswer(first, replay, [])
					: undefined,
		},
		{
			rule: 'replay-error',
			says: 'a repeat of an error gets the same answer',
			holds:
				refusal === undefined || again === undefined || refused === 'not-seen'
					? undefined
					: refused !== 'freed' && sameAnswer(refusal, again, []),
		},
	];
}
