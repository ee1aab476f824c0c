import {isOpen, type OperationRecord} from '../operation/record.ts';
import {isAtRest, isDefinitive, precedence, type State} from '../operation/state.ts';
import type {Freeing, FreeResult, Renewal, Settlement, WriteResult} from './store.ts';

/** The steps as pure rules (`claim` in a file of its own): what is answered, and what is written (if anything). A store makes them atomic. */
export type Step<R> = {readonly result: R; readonly write?: OperationRecord};

const DAY = 86_400_000;
/** How long a record stays once it is that, in milliseconds; an unprocessed one after its key's end. */
export const KEEP: Readonly<Record<'succeeded' | 'mismatched' | 'refused' | 'unprocessed' | 'freed', number>> = {
	succeeded: 90 * DAY,
	mismatched: 90 * DAY,
	refused: 7 * DAY,
	unprocessed: 7 * DAY,
	freed: 7 * DAY,
};
/** How long an answer is kept for those who wait elsewhere, in milliseconds. */
export const ANSWER_LIFE = 60_000;

export function renewRule(record: OperationRecord | undefined, renewal: Renewal, now: number): Step<WriteResult> {
	if (record === undefined || !holds(record, renewal) || !isOpen(record)) return lost(record);
	const write = {...record, leaseUntil: now + renewal.lease, ...touched(record, now)};
	return {result: {status: 'done', record: write}, write};
}

export function settleRule(
	record: OperationRecord | undefined,
	settlement: Settlement,
	now: number,
): Step<WriteResult> {
	if (record === undefined || record.key !== settlement.key) return lost(record);
	const state = settledState(record, settlement.state);
	const [known, learnt] = [precedence(record.state), precedence(state)];
	if (isDefinitive(record.state) && known > learnt) return {result: {status: 'done', record}};
	// A doubt is never worth more than the lease it comes from.
	const fenced = settlement.fenced || !isDefinitive(state);
	if (fenced && !holds(record, settlement)) return lost(record);
	if (isDefinitive(state) && known === learnt) return {result: {status: 'done', record}};

	const keepUntil = record.freed ? record.keepUntil : keepUntilOf(record, state, now);
	const pending = state.status === 'pending' && !record.freed;
	const wanted = (pending || keepUntil !== undefined) && (settlement.keepAnswer || record.awaited);
	// Who only looked what became of it has no other answer.
	const still = pending && record.state.status === 'pending' && settlement.answer === undefined;
	const answer = wanted ? settlement.answer : undefined;
	const write: OperationRecord = {
		...record,
		...unleased,
		...touched(record, now),
		state,
		keepUntil,
		request: keepUntil === undefined ? record.request : undefined,
		pending: pending ? (settlement.pending ?? record.pending) : undefined,
		...(!still && {
			answer,
			answerUntil: answer && (settlement.keepAnswer ? (keepUntil ?? now + KEEP.succeeded) : now + ANSWER_LIFE),
		}),
	};
	return {result: {status: 'done', record: write}, write};
}

/** What is written of what was learnt. What may have been sent by others, or was not being sent at all, is not unprocessed. */
function settledState(record: OperationRecord, learnt: State): State {
	if (isAtRest(record.state) && !isDefinitive(learnt)) return record.state;
	const sentOnce = record.state.status === 'sending' && !record.ambiguous;
	return learnt.status === 'unprocessed' && !sentOnce ? {status: 'unknown'} : learnt;
}

function keepUntilOf({keyUntil}: OperationRecord, {status}: State, now: number): number | undefined {
	if (status === 'sending' || status === 'unknown' || status === 'pending') return undefined;
	return (status === 'unprocessed' ? Math.max(keyUntil, now) : now) + KEEP[status];
}

/** Nobody is at it. */
export const unleased: Pick<OperationRecord, 'owner' | 'leaseUntil'> = {owner: '', leaseUntil: 0};
export const unanswered: Pick<OperationRecord, 'answer' | 'answerUntil'> = {answer: undefined, answerUntil: undefined};

export function forgetRule(record: OperationRecord | undefined, {key, how}: Freeing, now: number): Step<FreeResult> {
	if (record === undefined || record.key !== key) return {result: {status: 'changed', ...(record && {record})}};
	if (how === 'complete' && record.state.status !== 'succeeded') return {result: {status: 'open', record}};
	if (how === 'forget' && isOpen(record)) return {result: {status: 'open', record}};
	const write: OperationRecord = {
		...record,
		...unleased,
		...unanswered,
		request: undefined,
		pending: undefined,
		freed: true,
		updatedAt: now,
		keepUntil: now + KEEP.freed,
		dueSince: undefined,
	};
	return {result: {status: 'freed', record: write}, write};
}

/**
 * What a sweep leaves of a record, in a store on the process's clock: nothing, the record without its old answer, or the
 * record as it is. It goes when two sweeps at least a day apart found it due: one clock that is ahead must not forget.
 */
export function sweepRule(record: OperationRecord, now: number): OperationRecord | undefined {
	const due = record.keepUntil !== undefined && record.keepUntil <= now && !isOpen(record);
	const {dueSince} = record;
	if (due && dueSince !== undefined && now >= dueSince + SWEPT_AFTER) return undefined;
	const mark = due ? Math.min(dueSince ?? now, now) : undefined;
	return fresh(mark === dueSince ? record : {...record, dueSince: mark}, now);
}

/** How long after it was first found due a record goes, in milliseconds. */
export const SWEPT_AFTER: number = DAY;

export function fresh(record: OperationRecord, now: number): OperationRecord {
	if (record.answerUntil === undefined || now < record.answerUntil) return record;
	return {...record, ...unanswered};
}

function holds(record: OperationRecord, lease: {owner: string; token: number; key: string}): boolean {
	return record.key === lease.key && record.owner === lease.owner && record.token === lease.token;
}

/** Never steps back, so that a clock that was set back shows: `now` is then well before it. */
export function touched(record: OperationRecord, now: number): Pick<OperationRecord, 'updatedAt' | 'dueSince'> {
	return {updatedAt: Math.max(record.updatedAt, now), dueSince: undefined};
}

function lost(record: OperationRecord | undefined): Step<WriteResult> {
	return {result: {status: 'lost', ...(record && {record})}};
}
