import {isFree, isOpen, isUnprocessed, keyEndOf, type OperationRecord} from '../operation/record.ts';
import {isAtRest, isFinal, transition} from '../operation/state.ts';
import {fresh, touched, unanswered, type Step} from './rules.ts';
import type {Claim, ClaimResult, OperationId} from './store.ts';

/** What a claim finds, and what it makes of that. */
export function claimRule(
	id: OperationId,
	record: OperationRecord | undefined,
	claim: Claim,
	now: number,
): Step<ClaimResult> {
	if (record === undefined || isFree(record)) {
		if (record !== undefined && record.key === claim.awaited)
			return {result: {status: 'settled', record: fresh(record, now), now}};
		return beginRule(id, claim, now, record?.key, record?.token);
	}

	const over = now >= keyEndOf(record, claim);
	const unprocessed = isUnprocessed(record);
	// A key that was used without a claim replaces no other.
	const replaces = claim.keyAge === undefined || record.key === claim.key;
	if (unprocessed && replaces && (over || record.fingerprint !== claim.fingerprint))
		return beginAfter(id, record, over, claim, now);

	if (claim.ownKey && record.key !== claim.key) return {result: {status: 'other-key', record, now}};
	// Where nothing can be sent any more, it does not matter what would have been.
	const pending = record.state.status === 'pending';
	const used = record.state.status === 'mismatched' || (isOpen(record) && !pending && (isFinal(record.state) || over));
	if (!used && record.fingerprint !== claim.fingerprint) return {result: {status: 'mismatch', record, now}};
	const answered = 'httpStatus' in record.state && record.state.httpStatus !== undefined;
	const told = record.key === claim.awaited && ((unprocessed && answered) || pending);
	const settled = told || !(unprocessed || isOpen(record));
	if (settled) return {result: {status: 'settled', record: fresh(record, now), now}};

	const isOfKey = record.key === claim.key;
	const sentElsewhere = isOfKey && claim.ambiguous === true;
	const again = {
		...record,
		...leaseOf(claim, now),
		...touched(record, now),
		ambiguous: record.ambiguous || sentElsewhere,
	};
	if (record.owner === claim.owner) {
		const request = record.request ?? (isOfKey && !record.ambiguous ? claim.request : undefined);
		return claimed({...again, request}, now);
	}

	const leased = record.owner !== '' && record.owner !== claim.takeFrom;
	if (leased && now < record.leaseUntil) {
		const awaited = {...record, awaited: true};
		const result: ClaimResult = {status: 'busy', record: awaited, now};
		return record.awaited ? {result} : {result, write: awaited};
	}

	if (leased && claim.onLapsed === 'report') return {result: {status: 'lapsed', record, now}};
	// What is at rest stays there: nothing is sent, the claim only lets one caller at a time look for what became of it.
	const state = isAtRest(record.state) ? record.state : transition(record.state, {status: 'sending'}, id.name);
	const taken = {...again, state, token: record.token + 1};
	if (!unprocessed) return claimed({...taken, ambiguous: true}, now);
	// The request is kept as it was encoded: under the key that it was claimed with.
	const request = isOfKey ? claim.request : undefined;
	const renewed = {ambiguous: sentElsewhere, awaited: false, request, keepUntil: undefined};
	return claimed({...taken, ...unanswered, ...renewed}, now);
}

/** A new record in place of one that was turned away before execution: for another request, or past the end of its key. */
function beginAfter(
	id: OperationId,
	record: OperationRecord,
	over: boolean,
	claim: Claim,
	now: number,
): Step<ClaimResult> {
	const {key, previousKey, createdAt, token} = record;
	const isSame = key === claim.key;
	// A claim that comes late may still bear the key that went with the request before.
	if (claim.random && isSame) return {result: {status: 'key-used', previousKey: previousKey ?? null, now}};
	// A derived key may be one of before: its age goes on, and past its end the next is derived from it.
	const isDerived = !claim.random && !claim.ownKey;
	if (isDerived && over) return beginRule(id, claim, now, key, token);
	const aged = isDerived || isSame ? {...claim, keyAge: Math.max(claim.keyAge ?? 0, now - createdAt)} : claim;
	return beginRule(id, aged, now, previousKey, token);
}

/** A new record, unless its candidate key was used before or derived from another one than the last. */
function beginRule(
	id: OperationId,
	claim: Claim,
	now: number,
	previousKey: string | undefined,
	token?: number,
): Step<ClaimResult> {
	const derivedFromAnother = claim.previousKey !== undefined && claim.previousKey !== (previousKey ?? null);
	if (claim.key === previousKey || derivedFromAnother)
		return {result: {status: 'key-used', previousKey: previousKey ?? null, now}};
	return claimed(begun(id, claim, now, previousKey, token), now);
}

/** A new record under its candidate key. `token`: that of the record before it. */
export function begun(
	id: OperationId,
	claim: Claim,
	now: number,
	previousKey?: string,
	token: number = 0,
): OperationRecord {
	const {key, fingerprint, bytes, request, keyLife, keyAge, keyEnd, ambiguous = false} = claim;
	const createdAt = keyAge === undefined ? now : Math.floor(now - keyAge);
	return {
		version: 1,
		...id,
		key,
		previousKey,
		fingerprint,
		bytes,
		request,
		state: transition(undefined, {status: 'sending'}, id.name),
		freed: false,
		ambiguous,
		token: token + 1,
		createdAt,
		updatedAt: now,
		keyUntil: Math.min(createdAt + keyLife, keyEnd ?? Infinity),
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
