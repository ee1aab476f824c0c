import type {Environment} from '../environment.ts';
import {OutcomeUnknownError} from '../errors.ts';
import {mistake} from '../mistake.ts';
import type {Freeing, Listed} from '../stores/store.ts';
import {unleased} from '../stores/rules.ts';
import {correctRecord, freeKnown, keepRecord, knownRecord} from './known.ts';
import type {Place} from './place.ts';
import {isFree, isOpen, isUnprocessed, type OperationRecord} from './record.ts';
import type {Unsaved} from './realm.ts';
import {notify} from './remember.ts';
import {resolveRecord} from './resolve.ts';
import {save} from './save.ts';
import {saidState, transition} from './state.ts';

/** The record as it stands in the store, which is given first what only this realm knows. */
export async function recordAt(at: Place): Promise<Listed | undefined> {
	await save(at).catch(() => undefined);
	const {scope, name} = await at.id();
	const [found] = await at.realm.ledger.list(scope, name);
	return found;
}

/** Frees the operation, and drops what this realm knows of it. False: there is nothing to complete, or it has begun anew. */
export async function free(at: Place, how: Freeing['how']): Promise<boolean> {
	const record = (await recordAt(at))?.record;
	const forced = how === 'force';
	const unsaved = forced ? undefined : at.realm.unsaved.get(at.flightId);
	const open = forced ? undefined : openHere(at, record);
	if (open !== undefined) throw stillOpen(at, open, how);
	// It had its outcome under a key that the store does not hold: what the store holds is somebody else's.
	if (unsaved?.storedKey !== undefined) {
		const {state, record: own} = unsaved;
		if (how === 'complete' && state.status !== 'succeeded') throw stillOpen(at, own.key, how);
		forgetHere(at);
		return true;
	}

	if (how === 'complete' && isUnprocessed(record)) return false;
	if (unsaved !== undefined) {
		// Tells why the store does not take what is known here. Where it does by now, that is to be freed in it.
		await save(at);
		return free(at, how);
	}

	if (record !== undefined && !(record.freed || (isFree(record) && how === 'complete'))) {
		const {status, record: left} = await at.realm.ledger.forget(await at.id(), {key: record.key, how});
		if (status === 'open') throw stillOpen(at, record.key, how);
		if (!forced && status === 'changed' && left && isOfHere(at, left)) return false;
	}

	// Somebody may have begun anew meanwhile.
	if (!forced && openHere(at, undefined) !== undefined) return false;
	forgetHere(at, record);
	return true;
}

/** Settles it by somebody's word. Gives the record as it stands then, where it has changed. */
export async function resolve(
	at: Place,
	environment: Environment,
	outcome: 'succeeded' | 'refused',
): Promise<Listed | undefined> {
	const {realm, flightId} = at;
	const found = await recordAt(at);
	const flight = realm.flights.get(flightId);
	if (flight !== undefined) throw stillOpen(at, flight.key() ?? '', 'resolve');
	const unsaved = realm.unsaved.get(flightId);
	// What the store cannot be told, because it holds another key or takes nothing: the word is about that, too.
	const record = found?.record;
	const apart = unsaved && (isFree(record) || unsaved.record.key !== record?.key) ? unsaved : undefined;
	const done = apart?.state.status === 'succeeded' && outcome === 'refused';
	const settledAlready = record?.freed === false && record.state.status === outcome;
	let settled: OperationRecord | undefined;
	if (!done && found && record && (isOpen(record) || isUnprocessed(record))) {
		settled = await resolveRecord(at, found, outcome);
		if (settled === undefined) throw stillOpen(at, record.key, 'resolve');
	} else if (done || !(settledAlready || apart)) throw mistake(`there is no open operation to resolve as ${outcome}`);

	if (apart !== undefined && apart.state.status !== 'succeeded') resolveHere(at, apart, outcome);
	if (found === undefined || settled === undefined)
		return apart && (apart.storedKey === undefined ? knownRecord(at) : found);
	realm.offered.delete(flightId);
	keepRecord(at, environment, {record: settled, now: found.now});
	return {record: settled, now: found.now};
}

function resolveHere(at: Place, unsaved: Unsaved, outcome: 'succeeded' | 'refused'): void {
	const {realm, flightId} = at;
	const state = transition(unsaved.state, saidState(outcome), flightId);
	const settlement: Unsaved['settlement'] = token => ({...unsaved.settlement(token), state, fenced: true});
	// A refusal under a key that the store does not hold is nothing to tell it.
	if (outcome === 'refused' && unsaved.storedKey !== undefined) realm.unsaved.delete(flightId);
	else realm.unsaved.set(flightId, {...unsaved, state, settlement});
	correctRecord(at, {...unsaved.record, ...unleased, state});
	realm.offered.delete(flightId);
	realm.recent.delete(flightId);
}

function stillOpen({operation}: Place, key: string, how: string): OutcomeUnknownError {
	return new OutcomeUnknownError({operation, key: key || undefined, hint: `So ${how}() was refused.`});
}

/**
 * The key of what this realm knows to be open and the store does not: an outcome that it has not taken, a key that was sent
 * without a claim, or a claim that may be on its way to it (`''`: under a key that is not known yet).
 */
export function openHere({realm, flightId}: Place, record: OperationRecord | undefined): string | undefined {
	const {unsaved, offered, flights} = realm;
	const told = unsaved.get(flightId);
	if (told?.state.status === 'unknown') return told.record.key;
	const offer = offered.get(flightId);
	const claiming = flights.has(flightId) && isFree(record);
	return offer?.sent === 'unclaimed' || claiming ? (offer?.key ?? flights.get(flightId)?.key() ?? '') : undefined;
}

/** Whether this realm has been at it. */
function isOfHere({realm: {known, recent}, flightId}: Place, {key}: OperationRecord): boolean {
	return known.get(flightId)?.record.key === key || recent.get(flightId)?.key === key;
}

/** Nothing of it is left in this realm's memory, but that the key of its record is used up. */
export function forgetHere(place: Place, record?: OperationRecord): void {
	const {realm, flightId} = place;
	const {recent, unsaved, offered, snapshots} = realm;
	for (const memory of [recent, unsaved, offered, snapshots]) memory.delete(flightId);
	freeKnown(place, record);
	notify(place);
}
