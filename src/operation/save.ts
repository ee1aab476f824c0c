import type {Environment} from '../environment.ts';
import type {OperationId} from '../stores/store.ts';
import {correctRecord} from './known.ts';
import {placeOf, type Place} from './place.ts';
import type {Realm, Unsaved} from './realm.ts';
import type {OperationRecord} from './record.ts';
import {showSnapshot} from './remember.ts';
import {snapshotOfRecord} from './snapshot.ts';
import {isDefinitive} from './state.ts';

export type Settled = {
	/**
	 * `done`: as asked. `lost`: another owner is at it. `stronger`: the record already knew better. `conflict`: it was sent
	 * without a claim, and the store holds another key by now.
	 */
	readonly status: 'done' | 'lost' | 'stronger' | 'conflict';
	readonly record?: OperationRecord | undefined;
};

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

/** Waits before the store is tried again, in milliseconds; the last one for as long as this realm lives. */
const BACKGROUND = [500, 2_000, 8_000, 30_000] as const;

/** Tries again until the store has taken it. For a while this keeps a process from ending. */
export function saveLater(place: Place, environment: Environment): void {
	const {saving} = place.realm;
	const {flightId} = place;
	saving.get(flightId)?.();
	const wait = (tries: number) => {
		const ms = BACKGROUND[tries] ?? BACKGROUND[3];
		const again = () => {
			save(place).then(
				({status, record}) => {
					saving.delete(flightId);
					const shown = place.realm.snapshots.get(flightId);
					// Another has sent it since, and knows better than what was told here.
					if (shown && record && status !== 'done')
						showSnapshot(place, snapshotOfRecord(record, shown.limit, environment.now(), 0, false));
				},
				() => {
					wait(tries + 1);
				},
			);
		};
		saving.set(flightId, environment.timer(again, ms, ms < BACKGROUND[3]));
	};
	wait(0);
}
