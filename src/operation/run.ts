import type {Ending} from '../attempt/loop.ts';
import {isLatchkeyError, StoreError} from '../errors.ts';
import {isMistake} from '../mistake.ts';
import {namedAttempts, unnamedAttempts} from './attempts.ts';
import {claimOperation, type Hold, type Seen} from './claim.ts';
import {conclude} from './conclude.ts';
import {keepLease, type KeptLease} from './keep-lease.ts';
import {
	alreadySettled,
	isOf,
	namedResult,
	notKnown,
	payloadChanged,
	unnamedResult,
	unsavedOutcome,
} from './outcomes.ts';
import {nextOwner} from './realm.ts';
import {reconcile} from './reconcile.ts';
import {remember} from './remember.ts';
import type {OperationRecord} from './record.ts';
import type {Result} from './result.ts';
import {settle} from './settle.ts';
import {saidState} from './state.ts';
import {sweepSoon} from './sweep.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

/**
 * The way of a named operation: claim the key, send, conclude, settle, tell the outcome. It goes round again only
 * where somebody else has taken over (then it waits for them), or where an old doubt was cleared up before anything
 * was sent (then it begins anew).
 */
export async function runNamed(work: NamedWork): Promise<Result> {
	const {realm, flightId, progress, settings} = work;
	const unsaved = realm.unsaved.get(flightId);
	const known = unsaved && (await unsavedOutcome(work, unsaved));
	if (known !== undefined) return known;

	work.owner = realm.offered.get(flightId)?.owner ?? work.owner;
	let release = await realm.ledger.hold(work.owner);
	let awaited = work.request.resumes;
	let asked = false;
	let lease: KeptLease | undefined;
	let losses = 0;
	try {
		for (;;) {
			const claimed = await claimOperation(work, awaited);
			if (claimed.status === 'settled') return await alreadySettled(work, claimed.seen);
			if (claimed.status === 'mismatch') return payloadChanged(work);
			if (claimed.status !== 'claimed') return notKnown(work, claimed.status);

			const {hold} = claimed;
			awaited = hold.record.key;
			lease = keepLease(work, hold);
			const ending = await namedAttempts(work, hold, lease);
			if (ending.why === 'lost') {
				lease.stop();
				becomeWaiter(work, hold.record.key, ++losses);
				continue;
			}

			let conclusion = conclude(ending);
			if (conclusion.state.status === 'unknown' && !asked) {
				asked = true;
				const found = await reconcile(work);
				if (found !== undefined) conclusion = {state: saidState(found), firm: false, found: true};
			}

			lease.stop();
			const {state, firm, found} = conclusion;
			const {left} = lease;
			const changed = found && state.status === 'succeeded' && !(await isOf(work, hold.record));
			const tell = () => (changed ? payloadChanged(work) : namedResult(work, ending, conclusion));
			// An own key is used up: it is for its owner to make another one.
			const beginsAnew = found && state.status === 'refused' && progress.attempts === 0 && work.ownKey === undefined;
			const lasts = () => firm || state.status === 'succeeded' || left() > 0;
			work.verdict = () => (state.status !== 'unknown' && !beginsAnew && lasts() ? tell() : undefined);
			const {status, record} = await settle(work, hold, lease, conclusion, ending.answer);
			work.verdict = undefined;
			if (status === 'conflict' && state.status !== 'succeeded') return notKnown(work, 'conflict');
			if (beginsAnew) {
				awaited = work.request.resumes;
				progress.ambiguous = false;
				continue;
			}

			if (status === 'lost' && state.status !== 'succeeded') {
				// What was refused may yet be written down for the owner that this was, and must not count any more.
				release?.();
				// The store has answered: it is asked again, and says who is at it.
				work.withheld = undefined;
				work.owner = nextOwner(realm);
				release = await realm.ledger.hold(work.owner);
				becomeWaiter(work, hold.record.key, ++losses);
				continue;
			}

			if (status === 'stronger' && record !== undefined)
				return await alreadySettled(work, seenLater(work, hold, record));
			if (record?.answerUntil !== undefined && !settings.keepResponse) sweepSoon(work);
			const result = tell();
			if (!changed && work.keepsAnswer()) remember(work, result);
			return result;
		}
	} catch (error) {
		const ofStore = isLatchkeyError(error, 'STORE_FAILED');
		if (progress.attempts === 0 || !(ofStore || isMistake(error))) throw error;
		if (ofStore) work.report({type: 'store-error', step: 'claim', error});
		else progress.firstFailure ??= error;
		const ending: Ending = {...progress, why: 'exhausted'};
		return namedResult(work, ending, conclude(ending));
	} finally {
		lease?.stop();
		release?.();
	}
}

/** The record as it stands by now, and the store's time. */
function seenLater(work: NamedWork, {now, issued}: Hold, record: OperationRecord): Seen {
	const elapsed = work.elapsed();
	return {record, now: now + elapsed - issued, issued: elapsed};
}

/**
 * The way of a keyed call without a name: no record, no claim; what it cannot settle it tells as fetch would. A key that
 * was not made here may have been sent by others.
 */
export async function runUnnamed(work: Work, given: string | undefined): Promise<Result> {
	const key = given ?? work.environment.uuid();
	work.key = key;
	work.foreign = given !== undefined;
	const ending = await unnamedAttempts(work, key);
	return unnamedResult(work, ending, conclude(ending));
}

/** A lease may be lost to others, or in sleep; this often it is the store that takes back what it grants. */
const MOST_LOST = 20;

/**
 * Somebody else is at it, or has been. Should the record be gone when it is claimed again, no other key may be offered:
 * what was sent may still have its effect.
 */
function becomeWaiter({realm, flightId, operation, owner, progress}: NamedWork, key: string, losses: number): void {
	if (losses > MOST_LOST) throw new StoreError({operation, step: 'claim', reason: 'it took the claim back'});
	progress.ambiguous = true;
	realm.offered.set(flightId, {key, owner, sent: 'claimed', ambiguous: true});
}
