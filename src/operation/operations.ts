import type {Answer} from '../dialects/dialect.ts';
import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import {nameId} from '../request/identity.ts';
import {scopeId} from '../request/scope.ts';
import type {Claim, OperationId, Settlement, Store, Listed} from '../stores/store.ts';
import {after, once, tellGuarded, type MaybePromise} from '../utils.ts';
import type {Flight} from './flight.ts';
import {guardedStore, recordsOf, type GuardedStore} from './guarded-store.ts';
import {isOpen, type OperationRecord} from './record.ts';
import type {Seen} from './key-age.ts';
import type {Result} from './outcome.ts';
import type {Snapshot} from './snapshot.ts';
import {isOpenState, type State} from './state.ts';

/** What this realm (a page, a worker, a process) knows of one operation. */
export type Operation = {
	readonly operations: Operations;
	/** Whose it is, as it was told when it began. */
	readonly scope: string | null;
	readonly name: readonly string[];
	/** Scope and name, by which this realm finds it. */
	readonly at: string;
	/** Where its record is. */
	readonly id: () => MaybePromise<OperationId>;
	/** The work on it, while it lasts. */
	flight?: Flight | undefined;
	/** A key whose claim was never answered: it is claimed with again, never another. */
	candidate?: Candidate | undefined;
	/** An outcome that the store has not taken yet: it wins over what the store says. */
	unsaved?: Unsaved | undefined;
	/** Calls off the next try to save that. */
	stopSaving?: (() => void) | undefined;
	/** The last record, where operations go on while the store fails. */
	known?: Seen | undefined;
	/** While it is pending: when to ask again what became of it. */
	question?: Question | undefined;
	/** The last outcome, with its answer if that is small. */
	result?: Result | undefined;
	/** What handles show. */
	snapshot?: Snapshot | undefined;
	/** The latest look at the store, while it lasts. */
	look?: object | undefined;
	readonly listeners: Set<() => void>;
	/** Ends what all listeners share. */
	stopRestoring?: (() => void) | undefined;
	/** Calls off the next question what became of it. */
	stopAsking?: (() => void) | undefined;
	/** Looks again for all listeners. */
	lookAgain?: (() => void) | undefined;
};

/**
 * `at`: in milliseconds since the epoch, for people. `left`: in milliseconds; it does not mind a clock that is set. `usual`: how
 * long to wait for the next, where the server does not say.
 */
type Question = {readonly at: number; readonly left: () => number; readonly usual: number};

/** The work on a named operation. */
export type Run = Flight & {
	readonly operation: Operation;
	/** Who this flight is to the store. */
	owner: string;
	/** How often its lease was lost. */
	losses: number;
	/** Why the store did not take what was sent without it: until it does, it is not asked for a claim. */
	withheld?: unknown;
};

/** The operations of one store in this realm. */
export type Operations = {
	readonly store: GuardedStore;
	/** Unique to this realm; a flight's owner name begins with it. */
	readonly realm: () => string;
	/** By scope and name, the latest last. */
	readonly all: Map<string, Operation>;
	/** How many of them somebody listens to: these stay, and leave the others their room. */
	listened: number;
	/** Some client of this realm goes on while the store fails. */
	degrades: boolean;
	/** How many flights there were. */
	count: number;
	/** When the store was last swept: wall clock, in milliseconds. */
	sweptAt: number;
	/** How many sweeps are due for the answers that are kept for those who wait elsewhere. */
	sweepsDue: number;
};

/** A key that a claim is made with. `sent`: under a claim, or while the store failed. `ambiguous`: it may have been sent, here or elsewhere. */
export type Candidate = {
	readonly key: string;
	readonly owner: string;
	/** What it was made for, if it was derived. */
	readonly fingerprint?: string;
	readonly sent: 'no' | 'claimed' | 'unclaimed';
	readonly ambiguous: boolean;
};

/** An outcome on its way to the store. */
export type Unsaved = {
	/** As it was claimed. */
	readonly record: OperationRecord;
	readonly state: State;
	readonly settlement: (token: number) => Settlement;
	/** What makes the claim (again), where there is none in the store. */
	readonly claim: () => Claim;
	readonly stored: boolean;
	/** Tells who sent it, whoever saves it. */
	readonly report: (event: EventDetail) => void;
	/** What became of the key before, where the store holds that and has not taken it either. */
	readonly earlier?: Unsaved | undefined;
	/** The other key that the store turned out to hold: nothing is sent under either from here. */
	readonly storedKey?: string | undefined;
};

const byStore = new WeakMap<Store, Operations>();

export function operationsOf(store: Store, environment: Environment): Operations {
	let operations = byStore.get(store);
	if (operations === undefined) {
		operations = {
			store: guardedStore(store, environment),
			// Where a client is made, a Worker may not ask for a random name.
			realm: once(() => environment.uuid()),
			all: new Map(),
			listened: 0,
			degrades: false,
			count: 0,
			sweptAt: 0,
			sweepsDue: 0,
		};
		byStore.set(store, operations);
	}

	return operations;
}

/** The one entry of an operation in this realm. */
export function operationAt(operations: Operations, scope: string | null, name: readonly string[]): Operation {
	const {all} = operations;
	const at = JSON.stringify([scope, ...name]);
	const found = all.get(at);
	if (found !== undefined) return found;
	const operation: Operation = {
		operations,
		scope,
		name,
		at,
		id: once(() => after(scopeId(scope), hash => ({scope: hash, name: nameId(name)}))),
		listeners: new Set(),
	};
	all.set(at, operation);
	dropOldest(operations, operation);
	return operation;
}

/** It is the latest of all. */
export function touch(operation: Operation): void {
	const {operations, at} = operation;
	operations.all.delete(at);
	operations.all.set(at, operation);
	dropOldest(operations, operation);
}

/** Operations at rest beyond these are forgotten here, the oldest first: more, while records are kept for a store that fails. */
const MOST_AT_REST = 100;
const MOST_KNOWN = 1_000;

function dropOldest({all, degrades, listened}: Operations, latest: Operation): void {
	if (all.size <= (degrades ? MOST_KNOWN : MOST_AT_REST) + listened) return;
	for (const [at, operation] of all)
		if (operation !== latest && isAtRest(operation)) {
			all.delete(at);
			return;
		}
}

/** Nothing is lost with it: whoever asks for it again looks at the store. */
function isAtRest({flight, candidate, unsaved, known, listeners}: Operation): boolean {
	return !flight && !candidate && !unsaved && listeners.size === 0 && !(known && isOpen(known.record));
}

/** More outcomes than these are not kept for a store that fails: of the oldest it knows the key, or they are settled. */
const MOST_UNSAVED = 1_000;

export function keepUnsaved(operation: Operation, outcome: Unsaved): void {
	const {all} = operation.operations;
	operation.unsaved = outcome;
	if (all.size <= MOST_UNSAVED) return;
	const unsaved = [...all.values()].filter(it => it.unsaved);
	if (unsaved.length <= MOST_UNSAVED) return;
	const oldest = unsaved.find(it => it.unsaved && (it.unsaved.stored || !isOpenState(it.unsaved.state)));
	if (oldest === undefined) return;
	oldest.unsaved = undefined;
	oldest.stopSaving?.();
	oldest.stopSaving = undefined;
}

/** As the store holds it. */
export async function storedRecord({operations, id}: Operation): Promise<Listed | undefined> {
	const {scope, name} = await id();
	const [found] = await recordsOf(operations.store, scope, name);
	return found;
}

/** Who a flight is to the store. */
export function nextOwner(operations: Operations): string {
	return `${operations.realm()}/${++operations.count}`;
}

/** In bytes. */
const SMALL_ANSWER = 64 * 1024;

/** Small enough to be kept in memory, and handed to those who wait elsewhere. */
export function isSmall({body}: Answer): boolean {
	return body !== undefined && body.byteLength <= SMALL_ANSWER;
}

export function remember(operation: Operation, result: Result): void {
	const answer = result.answer && isSmall(result.answer) ? result.answer : undefined;
	operation.result = {...result, stream: undefined, answer};
}

/** What handles show from now on: a look at the store that began earlier shows nothing. */
export function showSnapshot(operation: Operation, snapshot: Snapshot): void {
	operation.look = undefined;
	operation.snapshot = snapshot;
	touch(operation);
	notify(operation);
}

export function notify({listeners}: Operation): void {
	for (const listener of listeners) tellGuarded(listener);
}
