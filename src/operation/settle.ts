import type {Answer} from '../dialect/dialect.ts';
import {settleRule, unleased} from '../stores/rules.ts';
import type {OperationId, Settlement} from '../stores/store.ts';
import type {Hold} from './claim.ts';
import type {Conclusion} from './conclude.ts';
import type {KeptLease} from './keep-lease.ts';
import {correctRecord, keepRecord} from './known.ts';
import {placeOf, type Place} from './place.ts';
import type {Realm, Unsaved} from './realm.ts';
import {isSmall} from './remember.ts';
import type {OperationRecord} from './record.ts';
import {isDefinitive, transition} from './state.ts';
import {atRest} from './at-rest.ts';
import type {NamedWork} from './named-work.ts';

export type Settled = {
	/**
	 * `done`: as asked. `lost`: another owner is at it. `stronger`: the record already knew better. `conflict`: it was sent
	 * without a claim, and the store holds another key by now.
	 */
	readonly status: 'done' | 'lost' | 'stronger' | 'conflict';
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
	{record, now, issued, claim, stored}: Hold,
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
	const storeNow = () => now + work.elapsed() - issued;
	// Who has to claim again cannot know who has sent the key meanwhile. A record under another one is left as it is.
	const again = () => ({
		...claim,
		key,
		ownKey: true,
		// What another has begun may have been settled without a word of what was sent from here.
		random: claim.random && claim.key === key,
		ambiguous: true,
		keyLife: record.keyUntil - record.createdAt,
		keyAge: Math.max(0, storeNow() - record.createdAt),
		awaited: undefined,
		previousKey: undefined,
	});
	const written = settleRule(record, settlement(record.token), storeNow()).write;
	const before = realm.unsaved.get(flightId);
	const earlier = before?.stored && before.record.key !== key ? before : before?.earlier;
	// That the store holds another key was found while this was sent: it stays found.
	const storedKey = before?.storedKey;
	realm.unsaved.set(flightId, {
		record,
		state,
		settlement,
		claim: again,
		stored,
		earlier,
		storedKey,
		report: work.report,
	});
	if (state.status !== 'unknown') realm.offered.delete(flightId);
	keepRecord(work, work.environment, {record: written ?? record, now: storeNow()});
	try {
		const settled = await save(work);
		work.withheld = undefined;
		return settled;
	} catch (error) {
		work.report({type: 'store-error', step: 'settle', error});
		if (fenced && state.status !== 'unknown' && lease.left() <= 0) {
			// Who took over when the lease was over may know better, and the store would have told.
			realm.unsaved.delete(flightId);
			correctRecord(work, {...record, ...unleased, state: {status: 'unknown'}, ambiguous: true});
			return {status: 'lost'};
		}

		saveLater(work, 0);
		return {status: 'done'};
	}
}

/** Gives the store what only this realm knows of the operation. Throws when it does not take it. */
export async function save(place: Place): Promise<Settled> {
	const {realm, flightId, id: find} = place;
	const unsaved = realm.unsaved.get(flightId);
	if (unsaved === undefined) return {status: 'done'};
	const {state, earlier, report} = unsaved;
	if (unsaved.storedKey !== undefined) return {status: 'conflict'};
	const id = await find();
	const become = (next: Unsaved) => realm.unsaved.get(flightId) === unsaved && realm.unsaved.set(flightId, next);
	if (earlier !== undefined) {
		await saveOne(realm, id, earlier);
		become({...unsaved, earlier: undefined});
		return save(place);
	}

	const {status, record} = await saveOne(realm, id, unsaved);
	if (record !== undefined && status !== 'conflict') correctRecord(place, record);
	const {key} = unsaved.record;
	const storedKey = record?.key ?? key;
	if (status === 'conflict') {
		become({...unsaved, storedKey});
		report({type: 'key-conflict', storedKey});
		return {status, record};
	}

	if (realm.unsaved.get(flightId) === unsaved) {
		realm.unsaved.delete(flightId);
		// The store knows the key by now.
		if (realm.offered.get(flightId)?.key === key) realm.offered.delete(flightId);
	}

	if (status === 'lost') {
		if (state.status === 'succeeded' && storedKey !== key) report({type: 'late-success', replacedBy: storedKey});
		return {status, record};
	}

	// A doubt that was written instead takes nothing from the answer.
	const stronger = record !== undefined && isDefinitive(record.state) && record.state.status !== state.status;
	return {status: stronger ? 'stronger' : 'done', record};
}

/** The same for a whole scope. The places of what the store does not take. */
export async function saveAll(realm: Realm, scope: string | null): Promise<Place[]> {
	const places = [...realm.unsaved.keys()].flatMap(id => {
		const [of, ...operation] = JSON.parse(id) as [string | null, ...string[]];
		return of === scope ? placeOf(realm, scope, operation) : [];
	});
	await Promise.all(places.map(async place => save(place).catch(() => undefined)));
	return places.filter(({flightId}) => realm.unsaved.has(flightId));
}

async function saveOne(realm: Realm, id: OperationId, unsaved: Unsaved): Promise<Settled> {
	const {stored, state, settlement, record} = unsaved;
	const settled = stored && (await realm.ledger.settle(id, settlement(record.token)));
	// The site's data was cleared in flight: what is known here is all that is left of it.
	const gone = settled && settled.status === 'lost' && settled.record === undefined && state.status !== 'refused';
	return settled && !gone ? settled : saveAgain(realm, id, unsaved);
}

/** Makes the claim that the store does not hold, then settles it. */
async function saveAgain(realm: Realm, id: OperationId, {claim, record, state, settlement}: Unsaved): Promise<Settled> {
	const asked = claim();
	const claimed = await realm.ledger.claim(id, asked);
	const freed = claimed.status === 'spent';
	const key = freed ? claimed.previousKey : claimed.record.key;
	const known = freed ? key : claimed.record.previousKey;
	// A claim of it came late, and others have gone on from there. (A derived key may have been used earlier, too.)
	if (asked.random && known === asked.key && !(freed && isDefinitive(state)))
		return {status: 'lost', ...(!freed && {record: claimed.record})};
	// What made an earlier use of the key free says nothing of a doubt about this one.
	if (key !== asked.key || (freed && !isDefinitive(state)))
		return {status: 'conflict', ...(!freed && {record: claimed.record})};
	return realm.ledger.settle(id, settlement(claimed.status === 'claimed' ? claimed.record.token : record.token));
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
