import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {Claim, Settlement, Store} from '../stores/store.ts';
import type {Flight} from './caller.ts';
import type {Known} from './known.ts';
import {ledgerOf, type Ledger} from './ledger.ts';
import type {OperationRecord} from './record.ts';
import type {Result} from './result.ts';
import type {Snapshot} from './snapshot.ts';
import type {State} from './state.ts';

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

/** A key that a claim is made with. `sent`: under a claim, or while the store failed. `ambiguous`: it may have been sent, here or elsewhere. */
export type Offer = {
	readonly key: string;
	readonly owner: string;
	/** What it was made for, if it was derived. */
	readonly fingerprint?: string;
	readonly sent: 'no' | 'claimed' | 'unclaimed';
	readonly ambiguous: boolean;
};

/** What this realm (a page, a worker, a process) knows of the operations in one store. Ids are those of `Place.flightId`. */
export type Realm = {
	readonly ledger: Ledger;
	/** Unique to this realm; a flight's owner name begins with it. */
	readonly name: string;
	readonly flights: Map<string, Flight>;
	/** Candidates whose claim was never answered: offered again, never another. */
	readonly offered: Map<string, Offer>;
	/** Outcomes that the store has not taken yet. Memory of this realm wins over the store until it has. */
	readonly unsaved: Map<string, Unsaved>;
	/** Call off the next try to save each of them. */
	readonly saving: Map<string, () => void>;
	/** Some client of this realm goes on while the store fails. */
	readonly degrades: () => boolean;
	/** The last records, where operations go on while the store fails. */
	readonly known: Map<string, Known>;
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
	/** How many sweeps are due for the answers that are kept for those who wait elsewhere. */
	sweepsDue: number;
};

const realms = new WeakMap<Store, Realm>();
const degrading = new WeakSet<Store>();

/** Makes no realm yet: where a client is made, a Worker may not ask for the random name of one. */
export function keepKnown(store: Store): void {
	degrading.add(store);
}

export function realmOf(store: Store, environment: Environment): Realm {
	let realm = realms.get(store);
	if (realm === undefined) {
		realm = {
			ledger: ledgerOf(store, environment),
			name: environment.uuid(),
			flights: new Map(),
			offered: new Map(),
			unsaved: new Map(),
			saving: new Map(),
			degrades: () => degrading.has(store),
			known: new Map(),
			recent: new Map(),
			snapshots: new Map(),
			looks: new Map(),
			listeners: new Map(),
			count: 0,
			sweptAt: 0,
			sweepsDue: 0,
		};
		realms.set(store, realm);
	}

	return realm;
}

/** More outcomes than these are not kept for a store that fails: of the oldest it knows the key, or they are settled. */
const MOST_UNSAVED = 1_000;

export function keepUnsaved({unsaved, saving}: Realm, flightId: string, outcome: Unsaved): void {
	unsaved.delete(flightId);
	unsaved.set(flightId, outcome);
	if (unsaved.size <= MOST_UNSAVED) return;
	const oldest = [...unsaved].find(([, {state, stored}]) => stored || state.status !== 'unknown');
	if (oldest === undefined) return;
	const [id] = oldest;
	unsaved.delete(id);
	saving.get(id)?.();
	saving.delete(id);
}

/** Who a flight is to the store. */
export function nextOwner(realm: Realm): string {
	return `${realm.name}/${++realm.count}`;
}
