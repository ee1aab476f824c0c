import type {Environment} from '../environment.ts';
import {OutcomeUnknownError} from '../errors.ts';
import type {Freeing, Listed} from '../stores/store.ts';
import {keepRecord} from './known.ts';
import type {Place} from './place.ts';
import {isFree, isOpen, isUnprocessed, type OperationRecord} from './record.ts';
import {notify} from './remember.ts';
import {resolveRecord} from './resolve.ts';
import {save} from './settle.ts';
import {saidState} from './state.ts';

/** The record as it stands in the store, which is given first what only this realm knows. */
export async function recordAt(at: Place): Promise<Listed | undefined> {
	await save(at).catch(() => undefined);
	const {scope, name} = await at.id();
	const [found] = await at.realm.ledger.list(scope, name);
	return found;
}

/** Frees the operation, and drops what this realm knows of it. False: it is unprocessed, and there is nothing to complete. */
export async function free(at: Place, how: Freeing['how']): Promise<boolean> {
	const {realm, flightId} = at;
	const record = (await recordAt(at))?.record;
	const open = how === 'force' ? undefined : openHere(at, record);
	if (open !== undefined) throw stillOpen(at, open, how);
	if (how === 'complete' && isUnprocessed(record)) return false;
	const unsaved = how === 'force' ? undefined : realm.unsaved.get(flightId);
	// It had its outcome under a key that the store does not hold: what the store holds is somebody else's.
	const elsewhere = unsaved?.storedKey !== undefined;
	// Tells why the store does not take what is known here.
	if (unsaved !== undefined && !elsewhere) await save(at);
	if (!elsewhere && record !== undefined && !(record.freed || (isFree(record) && how === 'complete'))) {
		const {status} = await realm.ledger.forget(await at.id(), {key: record.key, how});
		if (status === 'open') throw stillOpen(at, record.key, how);
	}

	forgetHere(at);
	return true;
}

/** Settles it by somebody's word. Gives the record as it stands then, where it has changed. */
export async function resolve(
	at: Place,
	environment: Environment,
	outcome: 'succeeded' | 'refused',
): Promise<Listed | undefined> {
	const found = await recordAt(at);
	const record = found?.record;
	const resolvedHere = resolveHere(at, outcome);
	if (record?.freed === false && record.state.status === outcome) return undefined;
	if (found === undefined || record === undefined || !(isOpen(record) || isUnprocessed(record))) {
		if (resolvedHere) return undefined;
		throw new TypeError(`latchkey: there is no open operation to resolve as ${outcome}`);
	}

	const settled = await resolveRecord(at, record, outcome);
	if (settled === undefined) throw stillOpen(at, record.key, 'resolve');
	at.realm.offered.delete(at.flightId);
	if (at.realm.known.has(at.flightId)) keepRecord(at, environment, settled, found.now);
	return {record: settled, now: found.now};
}

/** Settles by word what the store cannot be told, because it holds another key. False: there is nothing of that kind. */
function resolveHere({realm, flightId}: Place, outcome: 'succeeded' | 'refused'): boolean {
	const unsaved = realm.unsaved.get(flightId);
	if (unsaved?.storedKey === undefined) return false;
	if (outcome === 'succeeded') realm.unsaved.set(flightId, {...unsaved, state: saidState(outcome)});
	else realm.unsaved.delete(flightId);
	realm.offered.delete(flightId);
	realm.recent.delete(flightId);
	return true;
}

function stillOpen({operation}: Place, key: string, how: string): OutcomeUnknownError {
	return new OutcomeUnknownError({operation, key, hint: `So ${how}() was refused.`});
}

/**
 * The key of what this realm knows to be open and the store does not: an outcome that it has not taken, a key that was sent
 * without a claim, or a claim that may be on its way to it.
 */
export function openHere({realm, flightId}: Place, record: OperationRecord | undefined): string | undefined {
	const {unsaved, offered, flights} = realm;
	const told = unsaved.get(flightId);
	if (told?.state.status === 'unknown') return told.record.key;
	const offer = offered.get(flightId);
	const claiming = flights.has(flightId) && isFree(record);
	return offer?.sent === 'unclaimed' || claiming ? (offer?.key ?? flights.get(flightId)?.key() ?? '') : undefined;
}

/** Nothing of it is left in this realm's memory. */
export function forgetHere(place: Place): void {
	const {realm, flightId} = place;
	const {recent, unsaved, known, offered, snapshots} = realm;
	for (const memory of [recent, unsaved, known, offered, snapshots]) memory.delete(flightId);
	notify(place);
}
