import {tellGuarded} from '../guarded.ts';
import type {Environment} from '../environment.ts';
import type {FetchInput} from '../fetch-types.ts';
import type {SharedOptions} from '../options.ts';
import {ifReadable} from '../readable.ts';
import type {Freeing, Listed} from '../stores/store.ts';
import {isAlive} from './alive.ts';
import {sawRecord} from './known.ts';
import {reportOf, type OutcomeReport} from './outcome.ts';
import type {Place} from './place.ts';
import {showSnapshot} from './remember.ts';
import {initialSnapshot, snapshotOfRecord, type Snapshot} from './snapshot.ts';
import {free, recordAt, resolve} from './ways-out.ts';

/** One operation, for those who show it and those who end it. Whose it is (`scope`) is read at each use. */
export type OperationHandle = {
	readonly name: readonly string[];
	/** Where it stands; the same object until something changes. `loading` on a server that does not say whose it is. */
	readonly state: Snapshot;
	/**
	 * Calls back with the state at once, at every change, in other tabs too, and looks again when a page comes back from the
	 * back/forward cache. Returns the way to stop. Fits Svelte's store contract and React's `useSyncExternalStore`, which needs
	 * its third argument: what a server renders, and the page before it has looked.
	 *
	 * @example
	 * const loading = {status: 'loading', attempt: 0, limit: 0, since: 0} as const;
	 * const {status} = useSyncExternalStore(handle.subscribe, () => handle.state, () => loading);
	 */
	readonly subscribe: (listener: (state: Snapshot) => void) => () => void;
	/** `fetch` under this operation. */
	readonly fetch: (input: FetchInput, init?: RequestInit & SharedOptions) => Promise<Response>;
	/** The last outcome in this realm, if there was one. For calls whose promise gives data instead of a Response. */
	readonly outcome: () => OutcomeReport | undefined;
	/**
	 * The success has been shown: the name may be used for a new operation, under a new key. Does nothing to what was turned
	 * away before execution.
	 * @throws {OutcomeUnknownError} while its outcome is not known, here or in the store; and after a mismatch.
	 * @throws {StoreError} when the store cannot be read or written to.
	 */
	readonly complete: () => Promise<void>;
	/**
	 * Somebody found out what became of it: of an operation that is open, or was turned away before execution. A success that
	 * is said gives way to one that the server answers.
	 * @throws {OutcomeUnknownError} while somebody is at it.
	 * @throws {TypeError} when there is nothing to resolve: it has another outcome already, or was never begun.
	 * @throws {StoreError} when the store cannot be read or written to.
	 */
	readonly resolve: (outcome: 'succeeded' | 'refused') => Promise<void>;
	/**
	 * Drops an operation that is settled or was turned away before execution: the name may be used anew, under a new key.
	 * `force` drops it whatever it is doing: if its effect has taken place, the next call makes it twice.
	 * @throws {OutcomeUnknownError} while its outcome is not known, here or in the store, without `force`.
	 * @throws {StoreError} when the store cannot be read or written to.
	 */
	readonly forget: (options?: {readonly force?: boolean}) => Promise<void>;
};

/** Ends what all subscribers of an operation share. */
const stops = /* @__PURE__ */ new WeakMap<Set<() => void>, () => void>();

export function handleOf(
	operation: readonly string[],
	limit: number,
	environment: Environment,
	find: () => Place,
	fetch: OperationHandle['fetch'],
): OperationHandle {
	const loading = initialSnapshot('loading', limit, environment.now());

	/** A page that a server renders may be anybody's. */
	function findShown(): Place | undefined {
		return environment.shared ? ifReadable(find) : find();
	}

	async function load(at: Place): Promise<void> {
		const {realm, flightId} = at;
		const look = {};
		realm.looks.set(flightId, look);
		try {
			const found = await recordAt(at);
			if (realm.flights.has(flightId) || realm.unsaved.has(flightId)) return;
			if (found !== undefined) sawRecord(at, environment, found);
			const alive = found !== undefined && (await isAlive(realm, found));
			// To ask who is alive takes a while; another look may have begun since, and know better.
			if (realm.flights.has(flightId) || realm.looks.get(flightId) !== look) return;
			show(at, found, alive);
		} catch {
			// What the store cannot tell stays as it was; the next call says what is wrong with it.
		} finally {
			if (realm.looks.get(flightId) === look) realm.looks.delete(flightId);
		}
	}

	function stateAt(at: Place): Snapshot {
		const {realm, flightId} = at;
		const known = realm.flights.get(flightId)?.snapshot() ?? realm.snapshots.get(flightId);
		// One look tells all who ask; were each to begin another, none would be the latest while it lasts.
		if (known === undefined && !realm.looks.has(flightId)) void load(at);
		return known ?? loading;
	}

	function show(at: Place, found?: Listed, alive = false): void {
		const age = found ? Math.max(0, found.now - found.record.updatedAt) : 0;
		showSnapshot(at, snapshotOfRecord(found?.record, limit, environment.now(), age, alive));
	}

	async function end(how: Freeing['how']): Promise<void> {
		const at = find();
		if (await free(at, how)) show(at);
	}

	return {
		name: operation,
		get state() {
			const at = findShown();
			return at ? stateAt(at) : loading;
		},
		subscribe(listener) {
			const at = findShown();
			if (at === undefined) {
				tellGuarded(listener, loading);
				return () => undefined;
			}

			const {realm, flightId} = at;
			const tell = () => {
				tellGuarded(listener, stateAt(at));
			};
			const listeners = realm.listeners.get(flightId) ?? new Set();
			// What was shown when the page was left may not hold any more.
			if (listeners.size === 0)
				stops.set(
					listeners,
					environment.onRestore(() => void load(at)),
				);
			realm.listeners.set(flightId, listeners.add(tell));
			let stopWatching: (() => void) | undefined;
			let subscribed = true;
			const watch = async () => {
				const id = await at.id();
				if (subscribed) stopWatching = realm.ledger.watch(id, () => void load(at));
			};
			watch().catch(() => undefined);
			tell();
			return () => {
				subscribed = false;
				stopWatching?.();
				if (!listeners.delete(tell) || listeners.size > 0) return;
				realm.listeners.delete(flightId);
				stops.get(listeners)?.();
			};
		},
		fetch,
		outcome() {
			const at = findShown();
			const result = at?.realm.recent.get(at.flightId);
			return result && reportOf(result);
		},
		complete: async () => end('complete'),
		forget: async ({force = false} = {}) => end(force ? 'force' : 'forget'),
		async resolve(outcome) {
			const at = find();
			const settled = await resolve(at, environment, outcome);
			if (settled !== undefined) show(at, settled);
		},
	};
}
