import {unlessCancelled} from '../attempt/cancellation.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {isLatchkeyError, PayloadChangedError, outcomeError, type Outcome, type OutcomeFacts} from '../errors.ts';
import {domError} from '../signals.ts';
import {fromRest} from './at-rest.ts';
import {factsOf} from './caller.ts';
import {refetch, type Ending, type Finding} from './attempts.ts';
import type {Flight} from './flight.ts';
import {keyStanding, type Seen} from './key-age.ts';
import {parsed} from './look-up.ts';
import type {Unsaved, Run} from './operations.ts';
import type {OperationRecord} from './record.ts';
import type {Result} from './outcome.ts';
import {save} from './settle.ts';
import {isFinal, outcomeOfState, type State} from './state.ts';

/** The result of a named operation whose attempts have ended. What does not settle it is an error, never an answer. */
export function namedResult(run: Run, why: Ending, {state, found, answer: other}: Finding): Result {
	const {attempts, answer, mistaken, firstFailure} = run.progress;
	const outcome = outcomeOfState(state);
	// One that is too old and was not sent is followed by another.
	const keyKept = state.status !== 'refused' && !(outcome === 'not-sent' && why === 'expired');
	if (found && other) return result(run, outcome, {answer: other, replayed: true, keyKept});
	if (!found && answer && (outcome === 'succeeded' || outcome === 'refused' || outcome === 'pending'))
		return answered(run, outcome, keyKept);
	if (outcome === 'not-sent' && mistaken && attempts === 0) return result(run, outcome, {error: firstFailure});
	const unsendable = why === 'clock' || why === 'expired' || why === 'final' ? why : undefined;
	const reason = unsendable ?? (isFinal(state) ? 'final' : undefined);
	const hint = outcome === 'unknown' && (unsendable || !hints[why]) ? hintOf(run) : hints[why];
	// What was found out otherwise is not what the last answer said.
	return failed(run, outcome, {keyKept, reason, hint, resource: whereItIs(run), ...(found && {response: undefined})});
}

/** Where the server says that what was asked for exists already. */
function whereItIs({request, progress: {verdict}}: Flight): string | undefined {
	return verdict?.exists && parsed(verdict.exists.resource, request.url)?.href;
}

/** The result of a call without a name: what fetch itself would have told of the last exchange. */
export function unnamedResult(run: Flight, why: Ending, {state, found, answer}: Finding): Result {
	const {exchange, firstFailure} = run.progress;
	const outcome = outcomeOfState(state);
	// The next call of a key that was made here has another.
	const keyKept = run.ownKey !== undefined && state.status !== 'refused';
	if (found) return answer ? result(run, outcome, {answer, replayed: true, keyKept}) : failed(run, outcome);
	if (exchange?.answer) return answered(run, outcome, keyKept);
	if (why === 'expired' || why === 'clock') return failed(run, 'unknown', {reason: why});
	const error = exchange?.error ?? firstFailure ?? domError('Nothing was sent', 'AbortError');
	// That the last attempt was not sent says nothing of the others, nor of the request of a fetch that made this call.
	// Nor does what somebody's fetch or callback throws, or was answered, in another matter.
	const ofAnother = isLatchkeyError(error) || Object(error).response !== undefined;
	return ofAnother ? failed(run, outcome) : result(run, outcome, {error, keyKept});
}

/** What else is to be said of the end of a call. */
const hints: Partial<Record<Ending | 'elsewhere' | 'forgotten' | 'conflict', string>> = {
	expired: 'Its key is too old to be sent.',
	clock: 'The clock is behind the times of its record: set the clock.',
	'no-headers': 'attemptHeaders gave no headers, so nothing more was sent.',
	'scope-changed': 'The signed-in user (scope) changed, so nothing more was sent.',
	elsewhere: 'Another tab or process is still at it.',
	forgotten: 'It was forgotten before its outcome was known.',
	conflict: 'The store holds another key for it than was sent from here: find out about both.',
};

/** The result where others are at it and this call's time is over, have freed it, or hold another key. */
export function notKnown(run: Run, why: 'elsewhere' | 'forgotten' | 'conflict'): Result {
	return failed(run, 'unknown', {reason: why === 'conflict' ? 'final' : undefined, hint: hints[why]});
}

export function payloadChanged(run: Run): Result {
	return result(run, 'unknown', {error: new PayloadChangedError(factsOf(run))});
}

/** Whether the record is of this call's request: past its last send it is not looked at before. */
export async function isOf(run: Run, {fingerprint}: OperationRecord): Promise<boolean> {
	return (await unlessCancelled(run.cancellation, run.request.fingerprint())) === fingerprint;
}

/** The result of an operation that had its outcome already: from memory, from the record, from the server, or told. */
export async function alreadySettled(run: Run, seen: Seen): Promise<Result> {
	const {record} = seen;
	const {state, key} = record;
	run.key = key;
	const outcome = outcomeOfState(state);
	if (outcome === 'unknown') return notKnown(run, 'forgotten');
	if (outcome === 'succeeded' && !(await isOf(run, record))) return payloadChanged(run);

	const keyKept = state.status !== 'refused';
	const known = run.operation.result;
	// A key that was kept may have been turned away more than once, with other words.
	const isLatest = known?.key === key && known.outcome === outcome && state.status !== 'unprocessed';
	const remembered = isLatest ? known.answer : undefined;
	const answer = remembered ?? (record.answer && fromRest(record.answer));
	const {question} = run.operation;
	if (outcome === 'pending' && question) run.progress.retryAt = question.at;
	if (answer && outcome !== 'mismatched') return result(run, outcome, {answer, replayed: true, keyKept});
	const {life} = run;
	// What somebody said may be no success that the server knows of: to ask again might execute.
	const {dialect, keyFrom, keySenders} = run.settings;
	// So might it under a key whose age is not known, because others may have sent it before us.
	const isOld = (run.ownKey ?? keyFrom) !== undefined && keySenders !== 'this-store' && life.keyEnd === undefined;
	const refetchable = state.status === 'succeeded' && !state.said && !isOld && dialect.retention !== undefined;
	if (refetchable && keyStanding(seen, life) === 'go') {
		await refetch(run, seen);
		if (run.progress.verdict?.meaning === outcome) return {...answered(run, outcome, keyKept), replayed: true};
	}

	const facts = {status: statusOf(state), keyKept, at: record.updatedAt};
	return failed(run, outcome, {...facts, response: undefined, cause: undefined});
}

/** What this realm knows and the store has not taken: memory wins, if the store still does not take it. */
export async function unsavedOutcome(
	run: Run,
	{record, state, stored, storedKey}: Unsaved,
): Promise<Result | undefined> {
	let conflict = false;
	run.key = record.key;
	try {
		conflict = (await save(run.operation)).status === 'conflict';
		if (!conflict) return undefined;
		if (storedKey !== undefined) run.report({type: 'key-conflict', storedKey});
	} catch (error) {
		// What it holds of one that is pending would have it sent again.
		if (!stored || state.status === 'pending') run.withheld = error;
		run.report({type: 'store-error', step: 'settle', error});
	}

	const outcome = outcomeOfState(state);
	const told =
		outcome === 'pending' ? !run.operation.operations.degrades : outcome !== 'refused' && outcome !== 'not-sent';
	if (!conflict && !told) return undefined;
	if (!(await isOf(run, record))) return payloadChanged(run);
	if (conflict && outcome !== 'succeeded') return notKnown(run, 'conflict');
	if (outcome === 'unknown') return undefined;
	const known = run.operation.result;
	if (known?.outcome === outcome && (known.answer ?? known.error)) return {...known, attempts: 0, replayed: true};
	return failed(run, outcome, {status: statusOf(state)});
}

function statusOf(state: State): number | undefined {
	return 'httpStatus' in state ? state.httpStatus : undefined;
}

function answered(run: Flight, outcome: Outcome, keyKept: boolean): Result {
	const {exchange, answer, verdict} = run.progress;
	const live = exchange?.answer && exchange.answer === answer ? exchange : undefined;
	const stream = live?.stream && {response: live.stream, abort: live.abort};
	return result(run, outcome, {answer, stream, replayed: verdict?.replayed ?? false, keyKept});
}

function failed(run: Flight, outcome: Outcome, more?: OutcomeFacts): Result {
	const error = outcomeError(outcome, {...factsOf(run), ...more});
	return result(run, outcome, {error, keyKept: error.keyKept});
}

function result(run: Flight, outcome: Outcome, more: Partial<Result>): Result {
	const {key, name, progress} = run;
	return {
		outcome,
		operation: name,
		key,
		attempts: progress.attempts,
		replayed: false,
		keyKept: true,
		retryAt: outcome === 'succeeded' ? undefined : progress.retryAt,
		...more,
	};
}

/** What else may be the matter, or would help. */
function hintOf({foreign, environment, request, settings, progress}: Flight): string | undefined {
	const {answer, firstFailure, verdict} = progress;
	if (verdict?.exists)
		return 'The server says that it exists already: this very request may have made it. Look at it, or tell by matches.';
	if (foreign && answer && /^(4..|501|505)$/.test(String(answer.status))) {
		const saves = settings.dialect.saves ? '' : "saves: 'errors', ";
		const senders = settings.keySenders === 'this-store' ? '' : "keySenders: 'this-store', ";
		const cure = saves || senders ? `declare ${saves}${senders}or reconcile` : 'reconcile';
		return `The server refused (${answer.status}). Whether another sender's request is still executing is not known: ${cure}.`;
	}

	const {header, carrier} = settings.dialect;
	if (answer || carrier || !suspectsPreflight(environment, request.url, firstFailure)) return undefined;
	return `If every attempt failed at once, the server's CORS preflight may not allow the request header ${header}.`;
}
