import {once, type MaybePromise} from '../utils.ts';
import {mistake} from '../mistake.ts';
import type {OperationFetch, Serving, StepCalls} from './operation-fetch.ts';

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
	/**
	 * Calls another service by the client that the guard was given as `fetch`. `operation` names the step, and the call goes under
	 * `operation.key(step)`: the same at every run of the same request. `signal`, the caller's trace, and the time that the caller
	 * has left go with it. With `effects: 'marked'` a call of a method that is not safe is an effect, unless it is refused.
	 *
	 * @throws what the client throws; a `TypeError` without the option `fetch`, or without the name of the step.
	 * @example const payment = await operation.fetch(payments, {method: 'POST', body, operation: 'charge'});
	 */
	readonly fetch: OperationFetch;
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

/** What the calls of a handler to other services have of its request, and who makes them. */
export type Outward = Pick<Serving, 'header' | 'elapsed'> & {readonly calls: StepCalls | undefined};

/** Under it our client's responses bear what became of their operation, as its errors do. */
const borne = Symbol.for('latchkey.result');

function isNothingDone(told: unknown): boolean {
	return /^(refused|not-sent)$/.test(String((told as {outcome?: unknown} | undefined)?.outcome));
}

const noCalls: OperationFetch = async () => {
	throw mistake('operation.fetch needs the option fetch of its guard: operationFetch(createFetch({scope: null}))');
};

/** What a handler makes its calls by. */
export function fetchFor(outward: Outward | undefined, run: Omit<Serving, 'header' | 'elapsed'>): OperationFetch {
	return outward?.calls?.during({...outward, ...run}) ?? noCalls;
}

/**
 * `mark`: tells the store that an effect is about to begin; `undefined` where that is known from the beginning. `since`: when its
 * keys may have been used first, in milliseconds since the epoch.
 */
export function runOf(
	idempotencyKey: string | undefined,
	key: (step: string) => string,
	mark?: () => Promise<void>,
	outward?: Outward,
	since?: number,
): Run {
	const controller = new AbortController();
	const {signal} = controller;
	let lost = false;
	/** One for each effect; a single one where nobody tells them. */
	const acts = new Set<object>(mark ? [] : [{}]);
	let pending: object | undefined;
	const hold = (answer: object) => {
		pending = answer;
	};
	const marked = once(async () => mark?.());

	/** The store is told, and then it begins. */
	async function begun(): Promise<object> {
		await marked();
		if (lost) throw signal.reason;
		const act = {};
		acts.add(act);
		return act;
	}

	async function act(call: () => Promise<Response>): Promise<Response> {
		const its = await begun();
		try {
			const response = await call();
			if (isNothingDone((response as {[borne]?: unknown})[borne])) acts.delete(its);
			return response;
		} catch (error) {
			if (isNothingDone(error)) acts.delete(its);
			throw error;
		}
	}

	return {
		operation: {
			idempotencyKey,
			key,
			signal,
			fetch: async (...given) => fetchFor(outward, {key, signal, since, act})(...given),
			async effect(run) {
				await begun();
				return run();
			},
			undone() {
				acts.clear();
			},
			pending(response) {
				hold(response);
				return response;
			},
		},
		lose() {
			lost = true;
			controller.abort(new Error('the run has lost its lease: another one may be at the same request'));
		},
		isLost: () => lost,
		mayHaveActed: () => acts.size > 0,
		isPending: answer => answer === pending,
		hold,
	};
}
