import {unlessCancelled} from '../attempt/cancellation.ts';
import {halfJitter} from '../attempt/delay.ts';
import {wait} from '../attempt/wait.ts';
import {stopwatch} from '../environment.ts';
import {isLatchkeyError, StoreError} from '../errors.ts';
import {mistake} from '../mistake.ts';
import {validateKey, otherKey} from '../request/key.ts';
import {claimRule} from '../stores/claim-rule.ts';
import type {Claim, ClaimResult, Listed, OperationId} from '../stores/store.ts';
import {hushed} from '../utils.ts';
import {keptRequest} from './at-rest.ts';
import {isLeaseEndless, seenSince} from './key-age.ts';
import {keepLease, leaseDuration, type HeldLease} from './lease.ts';
import {keepRecord, knownRecord} from './known.ts';
import {storedRecord, type Candidate, type Run} from './operations.ts';
import {alreadySettled, notKnown, payloadChanged} from './outcomes.ts';
import {isFree, type StoredRequest, type OperationRecord} from './record.ts';
import type {Result} from './outcome.ts';

/** The lease to send under; or the result, where there is nothing to send. */
export type Claimed = {readonly lease: HeldLease} | {readonly lease?: undefined; readonly result: Result};

/** A sound store says so once, or twice where others begin and end the operation meanwhile. */
const MOST_USED = 20;

/**
 * Claims the operation; while somebody else is at it, waits.
 * Throws a StoreError, or a TypeError for a key that cannot be used; nothing has been sent then.
 */
export async function claimKey(run: Run, awaited: string | undefined): Promise<Claimed> {
	const {settings, request, ownKey, owner, operation} = run;
	const {operations, name} = operation;
	const {store} = operations;
	const {keyFrom, keySenders, onStoreError} = settings;
	const id = await operation.id();
	const fingerprint = await unlessCancelled(run.cancellation, request.fingerprint());
	const bytes = settings.fingerprint && (await request.bytes());
	// A key that is not random may have been sent by somebody who shares no store with us; one that is resumed was sent.
	const given = request.resumes === undefined && (ownKey !== undefined || keyFrom !== undefined);
	const foreign = () => given && (keySenders !== 'this-store' || store.degraded !== undefined);
	const newCandidate = (last?: string): Candidate => {
		const derive = () =>
			keyFrom && validateKey(hushed(keyFrom({scope: id.scope, operation: name, fingerprint, previousKey: last})));
		const key = ownKey ?? derive() ?? run.environment.uuid();
		return {key, owner, fingerprint, sent: 'no', ambiguous: foreign() || request.resumes !== undefined};
	};

	let previousKey: string | null = null;
	let usedKeys = 0;
	let waitedFor = awaited;
	let takeFrom: string | undefined;
	const before = operation.candidate;
	const isOther = before !== undefined && ownKey !== undefined && before.key !== ownKey;
	if (isOther && !(await isOver(run, before))) throw otherKey(name);
	// One that was never sent gives way to the caller's own, and to what is derived from another request.
	const isStale = before?.sent === 'no' && keyFrom !== undefined && before.fingerprint !== fingerprint;
	const earlier = isOther || isStale ? undefined : before;
	let candidate = earlier ?? newCandidate();
	let kept: StoredRequest | undefined;
	let keptUnder: string | undefined;

	// The claim of an earlier one may have been taken over, and its effect be of an operation that has been freed since.
	const mayBeUsed =
		ownKey === undefined && (keyFrom !== undefined || (earlier !== undefined && earlier.sent !== 'unclaimed'));

	for (let polls = 0; ;) {
		if (settings.keepRequest && keptUnder !== candidate.key) {
			// The boundary of a form is made from the key.
			keptUnder = candidate.key;
			kept = await keptRequest(request, keptUnder);
		}

		const elapsed = stopwatch(run.environment);
		let claim: Claim = {
			...run.life,
			key: candidate.key,
			fingerprint,
			owner,
			lease: leaseDuration(run),
			bytes,
			request: kept,
			ambiguous: foreign() || candidate.ambiguous,
			random: ownKey === undefined && keyFrom === undefined,
			ownKey: ownKey !== undefined,
			onLapsed: 'take',
			takeFrom,
			awaited: waitedFor,
			previousKey: mayBeUsed || waitedFor !== undefined ? previousKey : undefined,
		};
		operation.candidate = candidate;
		/** Why the store did not take it. */
		let failure: unknown;
		let result: ClaimResult;
		try {
			if (run.withheld !== undefined) throw run.withheld;
			result = await store.claim(id, claim);
			operation.candidate = undefined;
		} catch (error) {
			if (onStoreError === 'fail' || !isLatchkeyError(error, 'STORE_FAILED')) throw error;
			// The same rule, on what this realm knows. An earlier claim of the same key may have been taken over.
			failure = error;
			claim = {...claim, ambiguous: given || candidate.ambiguous || earlier !== undefined};
			const known = knownRecord(operation) ?? {record: undefined, now: run.environment.now()};
			result = claimRule(id, known.record, claim, known.now).result;
			if (result.status === 'claimed')
				operation.candidate = {key: result.record.key, owner, sent: 'unclaimed', ambiguous: true};
		}

		if (result.status === 'key-used') {
			// What this call was about has been freed, and another operation under its name since.
			if (waitedFor !== undefined) return {result: notKnown(run, 'forgotten')};
			if (++usedKeys > MOST_USED)
				throw new StoreError({operation: name, step: 'claim', reason: `it calls ${MOST_USED} keys in a row used`});
			previousKey = result.previousKey;
			candidate = newCandidate(previousKey ?? undefined);
			if (candidate.key === previousKey) throw usedKey(run);
			continue;
		}

		const {record, now} = result;
		const seen = seenSince(elapsed, result);
		const stored = failure === undefined;
		run.key = record.key;
		keepRecord(operation, seen);
		// A success is told from here too, and the store may know better by now.
		if (!stored && (result.status === 'claimed' || result.status === 'settled'))
			run.report({type: 'degraded', error: failure});
		if (result.status === 'other-key') throw otherKey(name);
		if (result.status === 'claimed') {
			if (kept && record.key !== candidate.key && !record.ambiguous && record.request === undefined) {
				// It goes on under the key that it had: the request is to be encoded under that.
				candidate = {...candidate, key: record.key};
				continue;
			}

			if (stored) reportClaim(run, result, claim);
			const isForeign = given && record.key === claim.key && (!stored || foreign());
			const held = {...seen, claim, stored, foreign: isForeign};
			return {lease: keepLease(run, held)};
		}

		if (result.status === 'settled') return {result: await alreadySettled(run, seen)};
		if (result.status === 'mismatch') return {result: payloadChanged(run)};
		if (polls++ === 0) run.report({type: 'waiting-elsewhere'});
		waitedFor = record.key;
		const gone = isLeaseEndless(store, result) || (await waitForOwner(run, id, record, now, polls - 1));
		takeFrom = gone ? record.owner : undefined;
		if (run.remaining() <= 0 || run.cancellation.cancelled()) return {result: notKnown(run, 'elsewhere')};
	}
}

/** What was sent under a claim is over where the store has freed its key by now, or holds another. */
async function isOver({operation}: Run, {key, sent}: Candidate): Promise<boolean> {
	if (sent !== 'claimed') return sent === 'no';
	const found = await storedRecord(operation);
	return found !== undefined && (found.record.key !== key || isFree(found.record));
}

function reportClaim({report, operation}: Run, {record, now}: Listed, claim: Claim): void {
	const {degraded} = operation.operations.store;
	if (record.ambiguous && (record.createdAt !== now || !claim.ambiguous)) report({type: 'taken-over'});
	if (record.bytes !== claim.bytes) report({type: 'bytes-changed'});
	if (degraded !== undefined) report({type: 'degraded', error: degraded});
}

function usedKey({ownKey}: Run): Error {
	const whose = ownKey === undefined ? 'keyFrom returned' : 'idempotencyKey is';
	return mistake(
		`${whose} the key of an operation that was freed; a new beginning under this name needs a new key. Nothing was sent.`,
	);
}

const FIRST_POLL = 200;
const POLL_LIMIT = 2_000;

/**
 * Waits until it is worth claiming again: the record may have changed, the owner is gone (true), its lease is over,
 * or time to look again has come. Stops when the call's time is over or nobody waits any more.
 */
export async function waitForOwner(
	run: Run,
	id: OperationId,
	record: OperationRecord,
	now: number,
	polls: number,
): Promise<boolean> {
	const {environment, cancellation, operation} = run;
	const {store} = operation.operations;
	if (cancellation.cancelled() || run.remaining() <= 0) return false;
	const poll = halfJitter(Math.min(POLL_LIMIT, FIRST_POLL * 1.5 ** polls), environment.random);
	// One past the end, because a lease ends after its last millisecond.
	const ms = Math.max(1, Math.min(poll, record.leaseUntil - now + 1, run.remaining()));

	const giveUp = new AbortController();
	let gone = false;
	await wait(environment, ms, cancellation, wake => {
		const stopWatching = store.watch(id, wake);
		store.gone?.(record.owner, giveUp.signal).then(
			() => {
				gone = true;
				wake();
			},
			() => undefined,
		);
		return () => {
			stopWatching();
			giveUp.abort();
		};
	});
	return gone;
}
