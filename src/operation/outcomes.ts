import {responseOf} from '../attempt/answer.ts';
import type {Ending} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {NotSentError, PayloadChangedError, type ErrorFacts, type LatchkeyError, type Outcome} from '../errors.ts';
import {refetch} from './attempts.ts';
import {isTrusted} from './claim.ts';
import type {Conclusion} from './conclude.ts';
import type {OperationRecord} from './record.ts';
import type {Result} from './result.ts';
import type {Unsaved} from './realm.ts';
import {fromRest, save} from './settle.ts';
import {outcomeError} from './outcome-error.ts';
import {isFinal} from './state.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

/** The result of a named operation whose attempts have ended. What does not settle it is an error, never an answer. */
export function namedResult(work: NamedWork, ending: Ending, {state, found}: Conclusion): Result {
	const {status} = state;
	if (!found && (status === 'succeeded' || (status === 'refused' && ending.answer)))
		return answered(work, status, ending);
	if (status === 'refused' && ending.mistaken) return result(work, status, {error: ending.firstFailure});
	const hint = stopped[ending.why] ?? preflightHint(work, ending);
	const facts = {...factsOf(work, ending), expired: isFinal(state), hint};
	return failed(work, status === 'refused' && !found ? new NotSentError(facts) : outcomeError(status, facts));
}

/** The result of a call without a name: what fetch itself would have told of the last exchange. */
export function unnamedResult(work: Work, ending: Ending, {state: {status}}: Conclusion): Result {
	const {exchange} = ending;
	// A call that brought its key in a header is somebody else's client: it gets the answer.
	if (status === 'mismatched' && work.ownKey !== undefined)
		return failed(work, outcomeError(status, factsOf(work, ending)));
	if (exchange?.answer) return answered(work, status, ending);
	return result(work, status, {
		error: exchange?.error ?? ending.firstFailure ?? new DOMException('Nothing was sent', 'AbortError'),
	});
}

export function payloadChanged(work: NamedWork): Result {
	return failed(work, new PayloadChangedError(factsOf(work)));
}

/** Whether the record is of this call's request: past its last send it is not looked at before. */
export async function isOf(work: NamedWork, {fingerprint}: OperationRecord): Promise<boolean> {
	return (await work.request.fingerprint()) === fingerprint;
}

const hints = {
	elsewhere: 'Another tab or process is still at it.',
	forgotten: 'It was forgotten before its outcome was known.',
};

const stopped: Partial<Record<Ending['why'], string>> = {
	'no-headers': 'attemptHeaders gave no headers, so nothing more was sent.',
	'scope-changed': 'The signed-in user (scope) changed, so nothing more was sent.',
};

/** The result where others are at it and this call's time is over, or have freed it. */
export function notKnown(work: NamedWork, why: keyof typeof hints): Result {
	return failed(work, outcomeError('unknown', {...factsOf(work), hint: hints[why]}));
}

/** The result of an operation that had its outcome already: from memory, from the record, from the server, or told. */
export async function alreadySettled(work: NamedWork, record: OperationRecord): Promise<Result> {
	const {state, key} = record;
	work.key = key;
	const {status: outcome} = state;
	if (outcome === 'sending' || outcome === 'unknown') return notKnown(work, 'forgotten');
	if (outcome === 'succeeded' && !(await isOf(work, record))) return payloadChanged(work);

	const known = work.realm.recent.get(work.flightId);
	const remembered = known?.key === key && known.outcome === outcome ? known.answer : undefined;
	const answer = remembered ?? (record.answer && fromRest(record.answer));
	if (answer && outcome !== 'mismatched') return result(work, outcome, {answer, replayed: true});
	const now = work.environment.now();
	const refetchable = outcome === 'succeeded' && work.settings.dialect.retention !== undefined;
	if (refetchable && now < record.keyUntil && isTrusted(work, record, now)) {
		const ending = await refetch(work, record);
		if (ending.verdict?.meaning === outcome) return {...answered(work, outcome, ending), replayed: true};
	}

	const {operation, progress} = work;
	const facts = {operation, key, attempts: progress.attempts, status: state.httpStatus, at: record.updatedAt};
	return failed(work, outcomeError(outcome, facts));
}

/** What this realm knows and the store has not taken: memory wins, if the store still does not take it. */
export async function unsavedOutcome(work: NamedWork, {record, state}: Unsaved): Promise<Result | undefined> {
	try {
		await save(work);
		return undefined;
	} catch (error) {
		work.key = record.key;
		work.report({type: 'store-error', step: 'settle', error});
	}

	if (state.status === 'refused') return undefined;
	if (!(await isOf(work, record))) return payloadChanged(work);
	if (state.status !== 'succeeded' && state.status !== 'mismatched') return undefined;
	const known = work.realm.recent.get(work.flightId);
	if (known?.outcome === state.status && (known.answer ?? known.error)) return {...known, attempts: 0, replayed: true};
	return failed(work, outcomeError(state.status, factsOf(work)));
}

function answered(work: Work, outcome: Outcome, {exchange, answer, verdict}: Ending): Result {
	const live = exchange?.answer && exchange.answer === answer ? exchange : undefined;
	const stream = live?.stream && {response: live.stream, abort: live.abort};
	return result(work, outcome, {answer, stream, replayed: verdict?.replayed ?? false});
}

function failed(work: Work, error: LatchkeyError): Result {
	return result(work, error.outcome, {error});
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

function preflightHint(work: Work, {answer, firstFailure}: Ending): string | undefined {
	if (answer !== undefined || !suspectsPreflight(work.environment, work.request.url, firstFailure)) return undefined;
	return `If every attempt failed at once, the server's CORS preflight may not allow the request header ${work.settings.dialect.header}.`;
}
