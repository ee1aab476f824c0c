import {stopwatch, type Environment} from '../environment.ts';
import type {Listed} from '../stores/store.ts';
import type {Place} from './place.ts';
import {isOpen, type OperationRecord} from './record.ts';

/** The last record of an operation that this realm saw or would have written, and the store's time since then. */
export type Known = {readonly record: OperationRecord; readonly now: () => number};

/** Settled records beyond this many go, the oldest first. */
const MOST_SETTLED = 1_000;

/** With `onStoreError: 'degrade'` an operation goes on by what this realm knows of it, while its store fails. */
export function keepRecord(
	{realm: {known, degrades}, flightId}: Place,
	environment: Environment,
	{record, now}: Listed,
): void {
	if (!degrades) return;
	const elapsed = stopwatch(environment);
	known.delete(flightId);
	known.set(flightId, {record, now: () => now + elapsed()});
	const [oldest] = known.size > MOST_SETTLED ? known : [];
	if (oldest === undefined) return;
	known.delete(oldest[0]);
	if (isOpen(oldest[1].record)) known.set(...oldest);
}

export function knownRecord({realm, flightId}: Place): Listed | undefined {
	const known = realm.known.get(flightId);
	return known && {record: known.record, now: known.now()};
}

/** A look at the store, which counts unless this realm is at it, or knows better. */
export function sawRecord(place: Place, environment: Environment, found: Listed): void {
	const {flights, unsaved} = place.realm;
	if (!flights.has(place.flightId) && !unsaved.has(place.flightId)) keepRecord(place, environment, found);
}
