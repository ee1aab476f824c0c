import {responseOf} from '../attempt/answer.ts';
import type {Ending} from '../attempt/loop.ts';
import {suspectsPreflight} from '../attempt/preflight.ts';
import {
	AlreadySucceededError,
	KeyReuseError,
	NotSentError,
	OutcomeUnknownError,
	PayloadChangedError,
	RefusedError,
	type ErrorFacts,
	type LatchkeyError,
	type Outcome,
} from '../errors.ts';
import {refetch} from './attempts.ts';
import {isTrusted} from './claim.ts';
import type {Conclusion} from './conclude.ts';
import type {OperationRecord} from './record.ts';
import type {Result} from './result.ts';
import type {Unsaved} from './realm.ts';
import {fromRest, save} from './settle.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

/** The result of a named operation whose attempts have ended. What does not settle it is an error, never an answer. */
export function namedResult(work: NamedWork, ending: Ending, {event, found}: Conclusion): Result {
	if (found === undefined && event.type === 'succeed') return answered(work, 'succeeded', ending);
	if (found === undefined && event.type === 'refuse' && ending.answer) return answered(work, 'refused', ending);
	const facts = factsOf(work, ending);
	switch (event.type) {
		case 'succeed':
			return failed(work, new AlreadySucceededError(facts));
		case 'refuse':
			return failed(work, found ? new RefusedError(facts) : new NotSentError(facts));
		case 'mismatch':
			return failed(work, new KeyReuseError(facts));
		default: {
			const hint = preflightHint(work, ending);
			const expired = event.type === 'doubt' && event.final === true;
			return failed(work, new OutcomeUnknownError({...facts, expired, hint}));
		}
	}
}

const outcomeOfEvent = {
	begin: 'unknown',
	doubt: 'unknown',
	succeed: 'succeeded',
	refuse: 'refused',
	mismatch: 'mismatched',
} as const;

/** The result of a call without a name: what fetch itself would have told of the last exchange. */
export function unnamedResult(work: Work, ending: Ending, {event}: Conclusion): Result {
	const {exchange} = ending;
	// A call that brought its key in a header is somebody else's client: it gets the answer.
	if (event.type === 'mismatch' && work.ownKey !== undefined)
		return failed(work, new KeyReuseError(factsOf(work, ending)));
	const outcome = outcomeOfEvent[event.type];
	if (exchange?.kind === 'answer') return answered(work, outcome, ending);
	return result(work, outcome, {error: exchange?.error ?? new DOMException('Nothing was sent', 'AbortError')});
}

export function payloadChanged(work: NamedWork): Result {
	return failed(work, new PayloadChangedError(factsOf(work)));
}

/** Whether the record is of this call's request: past its last send it is not looked at before. */
export async function isOf(work: NamedWork, {fingerprint}: OperationRecord): Promise<boolean> {
	return (await work.request.fingerprint()) === fingerprint;
}

/** Somebody else is still at it, and this call's time is over. */
export function elsewhere(work: NamedWork, hint = 'Another tab or process is still at it.'): Result {
	return failed(work, new OutcomeUnknownError({...factsOf(work), hint}));
}

/** Somebody freed it, and what became of it is not known here. */
export function forgotten(work: NamedWork): Result {
	return elsewhere(work, 'It was forgotten before its outcome was known.');
}

/** The result of an operation that had its outcome already: from memory, from the record, from the server, or told. */
export async function alreadySettled(work: NamedWork, record: OperationRecord): Promise<Result> {
	const {state, key} = record;
	work.key = key;
	const {status: outcome} = state;
	if (outcome === 'sending' || outcome === 'unknown') return forgotten(work);
	const facts = {operation: work.operation, key, attempts: work.progress.attempts, status: state.httpStatus};
	if (outcome === 'mismatched') return failed(work, new KeyReuseError(facts));
	if (outcome === 'succeeded' && !(await isOf(work, record))) return payloadChanged(work);

	const known = work.realm.recent.get(work.flightId);
	const remembered = known?.key === key && known.outcome === outcome ? known.answer : undefined;
	const answer = remembered ?? (record.answer && fromRest(record.answer));
	if (answer) return result(work, outcome, {answer, replayed: true});
	if (outcome === 'refused') return failed(work, new RefusedError(facts));
	const now = work.environment.now();
	if (work.settings.dialect.retention !== undefined && now < record.keyUntil && isTrusted(work, record, now)) {
		const ending = await refetch(work, record);
		if (ending.verdict?.meaning === 'succeeded') return {...answered(work, outcome, ending), replayed: true};
	}

	return failed(work, new AlreadySucceededError({...facts, attempts: work.progress.attempts, at: record.updatedAt}));
}

/** What this realm knows and the store has not taken: memory wins, if the store still does not take it. */
export async function unsavedOutcome(work: NamedWork, {record, state}: Unsaved): Promise<Result | undefined> {
	try {
		await save(work.realm, work.flightId);
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
	const facts = factsOf(work);
	return failed(work, state.status === 'mismatched' ? new KeyReuseError(facts) : new AlreadySucceededError(facts));
}

function answered(work: Work, outcome: Outcome, {exchange, answer, verdict}: Ending): Result {
	const live = exchange?.kind === 'answer' && exchange.answer === answer ? exchange : undefined;
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
		error: undefined,
		answer: undefined,
		stream: undefined,
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
