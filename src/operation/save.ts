import type {Environment} from '../environment.ts';
import type {OperationId} from '../stores/store.ts';
import type {GuardedStore} from './guarded-store.ts';
import {correctRecord, showSnapshot, type Operation, type Operations, type Unsaved} from './operations.ts';
import type {OperationRecord} from './record.ts';
import {snapshotOfRecord} from './snapshot.ts';
import {isDefinitive} from './state.ts';

export type Settled = {
	/**
	 * `done`: as asked. `lost`: another owner is at it. `stronger`: the record already knew better. `conflict`: it was sent
	 * without a claim, and the store holds another key by now.
	 */
	readonly status: 'done' | 'lost' | 'stronger' | 'conflict';
	readonly record?: OperationRecord | undefined;
};

/** Gives the store what only this realm knows of the operation. Throws when it does not take it. */
export async function save(operation: Operation): Promise<Settled> {
	const {unsaved} = operation;
	if (unsaved === undefined) return {status: 'done'};
	const {state, earlier, report} = unsaved;
	if (unsaved.storedKey !== undefined) return {status: 'conflict'};
	const become = (next: Unsaved | undefined) => {
		if (operation.unsaved === unsaved) operation.unsaved = next;
	};
	if (earlier !== undefined) {
		await saveOne(operation, earlier);
		become({...unsaved, earlier: undefined});
		return save(operation);
	}

	const {status, record} = await saveOne(operation, unsaved);
	if (record !== undefined && status !== 'conflict') correctRecord(operation, record);
	const {key} = unsaved.record;
	const storedKey = record?.key ?? key;
	if (status === 'conflict') {
		become({...unsaved, storedKey});
		report({type: 'key-conflict', storedKey});
		return {status, record};
	}

	if (operation.unsaved === unsaved) {
		operation.unsaved = undefined;
		// The store knows the key by now.
		if (operation.candidate?.key === key) operation.candidate = undefined;
	}

	if (status === 'lost') {
		if (state.status === 'succeeded' && storedKey !== key) report({type: 'late-success', replacedBy: storedKey});
		return {status, record};
	}

	// A doubt that was written instead takes nothing from the answer.
	const stronger = record !== undefined && isDefinitive(record.state) && record.state.status !== state.status;
	return {status: stronger ? 'stronger' : 'done', record};
}

/** The same for a whole scope. What the store does not take. */
export async function saveAll({all}: Operations, scope: string | null): Promise<Operation[]> {
	const unsaved = [...all.values()].filter(it => it.unsaved && it.scope === scope);
	await Promise.all(unsaved.map(async it => save(it).catch(() => undefined)));
	return unsaved.filter(it => it.unsaved);
}

async function saveOne({operations: {store}, id: find}: Operation, unsaved: Unsaved): Promise<Settled> {
	const {stored, state, settlement, record} = unsaved;
	const id = await find();
	const settled = stored && (await store.settle(id, settlement(record.token)));
	// The site's data was cleared in flight: what is known here is all that is left of it.
	const gone = settled && settled.status === 'lost' && settled.record === undefined && state.status !== 'refused';
	return settled && !gone ? settled : saveAgain(store, id, unsaved);
}

/** Makes the claim that the store does not hold, then settles it. */
async function saveAgain(
	store: GuardedStore,
	id: OperationId,
	{claim, record, state, settlement}: Unsaved,
): Promise<Settled> {
	const asked = claim();
	const claimed = await store.claim(id, asked);
	const freed = claimed.status === 'key-used';
	const key = freed ? claimed.previousKey : claimed.record.key;
	const known = freed ? key : claimed.record.previousKey;
	// A claim of it came late, and others have gone on from there. (A derived key may have been used earlier, too.)
	if (asked.random && known === asked.key && !(freed && isDefinitive(state)))
		return {status: 'lost', ...(!freed && {record: claimed.record})};
	// What made an earlier use of the key free says nothing of a doubt about this one.
	if (key !== asked.key || (freed && !isDefinitive(state)))
		return {status: 'conflict', ...(!freed && {record: claimed.record})};
	return store.settle(id, settlement(claimed.status === 'claimed' ? claimed.record.token : record.token));
}

/** Waits before the store is tried again, in milliseconds; the last one for as long as this realm lives. */
const BACKGROUND = [500, 2_000, 8_000, 30_000] as const;

/** Tries again until the store has taken it. For a while this keeps a process from ending. */
export function saveLater(operation: Operation, environment: Environment): void {
	operation.stopSaving?.();
	const wait = (tries: number) => {
		const ms = BACKGROUND[tries] ?? BACKGROUND[3];
		const again = () => {
			save(operation).then(
				({status, record}) => {
					operation.stopSaving = undefined;
					const {snapshot} = operation;
					// Another has sent it since, and knows better than what was told here.
					if (snapshot && record && status !== 'done')
						showSnapshot(operation, snapshotOfRecord(record, snapshot.limit, environment.now(), 0, false));
				},
				() => {
					wait(tries + 1);
				},
			);
		};
		operation.stopSaving = environment.timer(again, ms, ms < BACKGROUND[3]);
	};
	wait(0);
}
