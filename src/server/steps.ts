import {bounded} from '../bounded.ts';
import type {Clock} from '../clock.ts';
import {after, isPromise, type MaybePromise} from '../utils.ts';
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

/** Where an entry is, and who is told of what fails there. */
export type Place = {
	readonly id: string;
	readonly tell: (event: {type: 'store-error'; step: Step; error: unknown}) => void;
};

/** The steps of the store as a guard takes them, each within its time. All but `insist` throw, or reject, where the store fails. */
export type Steps = {
	readonly begin: (at: Place, beginning: Beginning) => MaybePromise<BeginResult>;
	readonly mark: (at: Place, hold: Hold) => MaybePromise<HoldResult>;
	readonly answer: (
		at: Place,
		hold: Hold,
		answer: KeptAnswer,
		retention: number | undefined,
	) => MaybePromise<HoldResult>;
	readonly release: (at: Place, hold: Hold, as: 'free' | 'doubt') => MaybePromise<HoldResult>;
	readonly take: (at: Place, owner: string) => MaybePromise<TakeResult>;
	/** Tries it until it does not fail, for as long as a lease lasts. */
	readonly insist: (run: () => MaybePromise<unknown>) => Promise<void>;
	/** After a claim of unknown fate under which nothing ran. */
	readonly giveBack: (at: Place, beginning: Beginning) => Promise<void>;
	/** Lengthens the lease until it is called off. `lost`: it is another's, or over. */
	readonly keep: (at: Place, held: Entry, lost: () => void) => () => void;
};

/** How long a failed step is not tried again, in milliseconds. */
const PAUSE = 250;

/** After which part of its time a lease is lengthened. */
const RENEWED = 0.3;

/** What comes of it; `undefined` where it fails, which has been told. */
export async function tried<T>(run: () => MaybePromise<T>): Promise<T | undefined> {
	try {
		return await run();
	} catch {
		return undefined;
	}
}

/** What a guard asks of its store. */
export function stepsOn({environment, store, lease, storeTimeout}: Settings): Steps {
	/** A promise where the store gives one. */
	function ask<T>({id, tell}: Place, step: Step, run: (id: string) => MaybePromise<T>): MaybePromise<T> {
		const failed = (error: unknown): never => {
			tell({type: 'store-error', step, error});
			throw error;
		};
		try {
			const result = run(id);
			return isPromise(result) ? bounded(environment, result, storeTimeout).catch(failed) : result;
		} catch (error) {
			return failed(error);
		}
	}

	async function insist(run: () => MaybePromise<unknown>): Promise<void> {
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
	function inLease<T extends {readonly status: string}>(at: Place, step: Step, run: (id: string) => MaybePromise<T>) {
		const asked = environment.monotonic();
		const heard = (result: T): T => {
			const lets = result.status === 'begun' || result.status === 'done';
			if (!lets || environment.monotonic() - asked < lease) return result;
			throw new Error('the lease was over before it was heard of');
		};
		return ask(at, step, id => after(run(id), heard));
	}

	/** From now on, again and again, until it is called off. `since`: when the lease was known to be held. */
	function renewing(at: Place, {owner, token}: Hold, since: number, lost: () => void): () => void {
		let held = since;
		let ended = false;
		let cancel = () => undefined as void;
		const end = () => {
			ended = true;
			cancel();
		};
		const renew = async () => {
			const asked = environment.monotonic();
			const result = await tried(() => ask(at, 'renew', id => store.renew(id, {owner, token, lease})));
			if (ended) return;
			if (result?.status === 'done') held = asked;
			if (result?.status === 'lost' || environment.monotonic() - held >= lease) {
				end();
				lost();
			} else cancel = environment.timer(() => void renew(), lease * RENEWED, false);
		};
		void renew();
		return end;
	}

	const begin = (at: Place, beginning: Beginning) => inLease(at, 'begin', id => store.begin(id, beginning));
	const release = (at: Place, {owner, token}: Hold, as: 'free' | 'doubt') =>
		ask(at, 'release', id => store.release(id, {owner, token, as}));

	return {
		begin,
		release,
		insist,
		giveBack: (at, beginning) =>
			insist(async () => {
				const {status, entry} = await begin(at, {...beginning, mayHaveActed: false});
				if (status === 'begun') await release(at, entry, 'free');
			}),
		mark: (at, {owner, token}) => inLease(at, 'mark', id => store.mark(id, {owner, token, lease})),
		answer: (at, {owner, token}, answer, retention) =>
			ask(at, 'answer', id => store.answer(id, {owner, token, answer, retention})),
		take: (at, owner) => ask(at, 'take', id => store.take(id, {owner, lease})),
		keep(at, held, lost) {
			const since = environment.monotonic();
			let end = environment.timer(
				() => {
					end = renewing(at, held, since, lost);
				},
				lease * RENEWED,
				false,
			);
			return () => end();
		},
	};
}
