import {unlessLeft} from '../attempt/leaving.ts';
import {isLatchkeyError, StoreError} from '../errors.ts';
import {hushed} from '../guarded.ts';
import {mistake} from '../mistake.ts';
import {keptRequest} from '../request/kept-request.ts';
import {validateKey} from '../request/key.ts';
import {claimRule} from '../stores/claim-rule.ts';
import type {Claim, ClaimResult, Listed} from '../stores/store.ts';
import {isLeaseEndless, keyLifeOf, keyStanding, roundOf} from './key-age.ts';
import {keepRecord, knownRecord} from './known.ts';
import {otherKey} from './other-key.ts';
import {isFree, keyEndOf} from './record.ts';
import {waitForOwner} from './wait-for-owner.ts';
import type {NamedWork} from './named-work.ts';
import type {Offer} from './realm.ts';

/** A record as the store showed it when the flight was `issued` milliseconds old: the store's time goes on from `now`. */
export type Seen = Listed & {readonly issued: number};

/** What this flight holds while it works: the record, and for how long, in milliseconds since the flight began. */
export type Hold = Seen & {
	/** When the key may not be sent any more. */
	readonly sendableUntil: number;
	/** The store's clock was set back: nothing may be sent now. */
	readonly clockSetBack: boolean;
	/** Until then nobody else can have taken over. */
	readonly leaseEnd: number;
	/** What was asked of the store. */
	readonly claim: Claim;
	/** False when it failed and the caller preferred to go on: the store never took the claim. */
	readonly stored: boolean;
	/** Somebody who shares no store with us may have sent this key, or may be sending it. */
	readonly foreign: boolean;
};

export type Claimed =
	| {readonly status: 'claimed'; readonly hold: Hold}
	| {readonly status: 'settled'; readonly seen: Seen}
	| {readonly status: 'mismatch'}
	/** `forgotten`: what this call was about has been freed, and another operation under its name since. */
	| {readonly status: 'elsewhere' | 'forgotten'};

/** A sound store says so once, or twice where others begin and end the operation meanwhile. */
const MOST_SPENT = 20;

/** How long a claim lasts, in milliseconds. Every further attempt renews it, and a short one renews itself. */
export function leaseOf({realm, settings}: NamedWork): number {
	return realm.ledger.lease ?? roundOf(settings);
}

/**
 * Claims the operation; while somebody else is at it, waits. `elsewhere`: they still are, and time is over.
 * Throws a StoreError, or a TypeError for a key that cannot be used; nothing has been sent then.
 */
export async function claimOperation(work: NamedWork, awaited: string | undefined): Promise<Claimed> {
	const {realm, settings, request, ownKey, owner, flightId, operation} = work;
	const {ledger, offered} = realm;
	const {keyFrom, keySenders, onStoreError} = settings;
	const id = await work.id();
	const fingerprint = await unlessLeft(work.leaving, request.fingerprint());
	const bytes = settings.fingerprint && (await request.bytes());
	const life = keyLifeOf(settings, work.since);
	// A key that is not random may have been sent by somebody who shares no store with us; one that is resumed was sent.
	const given = request.resumes === undefined && (ownKey !== undefined || keyFrom !== undefined);
	const foreign = () => given && (keySenders !== 'this-store' || ledger.degraded !== undefined);
	const offer = (last?: string): Offer => {
		const derive = () =>
			keyFrom && validateKey(hushed(keyFrom({scope: id.scope, operation, fingerprint, previousKey: last})));
		const key = ownKey ?? derive() ?? work.environment.uuid();
		return {key, owner, fingerprint, sent: 'no', ambiguous: foreign() || request.resumes !== undefined};
	};

	let previousKey: string | null = null;
	let spentKeys = 0;
	let waitedFor = awaited;
	let takeFrom: string | undefined;
	const before = offered.get(flightId);
	const isOther = before !== undefined && ownKey !== undefined && before.key !== ownKey;
	if (isOther && !(await isOver(work, before))) throw otherKey(operation);
	// One that was never sent gives way to the caller's own, and to what is derived from another request.
	const isStale = before?.sent === 'no' && keyFrom !== undefined && before.fingerprint !== fingerprint;
	const earlier = isOther || isStale ? undefined : before;
	let candidate = earlier ?? offer();
	// Encoded under its candidate: the boundary of a form is made from the key.
	let kept = settings.keepRequest ? await keptRequest(request, candidate.key) : undefined;

	// The claim of an earlier one may have been taken over, and its effect be of an operation that has been freed since.
	const mayBeUsed =
		ownKey === undefined && (keyFrom !== undefined || (earlier !== undefined && earlier.sent !== 'unclaimed'));

	for (let polls = 0; ;) {
		const issued = work.elapsed();
		let claim: Claim = {
			...life,
			key: candidate.key,
			fingerprint,
			owner,
			lease: leaseOf(work),
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
		offered.set(flightId, candidate);
		let stored = true;
		let result: ClaimResult;
		try {
			if (work.withheld !== undefined) throw work.withheld;
			result = await ledger.claim(id, claim);
			offered.delete(flightId);
		} catch (error) {
			if (onStoreError === 'fail' || !isLatchkeyError(error, 'STORE_FAILED')) throw error;
			// The same rule, on what this realm knows. An earlier claim of the same key may have been taken over.
			stored = false;
			claim = {...claim, ambiguous: given || candidate.ambiguous || earlier !== undefined};
			const known = knownRecord(work) ?? {record: undefined, now: work.environment.now()};
			result = claimRule(id, known.record, claim, known.now).result;
			if (result.status === 'claimed')
				offered.set(flightId, {key: result.record.key, owner, sent: 'unclaimed', ambiguous: true});
			// A success is told from here too, and the store may know better by now.
			if (result.status === 'claimed' || result.status === 'settled') {
				work.key = result.record.key;
				work.report({type: 'degraded', error});
			}
		}

		if (result.status === 'spent') {
			if (waitedFor !== undefined) return {status: 'forgotten'};
			if (++spentKeys > MOST_SPENT)
				throw new StoreError({operation, step: 'claim', reason: `it calls ${MOST_SPENT} keys in a row used`});
			previousKey = result.previousKey;
			candidate = offer(previousKey ?? undefined);
			if (candidate.key === previousKey) throw spent(work);
			kept &&= await keptRequest(request, candidate.key);
			continue;
		}

		const {record, now} = result;
		const seen: Seen = {record, now, issued};
		work.key = record.key;
		keepRecord(work, work.environment, seen);
		if (result.status === 'other-key') throw otherKey(operation);
		if (result.status === 'claimed') {
			if (kept && record.key !== candidate.key && !record.ambiguous && record.request === undefined) {
				// It goes on under the key that it had: the request is to be encoded under that.
				candidate = {...candidate, key: record.key};
				kept = await keptRequest(request, record.key);
				continue;
			}

			if (stored) reportClaim(work, result, claim);
			const hold: Hold = {
				...seen,
				sendableUntil: issued + keyEndOf(record, life) - now,
				clockSetBack: keyStanding(result, life) === 'clock',
				leaseEnd: stored ? issued + record.leaseUntil - now : Number.POSITIVE_INFINITY,
				claim,
				stored,
				foreign: given && record.key === claim.key && (!stored || foreign()),
			};
			return {status: 'claimed', hold};
		}

		if (result.status === 'settled') return {status: 'settled', seen};
		if (result.status === 'mismatch') return {status: 'mismatch'};
		if (polls++ === 0) work.report({type: 'waiting-elsewhere'});
		waitedFor = record.key;
		const gone = isLeaseEndless(ledger, seen) || (await waitForOwner(work, id, record, now, polls - 1));
		takeFrom = gone ? record.owner : undefined;
		if (work.left() <= 0 || work.leaving.left()) return {status: 'elsewhere'};
	}
}

/** What was sent under a claim is over where the store has freed its key by now, or holds another. */
async function isOver({realm, id}: NamedWork, {key, sent}: Offer): Promise<boolean> {
	if (sent !== 'claimed') return sent === 'no';
	const {scope, name} = await id();
	const [found] = await realm.ledger.list(scope, name);
	return found !== undefined && (found.record.key !== key || isFree(found.record));
}

function reportClaim({report, realm}: NamedWork, {record, now}: Listed, claim: Claim): void {
	const {degraded} = realm.ledger;
	if (record.ambiguous && (record.createdAt !== now || !claim.ambiguous)) report({type: 'taken-over'});
	if (record.bytes !== claim.bytes) report({type: 'bytes-changed'});
	if (degraded !== undefined) report({type: 'degraded', error: degraded});
}

function spent({ownKey}: NamedWork): Error {
	const whose = ownKey === undefined ? 'keyFrom returned' : 'idempotencyKey is';
	return mistake(
		`${whose} the key of an operation that was freed; a new beginning under this name needs a new key. Nothing was sent.`,
	);
}
