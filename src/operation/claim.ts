import {unlessLeft} from '../attempt/leaving.ts';
import {isLatchkeyError} from '../errors.ts';
import {keptRequest} from '../request/kept-request.ts';
import {validateKey} from '../request/key.ts';
import {begun} from '../stores/rules.ts';
import type {Claim, ClaimResult} from '../stores/store.ts';
import {otherKey} from './other-key.ts';
import type {OperationRecord} from './record.ts';
import {waitForOwner} from './wait-for-owner.ts';
import type {NamedWork} from './named-work.ts';
import type {Offer} from './realm.ts';

/** What this flight holds while it works: the record, and for how long, in milliseconds since the flight began. */
export type Hold = {
	readonly record: OperationRecord;
	/** When the key may not be sent any more. */
	readonly keyEnd: number;
	/** Until then nobody else can have taken over. */
	readonly leaseEnd: number;
	/** What was asked of the store. */
	readonly claim: Claim;
	/** False when it failed and the caller preferred to go on: the store never took the claim. */
	readonly stored: boolean;
};

export type Claimed =
	| {readonly status: 'claimed'; readonly hold: Hold}
	| {readonly status: 'settled'; readonly record: OperationRecord}
	| {readonly status: 'mismatch'}
	/** `forgotten`: what this call was about has been freed, and another operation under its name since. */
	| {readonly status: 'elsewhere' | 'forgotten'};

const DAY = 86_400_000;

/** A day is assumed where nothing is declared. The margin covers a slow request and clocks that differ. */
function keyLife(retention = DAY): number {
	return retention - Math.min(retention / 2, Math.max(60_000, retention / 100));
}

/** Long enough for an attempt and the wait after it, in milliseconds. At most an hour. */
function roundOf({settings}: NamedWork): number {
	return Math.min(settings.timeout + settings.retry.maxRetryAfter + 5_000, 3_600_000);
}

/** How long a claim lasts, in milliseconds. Every further attempt renews it, and a short one renews itself. */
export function leaseOf(work: NamedWork): number {
	return work.realm.ledger.lease ?? roundOf(work);
}

/**
 * Claims the operation; while somebody else is at it, waits. `elsewhere`: they still are, and time is over.
 * Throws a StoreError, or a TypeError for a key that cannot be used; nothing has been sent then.
 */
export async function claimOperation(work: NamedWork, awaited: string | undefined): Promise<Claimed> {
	const {realm, settings, request, ownKey, owner, flightId, operation, environment} = work;
	const {ledger, offered} = realm;
	const {keyFrom} = settings;
	const id = await work.id();
	const fingerprint = await unlessLeft(work.leaving, request.fingerprint());
	const bytes = settings.fingerprint && (await request.bytes());
	const offer = (last?: string): Offer => {
		const derive = () => keyFrom && validateKey(keyFrom({scope: id.scope, operation, fingerprint, previousKey: last}));
		return {key: ownKey ?? derive() ?? environment.uuid(), owner, unclaimed: false};
	};

	let previousKey: string | null = null;
	let waitedFor = awaited;
	let takeFrom: string | undefined;
	const earlier = offered.get(flightId);
	let candidate = earlier ?? offer();
	// Encoded under its candidate: the boundary of a form is made from the key.
	let kept = settings.keepRequest ? await keptRequest(request, candidate.key) : undefined;

	// A key that is not random may also have been sent by somebody else who derived it.
	const repeated = earlier !== undefined || ownKey !== undefined || keyFrom !== undefined;
	// The claim of an earlier one may have been taken over, and its effect be of an operation that has been freed since.
	const mayBeUsed = ownKey === undefined && (keyFrom !== undefined || earlier?.unclaimed === false);

	for (let polls = 0; ; polls++) {
		const issued = work.elapsed();
		const claim: Claim = {
			key: candidate.key,
			fingerprint,
			owner,
			lease: leaseOf(work),
			bytes,
			request: kept,
			keyLife: keyLife(settings.dialect.retention),
			onLapsed: 'take',
			takeFrom,
			awaited: waitedFor,
			previousKey: mayBeUsed || waitedFor !== undefined ? previousKey : undefined,
		};
		offered.set(flightId, candidate);
		let result: ClaimResult;
		try {
			result = await ledger.claim(id, claim);
		} catch (error) {
			if (settings.onStoreError === 'fail' || !isLatchkeyError(error, 'STORE_FAILED')) throw error;
			offered.set(flightId, {...candidate, unclaimed: true});
			work.key = claim.key;
			const now = environment.now();
			// Perhaps not for the first time.
			const record = {...begun(id, claim, now), ambiguous: repeated};
			const hold = holdOf(work, record, now, issued, claim, false);
			work.report({type: 'degraded', error});
			return {status: 'claimed', hold};
		}

		offered.delete(flightId);
		if (result.status === 'spent') {
			if (waitedFor !== undefined) return {status: 'forgotten'};
			previousKey = result.previousKey;
			candidate = offer(previousKey ?? undefined);
			if (candidate.key === previousKey) throw spent(work);
			kept &&= await keptRequest(request, candidate.key);
			continue;
		}

		const {record, now} = result;
		work.key = record.key;
		if (ownKey !== undefined && record.key !== ownKey) await refuseOtherKey(work, result);
		if (result.status === 'claimed') {
			reportClaim(work, record, claim);
			return {status: 'claimed', hold: holdOf(work, record, now, issued, claim, true)};
		}

		if (result.status === 'settled' || result.status === 'mismatch') return {status: result.status, record};
		if (polls === 0) work.report({type: 'waiting-elsewhere'});
		waitedFor = record.key;
		takeFrom = (await waitForOwner(work, id, record, now, polls)) ? record.owner : undefined;
		if (work.left() <= 0 || work.leaving.left()) return {status: 'elsewhere'};
	}
}

function reportClaim({report, realm}: NamedWork, record: OperationRecord, claim: Claim): void {
	const {degraded} = realm.ledger;
	if (record.ambiguous) report({type: 'taken-over'});
	if (record.bytes !== claim.bytes) report({type: 'bytes-changed'});
	if (degraded !== undefined) report({type: 'degraded', error: degraded});
}

function holdOf(
	work: NamedWork,
	record: OperationRecord,
	now: number,
	issued: number,
	claim: Claim,
	stored: boolean,
): Hold {
	return {
		record,
		keyEnd: isTrusted(work, record, now) ? issued + record.keyUntil - now : 0,
		leaseEnd: stored ? issued + record.leaseUntil - now : Number.POSITIVE_INFINITY,
		claim,
		stored,
	};
}

/** A clock that was set back makes every age a guess. */
export function isTrusted(work: NamedWork, {updatedAt}: OperationRecord, now: number): boolean {
	return now >= updatedAt - roundOf(work);
}

function spent({ownKey}: NamedWork): TypeError {
	const whose = ownKey === undefined ? 'keyFrom returned' : 'idempotencyKey is';
	return new TypeError(
		`latchkey: ${whose} the key of an operation that was freed; a new beginning under this name needs a new key. Nothing was sent.`,
	);
}

async function refuseOtherKey(
	work: NamedWork,
	result: ClaimResult & {readonly record: OperationRecord},
): Promise<never> {
	const {record} = result;
	if (result.status === 'claimed') {
		const {key, owner, token} = record;
		const released = {key, owner, token, state: {status: 'unknown'}, fenced: true, keepAnswer: false} as const;
		await work.realm.ledger.settle(await work.id(), released);
	}

	throw otherKey(work.operation);
}
