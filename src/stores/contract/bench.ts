import type {OperationRecord} from '../../operation/record.ts';
import type {State} from '../../operation/state.ts';
import type {MaybePromise} from '../../utils.ts';
import type {Claim, ClaimResult, Freeing, FreeResult, OperationId, Settlement, Store, WriteResult} from '../store.ts';
import {answered} from './check.ts';

export type ContractTest = {
	readonly title: string;
	/** How long the test lets pass beyond a lease, in milliseconds. */
	readonly needs?: number;
	readonly run: (bench: Bench) => Promise<void>;
};

/** A store with one operation on it, and short words for its steps. */
export type Bench = {
	readonly store: Store;
	readonly id: OperationId;
	/** The lease to use where it has to run out, in milliseconds. */
	readonly lease: number;
	/** Claims for `ann` with the key `key-1`, unless told otherwise. */
	readonly claim: (over?: Partial<Claim>) => Promise<ClaimResult>;
	/** The same, and it has to be granted. */
	readonly begin: (over?: Partial<Claim>) => Promise<OperationRecord>;
	/** Settles as whoever holds that record, unfenced, without an answer, unless told otherwise. */
	readonly settle: (held: OperationRecord, state: State, over?: Partial<Settlement>) => Promise<WriteResult>;
	readonly free: (how: Freeing['how'], key?: string) => Promise<FreeResult>;
	/** What is stored of the operation now. */
	readonly stored: () => Promise<OperationRecord | undefined>;
	readonly elapse: (ms: number) => Promise<void>;
	/** Lets a lease of `lease` run out. */
	readonly lapse: () => Promise<void>;
};

/** Leases that are not to run out, in milliseconds. */
export const SUITE_LEASE = 30_000;
export const DAY = 86_400_000;

export function benchOn(store: Store, lease: number, elapse: (ms: number) => MaybePromise<void>): Bench {
	const id = {scope: 'scope-a', name: 'pay cart 42'};

	async function claim(over: Partial<Claim> = {}): Promise<ClaimResult> {
		return store.claim(id, {
			key: 'key-1',
			fingerprint: 'print-1',
			owner: 'ann',
			lease: SUITE_LEASE,
			keyLife: DAY,
			onLapsed: 'take',
			...over,
		});
	}

	return {
		store,
		id,
		lease,
		claim,
		begin: async over => answered(await claim(over), 'claimed').record,
		settle: async ({key, owner, token}, state, over) =>
			store.settle(id, {key, owner, token, state, fenced: false, keepAnswer: false, ...over}),
		free: async (how, key = 'key-1') => store.forget(id, {key, how}),
		stored: async () => (await store.list(id.scope, id.name))[0]?.record,
		elapse: async ms => elapse(ms),
		lapse: async () => elapse(lease * 1.5),
	};
}
