import {stopwatch, type Environment} from '../environment.ts';
import {unleased} from '../stores/rules.ts';
import type {Listed} from '../stores/store.ts';
import {seenSince, type Seen} from './key-age.ts';
import type {Operation} from './operations.ts';
import type {OperationRecord} from './record.ts';

// What this realm knows of a record, where operations go on while the store fails.

/** With `onStoreError: 'degrade'` an operation goes on by what this realm knows of it, while its store fails. */
export function keepRecord(operation: Operation, seen: Seen): void {
	if (operation.operations.degrades) operation.known = seen;
}

/** What the store answered is what is known, whatever was to be written. */
export function correctRecord(operation: Operation, record: OperationRecord): void {
	if (operation.known) operation.known = {...operation.known, record};
}

/** It has been freed, as the store has it or as it was known here. */
export function freeKnown(operation: Operation, record: OperationRecord | undefined = operation.known?.record): void {
	if (!operation.known || !record) return;
	const freed = {...record, ...unleased, freed: true, answer: undefined, request: undefined, pending: undefined};
	operation.known = {...operation.known, record: freed};
}

/** What this realm knows: also an outcome that the store has not taken, where nobody was to go on without it. */
export function knownRecord({known, unsaved}: Operation): Listed | undefined {
	if (known) return {record: known.record, now: known.now()};
	if (unsaved === undefined) return undefined;
	const {record, state} = unsaved;
	const {keyAge = 0} = unsaved.claim();
	return {record: {...record, ...unleased, state}, now: record.createdAt + keyAge};
}

/** A look at the store, which counts unless this realm is at it, or knows better. */
export function sawRecord(operation: Operation, environment: Environment, found: Listed): void {
	if (!operation.flight && !operation.unsaved) keepRecord(operation, seenSince(stopwatch(environment), found));
}
