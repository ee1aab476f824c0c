import {responseOf} from '../attempt/answer.ts';
import type {Ending} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {isLatchkeyError, PayloadChangedError, type ErrorFacts, type LatchkeyError, type Outcome} from '../errors.ts';
import {unlessLeft} from '../attempt/leaving.ts';
import {domError} from '../signals.ts';
import {refetch} from './attempts.ts';
import type {Seen} from './claim.ts';
import type {Conclusion} from './conclude.ts';
import {keyLifeOf, keyStanding} from './key-age.ts';
import type {OperationRecord} from './record.ts';
import type {Result} from './result.ts';
import type {Unsaved} from './realm.ts';
import {fromRest} from './at-rest.ts';
import {save} from './save.ts';
import {outcomeError} from './outcome-error.ts';
import {isFinal, outcomeOfState} from './state.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

/** The result of a named operation whose attempts have ended. What does not settle it is an error, never an answer. */
export function namedResult(work: NamedWork, ending: Ending, {state, found}: Conclusion): Result {
	const outcome = outcomeOfState(state);
	const {why} = ending;
	// One that is too old and was not sent is followed by another.
	const keyKept = state.status !== 'refused' && !(outcome === 'not-sent' && why === 'expired');
	if (!found && ending.answer && (outcome === 'succeeded' || outcome === 'refused'))
		return answered(work, outcome, ending, keyKept);
	if (outcome === 'not-sent' && ending.mistaken && ending.attempts === 0)
		return result(work, outcome, {error: ending.firstFailure});
	const unsendable = why === 'clock' || why === 'expired' || why === 'final';
	const reason = unsendable ? why : isFinal(state) ? 'final' : undefined;
	const hint = stopped[why] ?? (outcome === 'unknown' ? hintOf(work, ending) : notSentHints[why]);
	// What the application found out is not what the last answer said.
	const facts = found ? {...factsOf(work), response: undefined} : factsOf(work, ending);
	return failed(work, outcomeError(outcome, {...facts, keyKept, reason, hint}));
}

/** The result of a call without a name: what fetch itself would have told of the last exchange. */
export function unnamedResult(work: Work, ending: Ending, {state}: Conclusion): Result {
	const {exchange, why} = ending;
	const outcome = outcomeOfState(state);
	// The next call of a key that was made here has another.
	const keyKept = work.ownKey !== undefined && state.status !== 'refused';
	if (exchange?.answer) return answered(work, outcome, ending, keyKept);
	if (why === 'expired' || why === 'clock')
		return failed(work, outcomeError('unknown', {...factsOf(work, ending), reason: why}));
	const error = exchange?.error ?? ending.firstFailure ?? domError('Nothing was sent', 'AbortError');
	// That the last attempt was not sent says nothing of the others, nor of the request of a fetch that made this call.
	// Nor does what somebody's fetch or callback throws, or was answered, in another matter.
	const ofAnother = isLatchkeyError(error) || Object(error).response !== undefined;
	return ofAnother
		? failed(work, outcomeError(outcome, factsOf(work, ending)))
		: result(work, outcome, {error, keyKept});
}

const notSentHints: Partial<Record<Ending['why'], string>> = {
	expired: 'Its key is too old to be sent.',
	clock: 'The clock is behind the times of its record: set the clock.',
};

export function payloadChanged(work: NamedWork): Result {
	return failed(work, new PayloadChangedError(factsOf(work)));
}

/** Whether the record is of this call's request: past its last send it is not looked at before. */
export async function isOf(work: NamedWork, {fingerprint}: OperationRecord): Promise<boolean> {
	return (await unlessLeft(work.leaving, work.request.fingerprint())) === fingerprint;
}

const hints = {
	elsewhere: 'Another tab or process is still at it.',
	forgotten: 'It was forgotten before its outcome was known.',
	conflict: 'The store holds another key for it than was sent from here: find out about both.',
};

const stopped: Partial<Record<Ending['why'], string>> = {
	'no-headers': 'attemptHeaders gave no headers, so nothing more was sent.',
	'scope-changed': 'The signed-in user (scope) changed, so nothing more was sent.',
};

/** The result where others are at it and this call's time is over, have freed it, or hold another key. */
export function notKnown(work: NamedWork, why: keyof typeof hints): Result {
	const reason = why === 'conflict' ? 'final' : undefined;
	return failed(work, outcomeError('unknown', {...factsOf(work), reason, hint: hints[why]}));
}

/** The result of an operation that had its outcome already: from memory, from the record, from the server, or told. */
export async function alreadySettled(work: NamedWork, seen: Seen): Promise<Result> {
	const {record} = seen;
	const {state, key} = record;
	work.key = key;
	const outcome = outcomeOfState(state);
	if (outcome === 'unknown') return notKnown(work, 'forgotten');
	if (outcome === 'succeeded' && !(await isOf(work, record))) return payloadChanged(work);

	const keyKept = state.status !== 'refused';
	const known = work.realm.recent.get(work.flightId);
	// A key that was kept may have been turned away more than once, with other words.
	const isLatest = known?.key === key && known.outcome === outcome && state.status !== 'unprocessed';
	const remembered = isLatest ? known.answer : undefined;
	const answer = remembered ?? (record.answer && fromRest(record.answer));
	if (answer && outcome !== 'mismatched') return result(work, outcome, {answer, replayed: true, keyKept});
	const life = keyLifeOf(work.settings, work.since);
	// What somebody said may be no success that the server knows of: to ask again might execute.
	const {dialect, keyFrom, keySenders} = work.settings;
	// So might it under a key whose age is not known, because others may have sent it before us.
	const isOld = (work.ownKey ?? keyFrom) !== undefined && keySenders !== 'this-store' && work.since === undefined;
	const refetchable = state.status === 'succeeded' && !state.said && !isOld && dialect.retention !== undefined;
	if (refetchable && keyStanding(seen, life) === 'go') {
		const ending = await refetch(work, seen, life);
		if (ending.verdict?.meaning === outcome) return {...answered(work, outcome, ending, keyKept), replayed: true};
	}

	const status = 'httpStatus' in state ? state.httpStatus : undefined;
	const {operation, progress} = work;
	const facts = {operation, key, attempts: progress.attempts, status, keyKept, at: record.updatedAt};
	return failed(work, outcomeError(outcome, facts));
}

/** What this realm knows and the store has not taken: memory wins, if the store still does not take it. */
export async function unsavedOutcome(
	work: NamedWork,
	{record, state, stored, storedKey}: Unsaved,
): Promise<Result | undefined> {
	let conflict = false;
	work.key = record.key;
	try {
		conflict = (await save(work)).status === 'conflict';
		if (!conflict) return undefined;
		if (storedKey !== undefined) work.report({type: 'key-conflict', storedKey});
	} catch (error) {
		if (!stored) work.withheld = error;
		work.report({type: 'store-error', step: 'settle', error});
	}

	const outcome = outcomeOfState(state);
	if (!conflict && outcome !== 'succeeded' && outcome !== 'mismatched' && outcome !== 'unknown') return undefined;
	if (!(await isOf(work, record))) return payloadChanged(work);
	if (conflict && outcome !== 'succeeded') return notKnown(work, 'conflict');
	if (outcome === 'unknown') return undefined;
	const known = work.realm.recent.get(work.flightId);
	if (known?.outcome === outcome && (known.answer ?? known.error)) return {...known, attempts: 0, replayed: true};
	return failed(work, outcomeError(outcome, factsOf(work)));
}

function answered(work: Work, outcome: Outcome, {exchange, answer, verdict}: Ending, keyKept: boolean): Result {
	const live = exchange?.answer && exchange.answer === answer ? exchange : undefined;
	const stream = live?.stream && {response: live.stream, abort: live.abort};
	return result(work, outcome, {answer, stream, replayed: verdict?.replayed ?? false, keyKept});
}

function failed(work: Work, error: LatchkeyError): Result {
	return result(work, error.outcome, {error, keyKept: error.keyKept});
}

function result(
	work: Work & {readonly operation?: readonly string[]},
	outcome: Outcome,
	more: Partial<Result>,
): Result {
	const {key, operation, progress} = work;
	return {
		outcome,
		operation,
		key,
		attempts: progress.attempts,
		replayed: false,
		keyKept: true,
		retryAt: outcome === 'succeeded' ? undefined : progress.retryAt,
		...more,
	};
}

function factsOf(
	work: Work & {readonly operation?: readonly string[]},
	{answer, firstFailure} = work.progress,
): ErrorFacts {
	const {key, operation, progress} = work;
	return {operation, key, attempts: progress.attempts, response: answer && responseOf(answer), cause: firstFailure};
}

/** What else may be the matter, or would help. */
function hintOf({foreign, environment, request, settings}: Work, {answer, firstFailure}: Ending): string | undefined {
	if (foreign && answer && /^(4..|501|505)$/.test(String(answer.status))) {
		const saves = settings.dialect.saves ? '' : "saves: 'errors', ";
		const senders = settings.keySenders === 'this-store' ? '' : "keySenders: 'this-store', ";
		const cure = saves || senders ? `declare ${saves}${senders}or reconcile` : 'reconcile';
		return `The server refused (${answer.status}). Whether another sender's request is still executing is not known: ${cure}.`;
	}

	if (answer !== undefined || !suspectsPreflight(environment, request.url, firstFailure)) return undefined;
	return `If every attempt failed at once, the server's CORS preflight may not allow the request header ${settings.dialect.header}.`;
}
