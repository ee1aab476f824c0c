import {cancellation} from '../attempt/cancellation.ts';
import {contextOf, type WithOperations} from '../context.ts';
import {stopwatch} from '../environment.ts';
import type {FetchInput} from '../fetch-types.ts';
import {checkCall} from '../option-names.ts';
import type {SharedOptions} from '../options.ts';
import {currentScope, sameScopeAs} from '../request/scope.ts';
import {canonicalName, type OperationName} from '../request/identity.ts';
import {membersOf} from '../request/input.ts';
import type {Freeing, Listed} from '../stores/store.ts';
import {tellGuarded, ifReadable} from '../utils.ts';
import {isAlive} from './guarded-store.ts';
import {sawRecord} from './known.ts';
import {operationAt, showSnapshot, type Operation} from './operations.ts';
import {reportOf, type OutcomeReport} from './outcome.ts';
import {initialSnapshot, moved, snapshotOfRecord, type Snapshot} from './snapshot.ts';
import {askLater, findOut, isToBeAsked, statusUrlOf} from './find-out.ts';
import type {OperationRecord, PendingDetails} from './record.ts';
import {free, pendingDetails, recordAt, resolve} from './ways-out.ts';

/** One operation, for those who show it and those who end it. Whose it is (`scope`) is read at each use. */
export type OperationHandle = {
	readonly name: readonly string[];
	/** Where it stands; the same object until something changes. `loading` on a server that does not say whose it is. */
	readonly state: Snapshot;
	/**
	 * Calls back with the state at once, at every change, in other tabs too, and looks again when a page comes back from the
	 * back/forward cache. Of an operation that is pending it asks what became of it: at once, and then whenever the server says
	 * so, by `reconcile` or by a status request of the dialect. Returns the way to stop. Fits Svelte's store contract and React's `useSyncExternalStore`, which needs
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
	/** What the `pending` option keeps of an operation that is pending; `undefined` where nothing is kept. */
	readonly pending: () => Promise<PendingDetails | undefined>;
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

/**
 * The handle of a named operation. Nothing is read or sent by making one.
 *
 * @param fetch of `createFetch`, or a client.
 * @throws {TypeError} for a name that cannot be, and for a function around a fetch, which carries no operations.
 * @example
 * const checkout = operationOf(fetch, ['checkout', cart.id]);
 * checkout.subscribe(({status}) => show(status));
 */
export function operationOf(fetch: WithOperations, name: OperationName): OperationHandle {
	const {environment, settings, operations, send} = contextOf(fetch, 'operationOf');
	const canonical = canonicalName(name);
	const limit = settings.retry.limit + 1;
	const loading = initialSnapshot('loading', limit, environment.now());
	const find = () => operationAt(operations, currentScope(settings.scope, environment), canonical);

	/** A page that a server renders may be anybody's. */
	function findShown(): Operation | undefined {
		return environment.shared ? ifReadable(find) : find();
	}

	async function load(operation: Operation): Promise<void> {
		const look = {};
		operation.look = look;
		operation.stopAsking?.();
		let goesOn = operation.snapshot?.status === 'pending';
		try {
			const found = await recordAt(operation);
			// Where the store holds another key there is nothing to wait for.
			if (operation.unsaved?.storedKey !== undefined) goesOn = false;
			if (operation.flight || operation.unsaved) return;
			if (found !== undefined) sawRecord(operation, environment, found);
			const alive = found !== undefined && (await isAlive(operation.operations.store, found, environment));
			// To ask who is alive takes a while; another look may have begun since, and know better.
			if (operation.look !== look || operation.flight) return;
			show(operation, found, alive);
			const pending = found?.record.state.status === 'pending' ? found.record : undefined;
			const sameScope = sameScopeAs(settings.scope, environment, operation.scope);
			goesOn = pending !== undefined && asksAbout(operation, pending) && sameScope();
			if (pending && goesOn && !alive && operation.listeners.size > 0) await ask(operation, pending, sameScope);
		} catch {
			// What the store cannot tell stays as it was; the next call says what is wrong with it.
		} finally {
			if (operation.look === look) operation.look = undefined;
			if (goesOn && operation.look === undefined) lookLater(operation);
		}
	}

	/** Whether there is anybody to ask what became of it. */
	function asksAbout(operation: Operation, record: OperationRecord): boolean {
		return settings.reconcile !== undefined || statusUrlOf(operation, record, settings.dialect) !== undefined;
	}

	/** Asks what became of an operation that is pending. */
	async function ask(operation: Operation, record: OperationRecord, sameScope: () => boolean): Promise<void> {
		if (!isToBeAsked(operation)) return;
		const elapsed = stopwatch(environment);
		const {key} = record;
		const remaining = () => settings.totalTimeout - elapsed();
		const asker = {environment, settings, operation, key, cancellation: cancellation(), remaining, sameScope};
		const found = (await findOut(asker, record))?.state.status;
		if (found !== 'succeeded' && found !== 'refused') return;
		const settled = await resolve(operation, environment, found, key);
		if (settled !== undefined) show(operation, settled);
	}

	/** While somebody listens, and it is pending, or others are at it. */
	function lookLater(operation: Operation): void {
		const {snapshot, listeners, flight} = operation;
		operation.stopAsking?.();
		if (flight || listeners.size === 0 || (snapshot?.status !== 'pending' && snapshot?.status !== 'checking')) return;
		if (isToBeAsked(operation)) askLater(operation, environment);
		const {at = 0, left = () => 0} = operation.question ?? {};
		const next = snapshot.status === 'pending' ? moved(snapshot, 'pending', environment.now(), at) : snapshot;
		if (next !== snapshot) showSnapshot(operation, next);
		operation.stopAsking = environment.timer(() => void load(operation), left(), false);
	}

	function stateOf(operation: Operation): Snapshot {
		const known = operation.flight?.snapshot ?? operation.snapshot;
		// One look tells all who ask; were each to begin another, none would be the latest while it lasts.
		if (known === undefined && !operation.look) void load(operation);
		return known ?? loading;
	}

	function show(operation: Operation, found?: Listed, alive = false): void {
		const age = found ? Math.max(0, found.now - found.record.updatedAt) : 0;
		const snapshot = snapshotOfRecord(found?.record, limit, environment.now(), age, alive);
		if (snapshot.status !== 'pending' && !alive && operation.result?.outcome === 'pending')
			operation.result = undefined;
		// That of a flight says more.
		if (snapshot.status !== operation.snapshot?.status) showSnapshot(operation, snapshot);
	}

	async function end(how: Freeing['how']): Promise<void> {
		const operation = find();
		if (await free(operation, how)) show(operation);
	}

	return {
		name: canonical,
		get state() {
			const operation = findShown();
			return operation ? stateOf(operation) : loading;
		},
		subscribe(listener) {
			const operation = findShown();
			if (operation === undefined) {
				tellGuarded(listener, loading);
				return () => undefined;
			}

			const {listeners} = operation;
			const tell = () => {
				tellGuarded(listener, stateOf(operation));
			};
			if (listeners.size === 0) {
				operation.operations.listened++;
				const look = () => void load(operation);
				operation.stopRestoring = environment.onRestore(look);
				operation.lookAgain = look;
				// What was shown before may not hold any more: nobody has watched since.
				if (operation.snapshot && !operation.flight) look();
			}

			listeners.add(tell);
			let stopWatching: (() => void) | undefined;
			let subscribed = true;
			const watch = async () => {
				const id = await operation.id();
				if (subscribed) stopWatching = operation.operations.store.watch(id, () => void load(operation));
			};
			watch().catch(() => undefined);
			tell();
			return () => {
				subscribed = false;
				stopWatching?.();
				if (!listeners.delete(tell) || listeners.size > 0) return;
				operation.operations.listened--;
				operation.stopRestoring?.();
				operation.stopAsking?.();
				operation.lookAgain = undefined;
			};
		},
		async fetch(input, init) {
			if (init) checkCall(init);
			return send(input, {...(init && membersOf(init)), operation: name});
		},
		outcome() {
			const result = findShown()?.result;
			return result && reportOf(result);
		},
		pending: async () => pendingDetails(find()),
		complete: async () => end('complete'),
		forget: async ({force = false} = {}) => end(force ? 'force' : 'forget'),
		async resolve(outcome) {
			const operation = find();
			const settled = await resolve(operation, environment, outcome);
			if (settled !== undefined) show(operation, settled);
		},
	};
}
