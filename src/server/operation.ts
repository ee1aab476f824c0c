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
	readonly controller: AbortController;
	/** It has lost its lease. */
	lost: boolean;
	/** What may have taken effect, as far as the handler has said: one for each; a single one where nobody tells them. */
	acts: readonly object[];
	/** Which answer is for the time being. */
	pending: object | undefined;
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

/** What a handler does that tells of no effect. */
const untold = [{}];

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
	const marked = mark && once(mark);
	const operation: Operation = {
		idempotencyKey,
		key,
		signal,
		async fetch(...given) {
			const act = async (call: () => Promise<Response>) => acting(run, call, marked);
			return fetchFor(outward, {key, signal, since, act})(...given);
		},
		async effect(effect) {
			await begun(run, marked);
			return effect();
		},
		undone() {
			run.acts = [];
		},
		pending(response) {
			run.pending = response;
			return response;
		},
	};
	const run: Run = {operation, controller, lost: false, acts: mark ? [] : untold, pending: undefined};
	return run;
}

/** Another run may be at the same request. */
export const leaseLost = 'the run has lost its lease: another one may be at the same request';

export function lose(run: Run): void {
	run.lost = true;
	run.controller.abort(new Error(leaseLost));
}

/** The store is told, and then it begins. */
async function begun(run: Run, marked: (() => Promise<void>) | undefined): Promise<object> {
	await marked?.();
	if (run.lost) throw run.controller.signal.reason;
	const act = {};
	run.acts = [...run.acts, act];
	return act;
}

async function acting(
	run: Run,
	call: () => Promise<Response>,
	marked: (() => Promise<void>) | undefined,
): Promise<Response> {
	const its = await begun(run, marked);
	const nothingDone = () => {
		run.acts = run.acts.filter(act => act !== its);
	};
	try {
		const response = await call();
		if (isNothingDone((response as {[borne]?: unknown})[borne])) nothingDone();
		return response;
	} catch (error) {
		if (isNothingDone(error)) nothingDone();
		throw error;
	}
}
