import {bounded} from '../bounded.ts';
import type {Clock} from '../clock.ts';
import {isPromise, type MaybePromise} from '../utils.ts';
import type {Beginning, BeginResult, Entry, EntryStore, Hold, HoldResult, KeptAnswer, TakeResult} from './entry.ts';
import type {GuardEvent} from './events.ts';

export type GuardEnvironment = Pick<Clock, 'monotonic' | 'timer'> & {readonly uuid: () => string};

type Step = Extract<GuardEvent, {type: 'store-error'}>['step'];
type Settings = {
	readonly environment: GuardEnvironment;
	readonly store: EntryStore;
	readonly lease: number;
	readonly storeTimeout: number;
};

/** The steps of the store as a guard takes them, each within its time. All but `insist` reject where the store fails. */
export type Steps = {
	readonly begin: (beginning: Beginning) => Promise<BeginResult>;
	readonly mark: (hold: Hold) => Promise<HoldResult>;
	readonly answer: (hold: Hold, answer: KeptAnswer, retention: number | undefined) => Promise<HoldResult>;
	readonly release: (hold: Hold, as: 'free' | 'doubt') => Promise<HoldResult>;
	readonly take: (owner: string) => Promise<TakeResult>;
	/** Tries it until it does not reject, for as long as a lease lasts. */
	readonly insist: (run: () => Promise<unknown>) => Promise<void>;
	/** After a claim of unknown fate under which nothing ran. */
	readonly giveBack: (beginning: Beginning) => Promise<void>;
	/** Lengthens the lease until it is called off. `lost`: it is another's, or over. */
	readonly keep: (held: Entry, lost: () => void) => () => void;
};

/** How long a failed step is not tried again, in milliseconds. */
const PAUSE = 250;

/** What one request asks of the store. `tell`: of what fails. */
export function stepsOn(
	{environment, store, lease, storeTimeout}: Settings,
	id: string,
	tell: (event: {type: 'store-error'; step: Step; error: unknown}) => void,
): Steps {
	async function ask<T>(step: Step, run: (store: EntryStore) => MaybePromise<T>): Promise<T> {
		try {
			const result = run(store);
			return await (isPromise(result) ? bounded(environment, result, storeTimeout) : result);
		} catch (error) {
			tell({type: 'store-error', step, error});
			throw error;
		}
	}

	async function insist(run: () => Promise<unknown>): Promise<void> {
		const began = environment.monotonic();
		for (;;) {
			try {
				await run();
				return;
			} catch {
				if (environment.monotonic() - began >= lease) return;
			}

			await new Promise<void>(resolve => environment.timer(resolve, PAUSE, false));
		}
	}

	/** What lets work begin has to be heard of within its lease: past that, somebody may have said that nothing was done. */
	async function inLease<T extends {readonly status: string}>(step: Step, run: (store: EntryStore) => MaybePromise<T>) {
		const asked = environment.monotonic();
		const result = await ask(step, run);
		if (!/begun|done/.test(result.status) || environment.monotonic() - asked < lease) return result;
		const error = new Error('the lease was over before it was heard of');
		tell({type: 'store-error', step, error});
		throw error;
	}

	const begin = async (beginning: Beginning): Promise<BeginResult> => inLease('begin', it => it.begin(id, beginning));
	const release = async ({owner, token}: Hold, as: 'free' | 'doubt') =>
		ask('release', it => it.release(id, {owner, token, as}));

	return {
		begin,
		release,
		insist,
		giveBack: async (beginning: Beginning) =>
			insist(async () => {
				const {status, entry} = await begin({...beginning, mayHaveActed: false});
				if (status === 'begun') await release(entry, 'free');
			}),
		mark: async ({owner, token}: Hold) => inLease('mark', it => it.mark(id, {owner, token, lease})),
		answer: async ({owner, token}: Hold, answer: KeptAnswer, retention: number | undefined) =>
			ask('answer', it => it.answer(id, {owner, token, answer, retention})),
		take: async (owner: string) => ask('take', it => it.take(id, {owner, lease})),
		keep({owner, token}: Entry, lost: () => void): () => void {
			let held = environment.monotonic();
			let cancel: () => void;
			let ended = false;
			const end = () => {
				ended = true;
				cancel();
			};
			const wait = () => {
				cancel = environment.timer(() => void renew(), lease * 0.3, false);
			};
			const renew = async () => {
				const asked = environment.monotonic();
				const result = await ask('renew', it => it.renew(id, {owner, token, lease})).catch(() => undefined);
				if (ended) return;
				if (result?.status === 'done') held = asked;
				if (result?.status === 'lost' || environment.monotonic() - held >= lease) {
					end();
					lost();
				} else wait();
			};
			wait();
			return end;
		},
	};
}
