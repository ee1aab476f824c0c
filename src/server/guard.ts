import type {MaybePromise} from '../utils.ts';
import {coreOf, runtime, type Unsettled} from './core.ts';
import {incoming} from './incoming.ts';
import {copied, responseOf} from './kept.ts';
import type {Operation, Run} from './operation.ts';
import {guardSettings, type GuardOptions, type GuardSettings} from './options.ts';
import {isSafe} from './safe.ts';
import type {GuardEnvironment} from './steps.ts';

/** What is guarded: an ordinary handler, which is told of its operation besides. */
export type Handler<Rest extends readonly unknown[]> = (
	request: Request,
	operation: Operation,
	...rest: Rest
) => MaybePromise<Response>;

/** A handler that runs once for each key, and what can be done about those whose outcome is not known. */
export type Guard<Rest extends readonly unknown[]> = ((request: Request, ...rest: Rest) => Promise<Response>) &
	Unsettled;

/**
 * Runs a handler once for each idempotency key: repeats get the first answer again, byte for byte, marked
 * `Idempotent-Replayed: true`. Requests of safe methods pass. See docs/server.md for what it cannot promise.
 *
 * @throws {TypeError | RangeError} for an option that is missing or of the wrong kind.
 * @example
 * import {idempotent, memoryEntries} from 'latchkey/server';
 *
 * const pay = idempotent(async (request, operation) => {
 *   const order = await request.json();
 *   const charge = await bank.charge(order, {idempotencyKey: operation.key('charge')});
 *   return Response.json(charge, {status: 201});
 * }, {store: memoryEntries(), scope: request => userOf(request).id});
 */
export function idempotent<Rest extends readonly unknown[]>(
	handler: Handler<Rest>,
	options: GuardOptions<Rest>,
): Guard<Rest> {
	return idempotentIn(runtime, handler, options);
}

/** @internal */
export function idempotentIn<Rest extends readonly unknown[]>(
	environment: GuardEnvironment,
	handler: Handler<Rest>,
	options: GuardOptions<Rest>,
): Guard<Rest> {
	const settings: GuardSettings<Rest> = guardSettings(options);
	const {waitUntil} = settings;
	const {answer, free, ...unsettled} = coreOf(environment, settings);

	async function guard(request: Request, ...rest: Rest): Promise<Response> {
		const handle = async ({operation}: Run) => handler(request, operation, ...rest);
		if (isSafe(request.method)) return handle(free(name => request.headers.get(name)));
		const background = (work: Promise<unknown>) => {
			const quiet = work.catch(() => undefined);
			waitUntil?.(quiet, request, ...rest);
		};
		const answered = answer({
			...incoming(settings, request, rest),
			handle,
			background,
			reply: responseOf,
			passed: response => response,
			copied,
		});
		background(answered);
		return answered;
	}

	return Object.assign(guard, unsettled);
}
