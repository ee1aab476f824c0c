import {isLatchkeyError, StoreError} from '../errors.ts';
import {isMistake} from '../mistake.ts';
import {namedAttempts, unnamedAttempts, conclude} from './attempts.ts';
import {claimKey} from './claim.ts';
import type {Flight} from './flight.ts';
import type {HeldLease} from './lease.ts';
import {nextOwner, remember, type Run} from './operations.ts';
import {
	alreadySettled,
	isOf,
	namedResult,
	notKnown,
	payloadChanged,
	unnamedResult,
	unsavedOutcome,
} from './outcomes.ts';
import type {Result} from './outcome.ts';
import {findOut, toBeAsked, withWhatExists} from './find-out.ts';
import {settle} from './settle.ts';
import {isDefinitive} from './state.ts';
import {sweepSoon} from './sweep.ts';

/**
 * The way of a named operation: claim the key, send, conclude, settle, tell the outcome. It goes round again only
 * where somebody else has taken over (then it waits for them), or where an old doubt was cleared up before anything
 * was sent (then it begins anew).
 */
export async function runNamed(run: Run): Promise<Result> {
	const {operation, progress, settings} = run;
	const {store} = operation.operations;
	const unsaved = operation.unsaved && (await unsavedOutcome(run, operation.unsaved));
	if (unsaved !== undefined) return unsaved;

	run.owner = operation.candidate?.owner ?? run.owner;
	let release = await store.hold(run.owner);
	let awaited = run.request.resumes;
	let asked = false;
	let lease: HeldLease | undefined;
	try {
		for (;;) {
			const claimed = await claimKey(run, awaited);
			if (claimed.lease === undefined) return claimed.result;
			({lease} = claimed);
			const {record, remaining} = lease;
			awaited = record.key;
			const why = await namedAttempts(run, lease);
			if (why === 'lost') {
				lease.stop();
				waitForOther(run, record.key);
				continue;
			}

			let finding = conclude(progress, why);
			if (why === 'answered' && progress.verdict?.exists)
				finding = await withWhatExists(run, progress.verdict.exists, finding);
			if ((finding.state.status === 'unknown' || why === 'pending') && !asked) {
				asked = true;
				finding = (await findOut(run, record)) ?? finding;
			}

			if (finding.state.status === 'pending' && why === 'answered') finding = await toBeAsked(run, finding);

			lease.stop();
			const {state, binding, found} = finding;
			const changed = found && state.status === 'succeeded' && !(await isOf(run, record));
			const result = changed ? payloadChanged(run) : namedResult(run, why, finding);
			// An own key is used up: it is for its owner to make another one.
			const beginsAnew = found && state.status === 'refused' && progress.attempts === 0 && run.ownKey === undefined;
			const lasts = () => binding || state.status === 'succeeded' || remaining() > 0;
			const known = () => (state.status !== 'unknown' && !beginsAnew && lasts() ? result : undefined);
			// Not assigned as it is made: V8 puts such functions into old space, and with them all that they see of the call.
			run.verdict = known;
			const saved = await settle(run, lease, finding);
			run.verdict = undefined;
			if (saved.status === 'conflict' && state.status !== 'succeeded') return notKnown(run, 'conflict');
			if (beginsAnew) {
				awaited = run.request.resumes;
				progress.ambiguous = false;
				continue;
			}

			if (saved.status === 'lost' && state.status !== 'succeeded') {
				// What was refused may yet be written down for the owner that this was, and must not count any more.
				release?.();
				// The store has answered: it is asked again, and says who is at it.
				run.withheld = undefined;
				run.owner = nextOwner(operation.operations);
				release = await store.hold(run.owner);
				waitForOther(run, record.key);
				continue;
			}

			// What was learnt by asking, or by sending it again, is no more than that.
			const isStill = record.state.status === 'pending' && (why === 'pending' || state.status === 'unknown');
			if ((saved.status === 'stronger' && saved.record) || (isStill && !isDefinitive(state)))
				return await alreadySettled(run, {record: saved.record ?? record, now: lease.now});
			if (saved.record?.answerUntil !== undefined && !settings.keepResponse) sweepSoon(run);
			if (!changed && run.keepsAnswer) remember(operation, result);
			return result;
		}
	} catch (error) {
		const ofStore = isLatchkeyError(error, 'STORE_FAILED');
		if (progress.attempts === 0 || !(ofStore || isMistake(error))) throw error;
		if (ofStore) run.report({type: 'store-error', step: 'claim', error});
		else progress.firstFailure ??= error;
		return namedResult(run, 'exhausted', conclude(progress, 'exhausted'));
	} finally {
		lease?.stop();
		release?.();
	}
}

/**
 * The way of a keyed call without a name: no record, no claim; what it cannot settle it tells as fetch would. A key that
 * was not made here may have been sent by others.
 */
export async function runUnnamed(run: Flight, given: string | undefined): Promise<Result> {
	const key = given ?? run.environment.uuid();
	run.key = key;
	run.foreign = given !== undefined;
	const why = await unnamedAttempts(run, key);
	const finding = conclude(run.progress, why);
	const exists = why === 'answered' ? run.progress.verdict?.exists : undefined;
	return unnamedResult(run, why, exists ? await withWhatExists(run, exists, finding) : finding);
}

/** A lease may be lost to others, or in sleep; this often it is the store that takes back what it grants. */
const MOST_LOST = 20;

/**
 * Somebody else is at it, or has been. Should the record be gone when it is claimed again, no other key may be offered:
 * what was sent may still have its effect.
 */
function waitForOther(run: Run, key: string): void {
	const {operation, owner, progress} = run;
	if (++run.losses > MOST_LOST)
		throw new StoreError({operation: operation.name, step: 'claim', reason: 'it took the claim back'});
	progress.ambiguous = true;
	operation.candidate = {key, owner, sent: 'claimed', ambiguous: true};
}
