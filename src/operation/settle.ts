import type {Answer} from '../dialect/dialect.ts';
import type {OperationId, Settlement} from '../stores/store.ts';
import type {Hold} from './claim.ts';
import type {Conclusion} from './conclude.ts';
import type {KeptLease} from './keep-lease.ts';
import type {Place} from './place.ts';
import type {Realm, Unsaved} from './realm.ts';
import {isSmall} from './remember.ts';
import type {OperationRecord, StoredAnswer} from './record.ts';
import {strength, transition} from './state.ts';
import type {NamedWork} from './named-work.ts';

export type Settled = {
	/** `done`: as asked. `lost`: another owner is at it. `stronger`: the record already knew better. */
	readonly status: 'done' | 'lost' | 'stronger';
	readonly record?: OperationRecord | undefined;
};

/** Waits before the store is tried again, in milliseconds. */
const BACKGROUND = [500, 2_000, 8_000];

/**
 * Writes the outcome. A failure of the store takes nothing from the caller: this realm remembers what it wrote, and
 * tries again in the background.
 */
export async function settle(
	work: NamedWork,
	{record, claim, stored, keyEnd}: Hold,
	lease: KeptLease,
	{state: learnt, firm, found}: Conclusion,
	last: Answer | undefined,
): Promise<Settled> {
	const {realm, flightId, settings} = work;
	const {key, owner} = record;
	const state = transition(record.state, learnt, flightId);
	const answer = found ? undefined : last;
	// A success counts from anybody. So does a refusal that no other attempt can contradict.
	const fenced = !firm && state.status !== 'succeeded';
	const kept = answer?.body && (settings.keepResponse || isSmall(answer)) ? answer : undefined;
	const settlement = (held: number): Settlement => ({
		key,
		owner,
		token: held,
		state,
		fenced,
		keepAnswer: settings.keepResponse,
		// A getter: it is copied only when the store takes it.
		get answer() {
			return kept && atRest(kept);
		},
	});
	const again = {
		...claim,
		key,
		keyLife: Math.max(0, keyEnd - work.elapsed()),
		awaited: undefined,
		previousKey: undefined,
	};
	realm.unsaved.set(flightId, {record, state, settlement, claim: stored ? again : claim, stored});
	if (strength(state) > 0) realm.offered.delete(flightId);
	try {
		return await save(work);
	} catch (error) {
		work.report({type: 'store-error', step: 'settle', error});
		if (fenced && strength(state) > 0 && lease.left() <= 0) {
			// Who took over when the lease was over may know better, and the store would have told.
			realm.unsaved.delete(flightId);
			return {status: 'lost'};
		}

		saveLater(work, 0);
		return {status: 'done'};
	}
}

/** Gives the store what only this realm knows of the operation. Throws when it does not take it. */
export async function save({realm, flightId, id: find}: Place): Promise<Settled> {
	const unsaved = realm.unsaved.get(flightId);
	if (unsaved === undefined) return {status: 'done'};
	const id = await find();
	const {stored, state, settlement} = unsaved;
	const settled = stored && (await realm.ledger.settle(id, settlement(unsaved.record.token)));
	// The site's data was cleared in flight: what is known here is all that is left of it.
	const gone = settled && settled.status === 'lost' && settled.record === undefined && state.status !== 'refused';
	const {status, record} =
		settled && !gone ? settled : await realm.ledger.settle(id, settlement(await claimAgain(realm, id, unsaved)));
	if (realm.unsaved.get(flightId) === unsaved) realm.unsaved.delete(flightId);
	if (status === 'lost') return {status, record};
	const stronger = record !== undefined && record.state.status !== state.status;
	return {status: stronger ? 'stronger' : 'done', record};
}

/** Makes the claim that the store does not hold; the token of the new one. */
async function claimAgain(realm: Realm, id: OperationId, {claim, record, state}: Unsaved): Promise<number> {
	const claimed = await realm.ledger.claim(id, claim);
	const freed = claimed.status === 'spent';
	const key = freed ? claimed.previousKey : claimed.record.key;
	// What made an earlier use of the key free says nothing of a doubt about this one.
	if (key !== claim.key || (freed && strength(state) === 0))
		throw new Error('another key stands in the store for this operation');
	return claimed.status === 'claimed' ? claimed.record.token : record.token;
}

function saveLater(work: NamedWork, tries: number): void {
	const ms = BACKGROUND[tries];
	if (ms === undefined) return;
	work.environment.timer(() => {
		save(work).catch(() => {
			saveLater(work, tries + 1);
		});
	}, ms);
}

function atRest({status, statusText, headers, body, url}: Answer): StoredAnswer {
	// Cookies are no part of an answer; only Node shows them at all.
	const kept = [...headers].filter(([name]) => name !== 'set-cookie');
	return {status, statusText, headers: kept, body: body ?? new Uint8Array(), url};
}

/** The answer of a record, as if it had just come. */
export function fromRest({headers, body, ...rest}: StoredAnswer): Answer {
	return {
		...rest,
		headers: new Headers(Object.fromEntries(headers)),
		body: new Uint8Array(body),
		redirected: false,
		type: 'basic',
	};
}
