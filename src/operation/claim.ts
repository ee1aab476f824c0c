import {unlessLeft} from '../attempt/leaving.ts';
import {isLatchkeyError} from '../errors.ts';
import {isPromise} from '../maybe-promise.ts';
import type {Outgoing} from '../request/outgoing.ts';
import {validateKey} from '../request/key.ts';
import {claimRule} from '../stores/rules.ts';
import type {Claim, ClaimResult} from '../stores/store.ts';
import {otherKey} from './other-key.ts';
import type {OperationRecord, StoredRequest} from './record.ts';
import {waitForOwner} from './wait-for-owner.ts';
import type {NamedWork} from './named-work.ts';

/** What this flight holds while it works: the record, and for how long by its own clocks. */
export type Hold = {
	readonly record: OperationRecord;
	/** Milliseconds until the key may not be sent any more. */
	readonly keyLeft: () => number;
	/** Milliseconds in which nobody else can have taken over. */
	readonly leaseLeft: () => number;
	/** What was asked of the store. */
	readonly claim: Claim;
	/** False when it failed and the caller preferred to go on: the store never took the claim. */
	readonly stored: boolean;
};

export type Claimed =
	| {readonly status: 'claimed'; readonly hold: Hold}
	| {readonly status: 'settled'; readonly record: OperationRecord}
	| {readonly status: 'mismatch'; readonly record: OperationRecord}
	| {readonly status: 'elsewhere'; readonly record: OperationRecord}
	/** What this call was about has been freed, and another operation under its name since. */
	| {readonly status: 'forgotten'};

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
	const {realm, settings, request} = work;
	const {ledger, offered} = realm;
	const id = isPromise(work.id) ? await work.id : work.id;
	const printed = unlessLeft(work.leaving, request.fingerprint());
	const fingerprint = isPromise(printed) ? await printed : printed;
	const bytes = settings.fingerprint && (await request.bytes());
	const mint = (previousKey?: string) =>
		work.ownKey ??
		(settings.keyFrom === undefined
			? work.environment.uuid()
			: validateKey(settings.keyFrom({scope: id.scope, operation: work.operation, fingerprint, previousKey})));

	let previousKey: string | null = null;
	let waitedFor = awaited;
	let takeFrom: string | undefined;
	let {
		key: candidate,
		owner,
		unclaimed,
	} = offered.get(work.flightId) ?? {
		key: mint(),
		owner: work.owner,
		unclaimed: false,
	};
	work.owner = owner;

	const derives = work.ownKey === undefined && settings.keyFrom !== undefined;
	// A key that is not random may also have been sent by somebody else who derived it.
	const repeated = offered.has(work.flightId) || work.ownKey !== undefined || settings.keyFrom !== undefined;
	// Its claim may have been taken over, and its effect be of an operation that has been freed since.
	const mayBeUsed = offered.has(work.flightId) && work.ownKey === undefined && !unclaimed;

	for (let polls = 0; ; polls++) {
		// Encoded under this candidate: the boundary of a form is made from its key.
		const kept = settings.keepRequest ? await keep(request, candidate) : undefined;
		const issued = work.elapsed();
		const claim: Claim = {
			key: candidate,
			fingerprint,
			owner,
			lease: leaseOf(work),
			bytes,
			request: kept,
			keyLife: keyLife(settings.dialect.retention),
			onLapsed: 'take',
			takeFrom,
			awaited: waitedFor,
			previousKey: derives || mayBeUsed || waitedFor !== undefined ? previousKey : undefined,
		};
		offered.set(work.flightId, {key: candidate, owner, unclaimed});
		let result: ClaimResult;
		try {
			result = await ledger.claim(id, claim);
		} catch (error) {
			if (settings.onStoreError === 'fail' || !isLatchkeyError(error, 'STORE_FAILED')) throw error;
			offered.set(work.flightId, {key: candidate, owner, unclaimed: true});
			const hold = unstored(work, claim, issued, repeated);
			work.report({type: 'degraded', error});
			return {status: 'claimed', hold};
		}

		offered.delete(work.flightId);
		if (result.status === 'spent') {
			if (waitedFor !== undefined) return {status: 'forgotten'};
			candidate = unspent(work, mint(result.previousKey ?? undefined), result.previousKey);
			previousKey = result.previousKey;
			unclaimed = false;
			continue;
		}

		const {record, now} = result;
		work.key = record.key;
		await refuseOtherKey(work, result);
		if (result.status === 'claimed') return {status: 'claimed', hold: holdOf(work, record, now, issued, claim)};
		if (result.status === 'settled' || result.status === 'mismatch') return {status: result.status, record};
		if (polls === 0) work.report({type: 'waiting-elsewhere'});
		waitedFor = record.key;
		takeFrom = (await waitForOwner(work, id, record, now, polls)) ? record.owner : undefined;
		if (work.left() <= 0 || work.leaving.left()) return {status: 'elsewhere', record};
	}
}

/** Loaded where requests are kept. */
async function keep(request: Outgoing, candidate: string): Promise<StoredRequest> {
	const {keptRequest} = await import('../request/kept-request.ts');
	return keptRequest(request, candidate);
}

function holdOf(work: NamedWork, record: OperationRecord, now: number, issued: number, claim: Claim): Hold {
	if (record.ambiguous) work.report({type: 'taken-over'});
	if (record.bytes !== claim.bytes) work.report({type: 'bytes-changed'});
	if (work.realm.ledger.degraded !== undefined) work.report({type: 'degraded', error: work.realm.ledger.degraded});
	const trusted = isTrusted(work, record, now);
	const since = () => work.elapsed() - issued;
	return {
		record,
		keyLeft: () => (trusted ? record.keyUntil - now - since() : 0),
		leaseLeft: () => record.leaseUntil - now - since(),
		claim,
		stored: true,
	};
}

/** A clock that was set back makes every age a guess. */
export function isTrusted(work: NamedWork, {updatedAt}: OperationRecord, now: number): boolean {
	return now >= updatedAt - roundOf(work);
}

/** The claim failed, and the caller prefers to go on: under the key that was offered. `repeated`: perhaps not for the first time. */
function unstored(work: NamedWork, claim: Claim, issued: number, repeated: boolean): Hold {
	const now = work.environment.now();
	const {result} = claimRule({scope: '', name: ''}, undefined, {...claim, previousKey: null}, now);
	if (result.status !== 'claimed') throw new Error('latchkey invariant: a free operation can be claimed');
	work.key = claim.key;
	return {
		record: {...result.record, ambiguous: repeated},
		keyLeft: () => claim.keyLife - (work.elapsed() - issued),
		leaseLeft: () => Number.POSITIVE_INFINITY,
		claim,
		stored: false,
	};
}

function unspent(work: NamedWork, candidate: string, spent: string | null): string {
	if (candidate !== spent) return candidate;
	const whose = work.ownKey === undefined ? 'keyFrom returned' : 'idempotencyKey is';
	throw new TypeError(
		`latchkey: ${whose} the key of an operation that was freed; a new beginning under this name needs a new key. Nothing was sent.`,
	);
}

async function refuseOtherKey(
	work: NamedWork,
	result: ClaimResult & {readonly record: OperationRecord},
): Promise<void> {
	const {record} = result;
	if (work.ownKey === undefined || record.key === work.ownKey) return;
	if (result.status === 'claimed') {
		const {key, owner, token} = record;
		const released = {key, owner, token, state: {status: 'unknown'}, fenced: true, keepAnswer: false} as const;
		await work.realm.ledger.settle(await work.id, released);
	}

	throw otherKey(work.operation);
}
