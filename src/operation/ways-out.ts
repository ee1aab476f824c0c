import {stopwatch, type Environment} from '../environment.ts';
import {outcomeError, type LatchkeyError} from '../errors.ts';
import {mistake} from '../mistake.ts';
import {unleased} from '../stores/rules.ts';
import type {Freeing, Listed} from '../stores/store.ts';
import {seenSince, isLeaseEndless} from './key-age.ts';
import {correctRecord, freeKnown, keepRecord, knownRecord} from './known.ts';
import {notify, storedRecord, type Operation, type Unsaved, nextOwner} from './operations.ts';
import {isFree, isOpen, isUnprocessed, type OperationRecord, type PendingDetails} from './record.ts';
import {save} from './settle.ts';
import {isOpenState, saidState, transition} from './state.ts';

/** The record as it stands in the store, which is given first what only this realm knows. */
export async function recordAt(operation: Operation): Promise<Listed | undefined> {
	await save(operation).catch(() => undefined);
	return storedRecord(operation);
}

/** Frees the operation, and drops what this realm knows of it. False: there is nothing to complete, or it has begun anew. */
export async function free(operation: Operation, how: Freeing['how']): Promise<boolean> {
	const record = (await recordAt(operation))?.record;
	const forced = how === 'force';
	const unsaved = forced ? undefined : operation.unsaved;
	const open = forced ? undefined : openHere(operation, record);
	if (open !== undefined) throw stillOpen(operation, open, how);
	// It had its outcome under a key that the store does not hold: what the store holds is somebody else's.
	if (unsaved?.storedKey !== undefined) {
		const {state, record: own} = unsaved;
		if (how === 'complete' && state.status !== 'succeeded') throw stillOpen(operation, own.key, how);
		forgetHere(operation);
		return true;
	}

	if (how === 'complete' && isUnprocessed(record)) return false;
	if (unsaved !== undefined) {
		// Tells why the store does not take what is known here. Where it does by now, that is to be freed in it.
		await save(operation);
		return free(operation, how);
	}

	if (record !== undefined && !(record.freed || (isFree(record) && how === 'complete'))) {
		const {status, record: left} = await operation.operations.store.forget(await operation.id(), {
			key: record.key,
			how,
		});
		if (status === 'open') throw stillOpen(operation, record.key, how, record);
		if (!forced && status === 'changed' && left && isOfHere(operation, left)) return false;
	}

	// Somebody may have begun anew meanwhile.
	if (!forced && openHere(operation, undefined) !== undefined) return false;
	forgetHere(operation, record);
	return true;
}

/** What is kept of it while it is pending, also where the store has not taken that. */
export async function pendingDetails(operation: Operation): Promise<PendingDetails | undefined> {
	await save(operation).catch(() => undefined);
	const {unsaved} = operation;
	if (unsaved?.state.status === 'pending') return unsaved.settlement(0).pending;
	return (await storedRecord(operation))?.record.pending;
}

/**
 * Settles it by somebody's word. Gives the record as it stands then, where it has changed. `about`: the key that the word
 * is about; one that has begun since is not meant.
 */
export async function resolve(
	operation: Operation,
	environment: Environment,
	outcome: 'succeeded' | 'refused',
	about?: string,
): Promise<Listed | undefined> {
	const found = await recordAt(operation);
	const {flight, unsaved} = operation;
	if (flight !== undefined) throw stillOpen(operation, flight.key ?? '', 'resolve');
	// What the store cannot be told, because it holds another key or takes nothing: the word is about that, too.
	const record = found?.record;
	const apart = unsaved && (isFree(record) || unsaved.record.key !== record?.key) ? unsaved : undefined;
	if (about !== undefined && (apart || record?.key !== about)) return undefined;
	const done = apart?.state.status === 'succeeded' && outcome === 'refused';
	const settledAlready = record?.freed === false && record.state.status === outcome;
	let settled: OperationRecord | undefined;
	if (!done && found && record && (isOpen(record) || isUnprocessed(record))) {
		settled = await resolveRecord(operation, found, outcome);
		if (settled === undefined) throw stillOpen(operation, record.key, 'resolve');
	} else if (done || !(settledAlready || apart)) throw mistake(`there is no open operation to resolve as ${outcome}`);

	if (apart !== undefined && apart.state.status !== 'succeeded') resolveHere(operation, apart, outcome);
	if (found === undefined || settled === undefined)
		return apart && (apart.storedKey === undefined ? knownRecord(operation) : found);
	operation.candidate = undefined;
	const listed = {record: settled, now: found.now};
	keepRecord(operation, seenSince(stopwatch(environment), listed));
	return listed;
}

function resolveHere(operation: Operation, unsaved: Unsaved, outcome: 'succeeded' | 'refused'): void {
	const state = transition(unsaved.state, saidState(outcome), operation.at);
	const settlement: Unsaved['settlement'] = token => ({...unsaved.settlement(token), state, fenced: true});
	// A refusal under a key that the store does not hold is nothing to tell it.
	const done = outcome === 'refused' && unsaved.storedKey !== undefined;
	operation.unsaved = done ? undefined : {...unsaved, state, settlement};
	correctRecord(operation, {...unsaved.record, ...unleased, state});
	operation.candidate = undefined;
	operation.result = undefined;
}

function stillOpen({name}: Operation, key: string, how: string, record?: OperationRecord): LatchkeyError {
	const outcome = record?.key === key && record.state.status === 'pending' ? 'pending' : 'unknown';
	return outcomeError(outcome, {operation: name, key: key || undefined, hint: `So ${how}() was refused.`});
}

/**
 * The key of what this realm knows to be open and the store does not: an outcome that it has not taken, a key that was sent
 * without a claim, or a claim that may be on its way to it (`''`: under a key that is not known yet).
 */
export function openHere(
	{unsaved, candidate, flight}: Operation,
	record: OperationRecord | undefined,
): string | undefined {
	if (unsaved && isOpenState(unsaved.state)) return unsaved.record.key;
	const claiming = flight !== undefined && isFree(record);
	return candidate?.sent === 'unclaimed' || claiming ? (candidate?.key ?? flight?.key ?? '') : undefined;
}

/** Whether this realm has been at it. */
function isOfHere({known, result}: Operation, {key}: OperationRecord): boolean {
	return known?.record.key === key || result?.key === key;
}

/** Nothing of it is left in this realm's memory, but that the key of its record is used up. */
export function forgetHere(operation: Operation, record?: OperationRecord): void {
	Object.assign(operation, {result: undefined, unsaved: undefined, candidate: undefined, snapshot: undefined});
	freeKnown(operation, record);
	notify(operation);
}

const LEASE = 10_000;

/**
 * Settles an operation by somebody's word. Where it has an owner it is claimed first, so that nobody is at it; `undefined`:
 * somebody is, or has changed it.
 */
export async function resolveRecord(
	{operations, id, at}: Operation,
	found: Listed,
	outcome: 'succeeded' | 'refused',
): Promise<OperationRecord | undefined> {
	const where = await id();
	const {record} = found;
	const {key, fingerprint} = record;
	let held = record;
	// Who is at one that is pending only asks, too: what was found out counts, whoever holds it.
	const isPending = record.state.status === 'pending';
	if (record.owner !== '' && !isPending) {
		const claimed = await operations.store.claim(where, {
			key,
			fingerprint,
			owner: nextOwner(operations),
			lease: LEASE,
			// Only counts for a record that has just vanished; nothing is sent under it.
			keyLife: LEASE,
			onLapsed: 'take',
			takeFrom: isLeaseEndless(operations.store, found) ? record.owner : undefined,
			awaited: key,
		});
		if (claimed.status === 'settled' || claimed.status === 'mismatch') return claimed.record;
		if (claimed.status !== 'claimed') return undefined;
		held = claimed.record;
	}

	const {state, owner, token} = held;
	const next = transition(state, saidState(outcome), at);
	const settlement = {key, owner, token, state: next, fenced: !isPending, keepAnswer: false};
	const {status, record: settled} = await operations.store.settle(where, settlement);
	return status === 'done' ? settled : undefined;
}
