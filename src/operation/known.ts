import {stopwatch, type Environment} from '../environment.ts';
import type {Listed} from '../stores/store.ts';
import {unleased} from '../stores/rules.ts';
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
	if (!degrades()) return;
	const elapsed = stopwatch(environment);
	known.delete(flightId);
	known.set(flightId, {record, now: () => now + elapsed()});
	if (known.size <= MOST_SETTLED) return;
	const settled = [...known].find(([, {record}]) => !isOpen(record));
	if (settled !== undefined) known.delete(settled[0]);
}

/** What the store answered is what is known, whatever was to be written. */
export function correctRecord({realm: {known}, flightId}: Place, record: OperationRecord): void {
	const seen = known.get(flightId);
	if (seen !== undefined) known.set(flightId, {...seen, record});
}

/** It has been freed, as the store has it or as it was known here. */
export function freeKnown({realm: {known}, flightId}: Place, record?: OperationRecord): void {
	const seen = known.get(flightId);
	if (seen === undefined) return;
	const freed = {...(record ?? seen.record), ...unleased, freed: true, answer: undefined, request: undefined};
	known.set(flightId, {...seen, record: freed});
}

/** What this realm knows: also an outcome that the store has not taken, where nobody was to go on without it. */
export function knownRecord({realm, flightId}: Place): Listed | undefined {
	const known = realm.known.get(flightId);
	if (known !== undefined) return {record: known.record, now: known.now()};
	const unsaved = realm.unsaved.get(flightId);
	if (unsaved === undefined) return undefined;
	const {record, state} = unsaved;
	const {keyAge = 0} = unsaved.claim();
	return {record: {...record, ...unleased, state}, now: record.createdAt + keyAge};
}

/** A look at the store, which counts unless this realm is at it, or knows better. */
export function sawRecord(place: Place, environment: Environment, found: Listed): void {
	const {flights, unsaved} = place.realm;
	if (!flights.has(place.flightId) && !unsaved.has(place.flightId)) keepRecord(place, environment, found);
}
