import type {Environment} from '../environment.ts';
import {after, type MaybePromise} from '../maybe-promise.ts';
import {once} from '../once.ts';
import {nameId} from '../request/identity.ts';
import {scopeId} from '../request/scope.ts';
import type {Claim, OperationId, Settlement, Store} from '../stores/store.ts';
import type {Flight} from './flight.ts';
import {ledgerOf, type Ledger} from './ledger.ts';
import type {OperationRecord} from './record.ts';
import type {Result} from './result.ts';
import type {Snapshot} from './snapshot.ts';
import type {State} from './state.ts';

/** An outcome on its way to the store. */
export type Unsaved = {
	readonly id: OperationId;
	/** As it was claimed. */
	readonly record: OperationRecord;
	readonly state: State;
	readonly settlement: (token: number) => Settlement;
	/** What makes the claim (again), where there is none in the store. */
	readonly claim: Claim;
	readonly stored: boolean;
};

/** A key that a claim is made with. `unclaimed`: it was sent without one. */
export type Offer = {readonly key: string; readonly owner: string; readonly unclaimed: boolean};

/** What this realm (a page, a worker, a process) knows of the operations in one store. Ids are those of `flightId`. */
export type Realm = {
	readonly ledger: Ledger;
	/** Unique to this realm; a flight's owner name begins with it. */
	readonly name: string;
	readonly flights: Map<string, Flight>;
	/** Candidates whose claim was never answered: offered again, never another. */
	readonly offered: Map<string, Offer>;
	/** Outcomes that the store has not taken yet. Memory of this realm wins over the store until it has. */
	readonly unsaved: Map<string, Unsaved>;
	/** The last outcomes of this realm, with their answers if they are small. */
	readonly recent: Map<string, Result>;
	/** The last snapshots, for handles. */
	readonly snapshots: Map<string, Snapshot>;
	/** The latest look at the store for each, while it lasts. */
	readonly looks: Map<string, object>;
	readonly listeners: Map<string, Set<() => void>>;
	/** How many flights there were. */
	count: number;
	/** When the store was last swept: wall clock, in milliseconds. */
	sweptAt: number;
};

const realms = new WeakMap<Store, Realm>();

export function realmOf(store: Store, environment: Environment): Realm {
	let realm = realms.get(store);
	if (realm === undefined) {
		realm = {
			ledger: ledgerOf(store, environment),
			name: environment.uuid(),
			flights: new Map(),
			offered: new Map(),
			unsaved: new Map(),
			recent: new Map(),
			snapshots: new Map(),
			looks: new Map(),
			listeners: new Map(),
			count: 0,
			sweptAt: 0,
		};
		realms.set(store, realm);
	}

	return realm;
}

/** Who a flight is to the store. */
export function nextOwner(realm: Realm): string {
	return `${realm.name}/${++realm.count}`;
}

/** Where an operation is found: in the memory of a realm, and in its store. */
export type Place = {
	readonly realm: Realm;
	readonly operation: readonly string[];
	readonly flightId: string;
	readonly id: () => MaybePromise<OperationId>;
};

export function placeOf(realm: Realm, scope: string | null, operation: readonly string[]): Place {
	return {
		realm,
		operation,
		flightId: flightId(scope, operation),
		id: once(() => after(scopeId(scope), hash => ({scope: hash, name: nameId(operation)}))),
	};
}

export function flightId(scope: string | null, parts: readonly string[]): string {
	return JSON.stringify([scope, ...parts]);
}

/** Answers up to this many bytes are kept in memory, and handed to those who wait elsewhere. */
export const SMALL_ANSWER: number = 64 * 1024;
const MOST_RECENT = 100;

export function remember(realm: Realm, id: string, result: Result): void {
	const {answer} = result;
	const small = answer?.body !== undefined && answer.body.byteLength <= SMALL_ANSWER;
	keepAsLatest(realm.recent, id, {...result, stream: undefined, answer: small ? answer : undefined});
}

/** What handles show from now on: a look at the store that began earlier shows nothing. */
export function showSnapshot(realm: Realm, id: string, snapshot: Snapshot): void {
	realm.looks.delete(id);
	keepAsLatest(realm.snapshots, id, snapshot);
	notify(realm, id);
}

function keepAsLatest<T>(map: Map<string, T>, id: string, value: T): void {
	map.delete(id);
	map.set(id, value);
	if (map.size <= MOST_RECENT) return;
	const [oldest] = map.keys();
	if (oldest !== undefined) map.delete(oldest);
}

export function notify(realm: Realm, id: string): void {
	const listeners = realm.listeners.get(id);
	if (listeners === undefined) return;
	for (const listener of listeners) {
		try {
			listener();
		} catch {
			// A listener that throws harms nothing.
		}
	}
}
