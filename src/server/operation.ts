import {once, type MaybePromise} from '../utils.ts';

/** What a handler is told of its run. */
export type Operation = {
	/** The key of the request; `undefined` where it has none and the guard does not ask for one. */
	readonly idempotencyKey: string | undefined;
	/**
	 * A key for a call of the handler to another service: a UUIDv5, the same at every run of the same request, and another one
	 * for each step and each payload. Without a key of the request a random UUID.
	 *
	 * @example await fetch(bank, {method: 'POST', headers: {'Idempotency-Key': operation.key('charge')}});
	 */
	readonly key: (step: string) => string;
	/** Aborts when the run has lost its lease: another may be at it, and its answer is not kept. The caller's leaving does not abort it. */
	readonly signal: AbortSignal;
	/**
	 * Runs what takes effect. With `effects: 'marked'` the store is told first, durably: before that, whatever ends the run
	 * frees its key; after it, only an answer settles it.
	 *
	 * @throws what `run` throws; an `Error` where the store could not be told or the lease is lost: nothing was run then.
	 * @example const payment = await operation.effect(() => bank.charge(order));
	 */
	readonly effect: <T>(run: () => MaybePromise<T>) => Promise<T>;
	/** Says that what was done has been undone: unless an answer is kept, the key is free after this run, even if it throws. */
	readonly undone: () => void;
	/**
	 * Says that this answer is for the time being: it is given again, whatever its status, until `resolve` of the guard
	 * replaces it.
	 *
	 * @example return operation.pending(Response.json({status: 'processing'}, {status: 202}));
	 */
	readonly pending: (response: Response) => Response;
};

/** The guard's own side of it. */
export type Run = {
	readonly operation: Operation;
	/** The lease is lost. */
	readonly lose: () => void;
	readonly isLost: () => boolean;
	/** Whether it may have taken effect, as far as the handler has said. */
	readonly mayHaveActed: () => boolean;
	readonly isPending: (answer: object) => boolean;
	/** Makes it an answer for the time being. */
	readonly hold: (answer: object) => void;
};

/** `mark`: tells the store that an effect is about to begin; `undefined` where that is known from the beginning. */
export function runOf(
	idempotencyKey: string | undefined,
	key: (step: string) => string,
	mark?: () => Promise<void>,
): Run {
	// Most handlers never look at it.
	const controller = once(() => new AbortController());
	let lost = false;
	let [acted, undone] = [mark === undefined, false];
	let pending: object | undefined;
	const hold = (answer: object) => {
		pending = answer;
	};
	const marked = once(async () => mark?.());

	return {
		operation: {
			idempotencyKey,
			key,
			get signal() {
				return controller().signal;
			},
			async effect(run) {
				await marked();
				if (lost) throw controller().signal.reason;
				[acted, undone] = [true, false];
				return run();
			},
			undone() {
				undone = true;
			},
			pending(response) {
				hold(response);
				return response;
			},
		},
		lose() {
			lost = true;
			controller().abort(new Error('the run has lost its lease: another one may be at the same request'));
		},
		isLost: () => lost,
		mayHaveActed: () => acted && !undone,
		isPending: answer => answer === pending,
		hold,
	};
}
