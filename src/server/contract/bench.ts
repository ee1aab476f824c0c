import type {MaybePromise} from '../../utils.ts';
import {answered} from '../../stores/contract/check.ts';
import type {Beginning, BeginResult, Entry, EntryStore, HoldResult, KeptAnswer, Subject} from '../entry.ts';

export type EntryTest = {
	readonly title: string;
	/** How long the test lets pass beyond a lease, in milliseconds. */
	readonly needs?: number;
	readonly run: (bench: Bench) => Promise<void>;
};

/** A store with one entry on it, and short words for its steps. */
export type Bench = {
	readonly store: EntryStore;
	/** The lease to use where it has to run out, in milliseconds. */
	readonly lease: number;
	/** For `ann`, with a long lease, as what may have acted, unless told otherwise. */
	readonly ask: (over?: Partial<Beginning>) => Promise<BeginResult>;
	/** The same, and it has to be granted. */
	readonly begin: (over?: Partial<Beginning>) => Promise<Entry>;
	readonly answer: (held: Entry, retention?: number | null, answer?: KeptAnswer) => Promise<HoldResult>;
	readonly release: (held: Entry, as: 'free' | 'doubt') => Promise<HoldResult>;
	/** The oldest that is unsettled. */
	readonly listed: () => Promise<Entry>;
	readonly elapse: (ms: number) => Promise<void>;
	/** Lets a lease of `lease` run out. */
	readonly lapse: () => Promise<void>;
};

export const ID: string = 'a'.repeat(64);
export const SUBJECT: Subject = {guard: 'shop', scope: 'f00', method: 'POST', path: '/pay', key: 'key-1'};
/** Leases that are not to run out, in milliseconds. */
export const LONG = 30_000;
export const DAY = 86_400_000;

export const PAID: KeptAnswer = {
	status: 201,
	statusText: 'Created',
	headers: [
		['content-type', 'application/json'],
		['x-note', 'é "quoted"'],
	],
	body: new Uint8Array([0, 255, 10, 13, 128]),
};

export function benchOn(store: EntryStore, lease: number, elapse: (ms: number) => MaybePromise<void>): Bench {
	const ask: Bench['ask'] = async over =>
		store.begin(ID, {
			subject: SUBJECT,
			fingerprint: 'print-1',
			owner: 'ann',
			lease: LONG,
			mayHaveActed: true,
			onLapsed: 'doubt',
			...over,
		});
	return {
		store,
		lease,
		ask,
		begin: async over => answered(await ask(over), 'begun').entry,
		answer: async ({owner, token}, retention = DAY, answer = PAID) =>
			store.answer(ID, {owner, token, retention: retention ?? undefined, answer}),
		release: async ({owner, token}, as) => store.release(ID, {owner, token, as}),
		async listed() {
			const [oldest] = await store.unsettled(SUBJECT.guard, 1);
			if (oldest === undefined) throw new Error('nothing is unsettled');
			return oldest.entry;
		},
		elapse: async ms => elapse(ms),
		lapse: async () => elapse(lease * 1.5),
	};
}
