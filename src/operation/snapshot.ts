import type {Outcome} from '../errors.ts';
import type {EventDetail} from '../events.ts';
import type {OperationRecord} from './record.ts';
import {outcomeOfState} from './state.ts';

/** Where an operation stands, for people. A new object at every change, and only then. */
export type Snapshot = {
	/** `checking`: an attempt may have had its effect, or somebody else is at it: "we are making sure that you are charged once". `not-sent`: "no connection; nothing was sent, press again". `pending`: "the server is still working on it". */
	readonly status: 'loading' | 'idle' | 'working' | 'checking' | Outcome;
	/** The current attempt, from 1; 0 before the first. */
	readonly attempt: number;
	/** How many attempts there are at most, waits for "in progress" aside. */
	readonly limit: number;
	/** When the next attempt, or the next question what became of it, is due: wall clock, in milliseconds since the epoch. */
	readonly retryAt?: number;
	/** When this status began: wall clock, in milliseconds since the epoch. */
	readonly since: number;
};

export function initialSnapshot(status: 'loading' | 'idle' | 'working', limit: number, now: number): Snapshot {
	return {status, attempt: 0, limit, since: now};
}

/** What an event makes of it. `doubtful`: an attempt may have had its effect. */
export function snapshotAfter(snapshot: Snapshot, event: EventDetail, doubtful: boolean, now: number): Snapshot {
	const status = doubtful ? 'checking' : 'working';
	switch (event.type) {
		case 'attempt':
			return moved(snapshot, status, now, undefined, event.attempt);
		case 'answer':
			return doubtful ? moved(snapshot, status, now) : snapshot;
		case 'wait':
			return moved(snapshot, status, now, now + event.ms);
		case 'waiting-elsewhere':
		case 'taken-over':
		case 'lease-lost':
			return moved(snapshot, 'checking', now);
		case 'joined':
		case 'bytes-changed':
		case 'preflight-suspected':
		case 'store-error':
		case 'key-conflict':
		case 'late-success':
		case 'degraded':
		case 'settled':
			return snapshot;
	}
}

/** What a record from the store says; one that somebody else works on is being checked. `age`: milliseconds since it was written. */
export function snapshotOfRecord(
	record: OperationRecord | undefined,
	limit: number,
	now: number,
	age: number,
	alive: boolean,
): Snapshot {
	if (record === undefined || record.freed) return initialSnapshot('idle', limit, now);
	return {status: alive ? 'checking' : outcomeOfState(record.state), attempt: 0, limit, since: now - age};
}

/** The same object, where nothing has changed. */
export function moved(
	before: Snapshot,
	status: Snapshot['status'],
	now: number,
	retryAt?: number,
	attempt: number = before.attempt,
): Snapshot {
	if (status === before.status && attempt === before.attempt && retryAt === before.retryAt) return before;
	const since = status === before.status ? before.since : now;
	return {status, attempt, limit: before.limit, since, ...(retryAt !== undefined && {retryAt})};
}
