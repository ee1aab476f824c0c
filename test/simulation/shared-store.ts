import {scopeId} from '../../src/request/scope.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import type {OperationRecord} from '../../src/operation/record.ts';
import {after, type MaybePromise} from '../../src/utils.ts';
import {storeUnavailable} from '../../src/stores/store-failure.ts';
import type {Listed, OperationId, Settlement, Store} from '../../src/stores/store.ts';
import type {Check} from './check.ts';
import type {Freed} from './truth.ts';
import {never, type Life} from './life.ts';
import {createPresence} from './presence.ts';
import {idOfRecord, placeOfId, USERS} from './session.ts';
import type {Plan, StoreFate} from './plan.ts';
import type {World} from './world.ts';

/** What somebody says became of an operation, or that it is to be forgotten by force, while he says it. */
export type Words = Set<{readonly operation: string; readonly outcome: 'succeeded' | 'refused' | 'forget'}>;

/** One memory for all lives. Each has its own way to it, which fails and delays. */
export function createSharedStore(world: World, plan: Plan, nextFate: () => StoreFate, check: Check) {
	const clock = plan.storeClock === 'own' ? world.clock : world.wall;
	const memory = memoryStoreIn({now: clock});
	const presence = createPresence();
	const watchers = new Set<{readonly life: Life; readonly id: OperationId; readonly listener: () => void}>();
	const written = new Set<string>();
	/** When it was swept, by its own clock. */
	const sweeps: number[] = [];

	/** How long a record has been found past its time, sweep by sweep. */
	function dueFor({keepUntil = Infinity}: OperationRecord): number {
		const since = sweeps[sweeps.findLastIndex(at => at < keepUntil) + 1] ?? Infinity;
		return clock() - since;
	}

	function all(scope: string, name?: string): readonly OperationRecord[] {
		return (memory.list(scope, name) as readonly Listed[]).map(({record}) => record);
	}

	/** Does the step, and holds what it did against the truth. */
	function land<T>(life: Life, {scope, name}: OperationId, how: Freed, run: () => T): T {
		const [before] = all(scope, name);
		const result = run();
		const [left] = all(scope, name);
		const operation = idOfRecord({scope, name});
		if (left !== undefined) written.add(left.key);
		check.landed(life, operation, before, left, how);
		if (before !== left)
			for (const watcher of watchers)
				if (watcher.life !== life && watcher.id.name === name && watcher.id.scope === scope)
					watcher.life.later(1, watcher.listener);
		return result;
	}

	/** `opens`: otherwise it cannot even be opened, and is replaced by memory. */
	function open(life: Life, words: Words, opens: boolean): Store {
		function step<T>(what: string, run: () => MaybePromise<T>): MaybePromise<T> {
			if (!life.call()) return never();
			if (!opens) throw storeUnavailable('no store here');
			const fate = nextFate();
			const {there, back} = fate;
			const fails = plan.full && what === 'list' ? 'no' : fate.fails;
			const failure = new Error('the store failed');
			if (there === undefined) return plan.synchronous ? here(run) : soon(run);

			world.note(life.name, what, {there, back, fails});
			return new Promise((resolve, reject) => {
				world.at(there, () => {
					if (!life.lands()) return;
					const result = fails === 'before' ? undefined : run();
					if (fails === 'never answers') return;
					life.later(back, () => {
						if (fails === 'no') resolve(result as T);
						else reject(failure);
					});
				});
			});
		}

		function here<T>(run: () => MaybePromise<T>): MaybePromise<T> {
			const result = run();
			return life.alive() ? result : never();
		}

		async function soon<T>(run: () => MaybePromise<T>): Promise<T> {
			await Promise.resolve();
			if (!life.lands()) return never();
			const result = await run();
			return life.alive() ? result : never();
		}

		function how(id: OperationId, {state}: Settlement): Freed {
			const httpStatus = 'httpStatus' in state ? state.httpStatus : undefined;
			const operation = idOfRecord(id);
			const said = [...words].some(word => word.operation === operation && word.outcome === state.status);
			return said && httpStatus === undefined ? 'word' : 'refused';
		}

		return {
			durable: true,
			claim(id, claim) {
				// Whose key it is, whatever becomes of the claim.
				check.of(idOfRecord(id), claim.key);
				const isOpen = check.openIn(life, idOfRecord(id)).some(({key}) => key === claim.key);
				let before: OperationRecord | undefined;
				const claimed = step('claim', () => {
					[before] = all(id.scope, id.name);
					return land(life, id, 'refused', () => memory.claim(id, claim));
				});
				return after(claimed, result => {
					const same = result.status !== 'key-used' && result.record.key === before?.key;
					// A claim to write somebody's word down sends nothing, and the flight goes by its own.
					const forWord = [...words].some(({operation}) => operation === idOfRecord(id));
					if (result.status !== 'key-used' && before && same && !forWord) {
						// One that begins anew is of now, whatever the clock has been through.
						const found = result.record.createdAt === before.createdAt ? before : result.record;
						check.claimed(life, idOfRecord(id), found, result.now);
						if (isOpen && result.status === 'claimed' && result.record.key !== claim.key)
							check.violation(`${life.name} took ${before.key} from who has it, to write ${claim.key} down`);
					}

					return result;
				});
			},
			renew: (id, renewal) => step('renew', () => land(life, id, 'refused', () => memory.renew(id, renewal))),
			settle(id, settlement) {
				const freed = how(id, settlement);
				return step('settle', () => land(life, id, freed, () => memory.settle(id, settlement)));
			},
			forget(id, freeing) {
				const operation = idOfRecord(id);
				const asked = [...words].some(word => word.operation === operation && word.outcome === 'forget');
				if (freeing.how === 'force' && !asked) check.violation(`${life.name} forgets ${operation} by force unasked`);
				return step(freeing.how, () => land(life, id, freeing.how, () => memory.forget(id, freeing)));
			},
			list: (scope, name) => step('list', () => memory.list(scope, name)),
			sweep: () =>
				step('sweep', () => {
					const before = USERS.flatMap(user => all(scopeId(user) as string));
					const swept = memory.sweep();
					sweeps.push(clock());
					for (const record of before)
						if (all(record.scope, record.name).length === 0) check.swept(idOfRecord(record), record, dueFor(record));
					return swept;
				}),
			...(plan.watch && {
				watch(id, listener) {
					const watcher = {life, id, listener};
					watchers.add(watcher);
					return () => watchers.delete(watcher);
				},
			}),
			...(plan.presence && {presence: presence.of(life)}),
			...(plan.lease !== undefined && {lease: plan.lease}),
		};
	}

	return {
		open,
		record(id: string): OperationRecord | undefined {
			const {scope, name} = placeOfId(id);
			return all(scope, name)[0];
		},
		/** What the store's clock shows. */
		now: clock,
		/** Whether the key has ever been written down. */
		written: (key: string) => written.has(key),
	};
}

export type SharedStore = ReturnType<typeof createSharedStore>;
