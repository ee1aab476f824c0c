import type {Ending} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {KeyReuseError, NotSentError, OutcomeUnknownError, PayloadChangedError, type Outcome} from '../errors.ts';
import type {Answer} from '../dialect/dialect.ts';
import {responseOf} from '../attempt/answer.ts';
import {refetch} from './attempts.ts';
import type {Conclusion} from './conclude.ts';
import type {OperationRecord} from './record.ts';
import {withoutAnswer, type Result} from './result.ts';
import {fromRest, save} from './settle.ts';
import type {StateEvent} from './state.ts';
import {factsOf, type NamedWork, type Work} from './work.ts';

const outcomeOfEvent: Record<Exclude<StateEvent['type'], 'begin'>, Outcome> = {
	succeed: 'succeeded',
	refuse: 'refused',
	mismatch: 'mismatched',
	doubt: 'unknown',
};

/** The result of a named operation whose attempts have ended. What does not settle it is an error, never an answer. */
export function namedResult(work: NamedWork, ending: Ending, {event, found}: Conclusion): Result {
	const {operation} = work;
	const facts = {...factsOf(work, operation), ...failureOf(ending)};
	if (event.type === 'mismatch') return result(work, 'mismatched', {error: new KeyReuseError(facts)});
	if (event.type === 'doubt') {
		const expired = event.final === true;
		const hint = preflightHint(work, ending);
		const error = new OutcomeUnknownError({...facts, expired, ...(hint !== undefined && {hint})});
		return result(work, 'unknown', {error});
	}

	const outcome = event.type === 'succeed' ? 'succeeded' : 'refused';
	if (found !== undefined)
		return result(work, outcome, {error: withoutAnswer({...work, outcome, attempts: work.progress.attempts}, facts)});
	if (ending.answer === undefined) return result(work, outcome, {error: new NotSentError(facts)});
	return result(work, outcome, answered(ending));
}

/** The result of a call without a name: what fetch itself would have told of the last exchange. */
export function unnamedResult(work: Work, ending: Ending, {event}: Conclusion): Result {
	const outcome = event.type === 'begin' ? 'unknown' : outcomeOfEvent[event.type];
	const {exchange} = ending;
	if (outcome === 'mismatched' && work.ownKey !== undefined)
		return result(work, outcome, {error: new KeyReuseError({...factsOf(work, undefined), ...failureOf(ending)})});
	if (exchange?.kind === 'answer') return result(work, outcome, answered(ending));
	return result(work, outcome, {error: exchange?.error ?? new DOMException('Nothing was sent', 'AbortError')});
}

export function payloadChanged(work: Work, operation: readonly string[] | undefined): Result {
	return result(work, 'unknown', {error: new PayloadChangedError(factsOf(work, operation))});
}

/** Whether the record is of this call's request: past its last send it is not looked at before. */
export async function isOf(work: NamedWork, record: OperationRecord): Promise<boolean> {
	return (await work.request.fingerprint()) === record.fingerprint;
}

/** Somebody else is still at it, and this call's time is over. */
export function elsewhere(work: NamedWork, hint = 'Another tab or process is still at it.'): Result {
	const facts = {...factsOf(work, work.operation), ...failureOf(work.progress), hint};
	return result(work, 'unknown', {error: new OutcomeUnknownError(facts)});
}

/** The result of an operation that had its outcome already: from memory, from the record, from the server, or told. */
export async function alreadySettled(work: NamedWork, record: OperationRecord): Promise<Result> {
	const {state, key} = record;
	work.key = key;
	const status = 'httpStatus' in state && state.httpStatus !== undefined ? {status: state.httpStatus} : {};
	if (state.status === 'mismatched')
		return result(work, 'mismatched', {error: new KeyReuseError({...factsOf(work, work.operation), ...status})});
	if (state.status !== 'succeeded' && state.status !== 'refused')
		return elsewhere(work, 'It was forgotten before its outcome was known.');
	const outcome = state.status;
	if (outcome === 'succeeded' && !(await isOf(work, record))) return payloadChanged(work, work.operation);

	const remembered = work.realm.recent.get(work.flightId);
	const answer = remembered?.key === key && remembered.outcome === outcome ? remembered.answer : undefined;
	if (answer !== undefined) return result(work, outcome, {answer, replayed: true});
	if (record.answer !== undefined) return result(work, outcome, {answer: fromRest(record.answer), replayed: true});
	if (
		outcome === 'succeeded' &&
		work.settings.dialect.retention !== undefined &&
		work.environment.now() < record.keyUntil
	) {
		const ending = await refetch(work, key);
		if (ending.verdict?.meaning === 'succeeded') return result(work, outcome, {...answered(ending), replayed: true});
	}

	const facts = {...factsOf(work, work.operation), ...status, at: record.updatedAt};
	return result(work, outcome, {error: withoutAnswer({...work, outcome, attempts: work.progress.attempts}, facts)});
}

/** What this realm knows and the store has not taken: memory wins, if the store still does not take it. */
export async function unsavedOutcome(work: NamedWork): Promise<Result | undefined> {
	const unsaved = work.realm.unsaved.get(work.flightId);
	if (unsaved === undefined) return undefined;
	try {
		await save(work.realm, work.flightId);
		return undefined;
	} catch (error) {
		const {record, state} = unsaved;
		work.key = record.key;
		work.report({type: 'store-error', step: 'settle', error});
		if (state.status !== 'succeeded' && state.status !== 'mismatched') return undefined;
		return (await isOf(work, record)) ? settledInMemory(work, state.status) : payloadChanged(work, work.operation);
	}
}

function settledInMemory(work: NamedWork, status: 'succeeded' | 'mismatched'): Result {
	const remembered = work.realm.recent.get(work.flightId);
	if (remembered?.outcome === status && (remembered.answer ?? remembered.error) !== undefined)
		return {...remembered, attempts: 0, replayed: true};
	const facts = factsOf(work, work.operation);
	const error =
		status === 'mismatched'
			? new KeyReuseError(facts)
			: withoutAnswer({...work, outcome: 'succeeded', attempts: 0}, facts);
	return result(work, status, {error});
}

function answered({exchange, answer, verdict}: Ending): Pick<Result, 'answer' | 'stream' | 'replayed'> {
	const live = exchange?.kind === 'answer' && exchange.answer === answer ? exchange : undefined;
	const stream = live?.stream === undefined ? undefined : {response: live.stream, abort: live.abort};
	return {answer, stream, replayed: verdict?.replayed ?? false};
}

function result(
	work: Work & {readonly operation?: readonly string[]},
	outcome: Outcome,
	more: Partial<Result>,
): Result {
	const {key, progress, operation} = work;
	const nothing = {replayed: false, error: undefined, answer: undefined, stream: undefined};
	return {...nothing, ...more, outcome, operation, key, attempts: progress.attempts};
}

function failureOf({answer, firstFailure}: {readonly answer: Answer | undefined; readonly firstFailure: unknown}) {
	return {
		...(answer !== undefined && {response: responseOf(answer)}),
		...(firstFailure !== undefined && {cause: firstFailure}),
	};
}

function preflightHint(work: Work, ending: Ending): string | undefined {
	if (ending.answer !== undefined || !suspectsPreflight(work.environment, work.request.url, ending.firstFailure))
		return undefined;
	return `If every attempt failed at once, the server's CORS preflight may not allow the request header ${work.settings.dialect.header}.`;
}
