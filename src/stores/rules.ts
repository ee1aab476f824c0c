import {isFree, isOpen, type OperationRecord} from '../operation/record.ts';
import {isFinal, strength, transition} from '../operation/state.ts';
import type {Claim, ClaimResult, Freeing, FreeResult, OperationId, Renewal, Settlement, WriteResult} from './store.ts';

/** The four steps as pure rules: what is answered, and what is written (if anything). A store makes them atomic. */
export type Step<R> = {readonly result: R; readonly write?: OperationRecord};

const DAY = 86_400_000;
/** How long a record stays once it is that, in milliseconds. */
export const KEEP: Readonly<Record<'succeeded' | 'mismatched' | 'refused' | 'freed', number>> = {
	succeeded: 90 * DAY,
	mismatched: 90 * DAY,
	refused: 7 * DAY,
	freed: 7 * DAY,
};
/** How long an answer is kept for those who wait elsewhere, in milliseconds. */
export const ANSWER_LIFE = 60_000;

export function claimRule(
	id: OperationId,
	record: OperationRecord | undefined,
	claim: Claim,
	now: number,
): Step<ClaimResult> {
	if (record === undefined || isFree(record)) {
		if (record !== undefined && record.key === claim.awaited)
			return {result: {status: 'settled', record: fresh(record, now), now}};
		const previousKey = record?.key ?? null;
		const derivedFromAnother = claim.previousKey !== undefined && claim.previousKey !== previousKey;
		if (claim.key === previousKey || derivedFromAnother) return {result: {status: 'spent', previousKey, now}};
		return claimed(begun(id, claim, now, record?.token), now);
	}

	// Where nothing can be sent any more, it does not matter what would have been.
	const spent =
		record.state.status === 'mismatched' || (isOpen(record) && (isFinal(record.state) || now >= record.keyUntil));
	if (!spent && record.fingerprint !== claim.fingerprint) return {result: {status: 'mismatch', record, now}};
	if (!isOpen(record)) return {result: {status: 'settled', record: fresh(record, now), now}};

	const again = {...record, ...leaseOf(claim, now), updatedAt: latest(record, now)};
	if (record.owner === claim.owner) return claimed(again, now);
	const leased = record.owner !== '' && record.owner !== claim.takeFrom;
	if (leased && now < record.leaseUntil) {
		const awaited = {...record, awaited: true};
		const result: ClaimResult = {status: 'busy', record: awaited, now};
		return record.awaited ? {result} : {result, write: awaited};
	}

	if (leased && claim.onLapsed === 'report') return {result: {status: 'lapsed', record, now}};
	// A final doubt stays one: nothing is sent, the claim only lets one caller at a time look for a way out.
	const state = isFinal(record.state) ? record.state : transition(record.state, {status: 'sending'}, id.name);
	return claimed({...again, state, ambiguous: true, token: record.token + 1}, now);
}

/** A new record under its candidate key. `token`: that of the record before it. */
export function begun(id: OperationId, claim: Claim, now: number, token = 0): OperationRecord {
	const {key, fingerprint, bytes, request, keyLife} = claim;
	return {
		version: 1,
		...id,
		key,
		fingerprint,
		bytes,
		request,
		state: transition(undefined, {status: 'sending'}, id.name),
		freed: false,
		ambiguous: false,
		token: token + 1,
		createdAt: now,
		updatedAt: now,
		keyUntil: now + keyLife,
		awaited: false,
		...leaseOf(claim, now),
	};
}

function leaseOf({owner, lease}: Claim, now: number): Pick<OperationRecord, 'owner' | 'leaseUntil'> {
	return {owner, leaseUntil: now + lease};
}

function claimed(record: OperationRecord, now: number): Step<ClaimResult> {
	return {result: {status: 'claimed', record, now}, write: record};
}

export function renewRule(record: OperationRecord | undefined, renewal: Renewal, now: number): Step<WriteResult> {
	if (record === undefined || !holds(record, renewal) || !isOpen(record)) return lost(record);
	const write = {...record, leaseUntil: now + renewal.lease, updatedAt: latest(record, now)};
	return {result: {status: 'done', record: write}, write};
}

export function settleRule(
	record: OperationRecord | undefined,
	settlement: Settlement,
	now: number,
): Step<WriteResult> {
	if (record === undefined || record.key !== settlement.key) return lost(record);
	const known = strength(record.state);
	const state = isFinal(record.state) && strength(settlement.state) === 0 ? record.state : settlement.state;
	const learnt = strength(state);
	// A doubt is never worth more than the lease it comes from.
	const fenced = settlement.fenced || learnt === 0;
	if (fenced && !holds(record, settlement) && learnt >= known) return lost(record);
	const stronger = learnt > known || (learnt === 0 && known === 0);
	if (!stronger) return {result: {status: 'done', record}};

	const settled = state.status === 'sending' || state.status === 'unknown' ? undefined : now + KEEP[state.status];
	const keepUntil = record.freed ? record.keepUntil : settled;
	const wanted = learnt > 0 && (settlement.keepAnswer || record.awaited);
	const answer = wanted ? settlement.answer : undefined;
	const write: OperationRecord = {
		...record,
		...unleased,
		state,
		updatedAt: latest(record, now),
		keepUntil,
		request: learnt > 0 ? undefined : record.request,
		answer,
		answerUntil: answer && ((settlement.keepAnswer && keepUntil) || now + ANSWER_LIFE),
	};
	return {result: {status: 'done', record: write}, write};
}

/** Nobody is at it. */
const unleased = {owner: '', leaseUntil: 0};
const unanswered = {answer: undefined, answerUntil: undefined};

export function forgetRule(record: OperationRecord | undefined, {key, how}: Freeing, now: number): Step<FreeResult> {
	if (record === undefined || record.key !== key) return {result: {status: 'changed', ...(record && {record})}};
	if (how === 'complete' && record.state.status !== 'succeeded') return {result: {status: 'open', record}};
	if (how === 'forget' && isOpen(record)) return {result: {status: 'open', record}};
	const write: OperationRecord = {
		...record,
		...unleased,
		...unanswered,
		request: undefined,
		freed: true,
		updatedAt: now,
		keepUntil: now + KEEP.freed,
	};
	return {result: {status: 'freed', record: write}, write};
}

/** What a sweep leaves of a record: nothing, the record without its old answer, or the record as it is. */
export function sweepRule(record: OperationRecord, now: number): OperationRecord | undefined {
	if (record.keepUntil !== undefined && record.keepUntil <= now && !isOpen(record)) return undefined;
	return fresh(record, now);
}

function fresh(record: OperationRecord, now: number): OperationRecord {
	if (record.answerUntil === undefined || now < record.answerUntil) return record;
	return {...record, ...unanswered};
}

function holds(record: OperationRecord, lease: {owner: string; token: number; key: string}): boolean {
	return record.key === lease.key && record.owner === lease.owner && record.token === lease.token;
}

/** Never steps back, so that a clock that was set back shows: `now` is then well before it. */
function latest(record: OperationRecord, now: number): number {
	return Math.max(record.updatedAt, now);
}

function lost(record: OperationRecord | undefined): Step<WriteResult> {
	return {result: {status: 'lost', ...(record && {record})}};
}
