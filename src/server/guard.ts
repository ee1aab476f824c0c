import {clock} from '../clock.ts';
import type {MaybePromise} from '../utils.ts';
import {askedOf, isSafe} from './asked.ts';
import type {Entry, ResolveResult, Subject} from './entry.ts';
import {idOf} from './identity.ts';
import {copied} from './kept.ts';
import {runOf, type Operation} from './operation.ts';
import {guardSettings, type GuardOptions, type GuardSettings} from './options.ts';
import {reconciled, serve, teller, type Served} from './serve.ts';
import {stepsOn, type GuardEnvironment} from './steps.ts';

/** What is guarded: an ordinary handler, which is told of its operation besides. */
export type Handler<Rest extends readonly unknown[]> = (
	request: Request,
	operation: Operation,
	...rest: Rest
) => MaybePromise<Response>;

/** A handler that runs once for each key, and what can be done about those whose outcome is not known. */
export type Guard<Rest extends readonly unknown[]> = ((request: Request, ...rest: Rest) => Promise<Response>) & {
	/**
	 * The oldest entries that are running, in doubt, or answered for the time being.
	 *
	 * @param limit The most of them; 100 where it is left out.
	 */
	unsettled(limit?: number): Promise<readonly Entry[]>;
	/**
	 * Says what became of an entry that is in doubt or pending: a `Response` is given again, `'undone'` lets the next request
	 * run. Nothing happens to one that is settled or that somebody is at.
	 *
	 * @param subject Of an entry of `unsettled()`.
	 * @example
	 * for (const {subject, state} of await guard.unsettled())
	 *   if (state === 'doubt') await guard.resolve(subject, 'undone');
	 */
	resolve(subject: Omit<Subject, 'guard'>, found: Response | 'undone'): Promise<ResolveResult['status']>;
	/** Asks `reconcile` about the entries in doubt, one after the other. How many of them are settled now. */
	reconcileAll(limit?: number): Promise<number>;
};

/** How long between two sweeps, in milliseconds. */
const SWEEPS = 600_000;

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
	return idempotentIn({...clock, uuid: () => crypto.randomUUID()}, handler, options);
}

/** @internal */
export function idempotentIn<Rest extends readonly unknown[]>(
	environment: GuardEnvironment,
	handler: Handler<Rest>,
	options: GuardOptions<Rest>,
): Guard<Rest> {
	const settings: GuardSettings<Rest> = guardSettings(options);
	const {store, name, lease, storeTimeout, waitUntil, onEvent} = settings;
	let swept = environment.monotonic();

	async function partsOf(subject: Subject) {
		const tell = teller(onEvent, subject);
		const id = await idOf(subject);
		return {id, tell, steps: stepsOn({environment, store, lease, storeTimeout}, id, tell)};
	}

	/** What is past its time goes now and then. */
	function sweep(background: Served['background'], tell: Served['tell']): void {
		if (environment.monotonic() - swept < SWEEPS) return;
		swept = environment.monotonic();
		const sweeping = async () => store.sweep();
		background(sweeping().catch((error: unknown) => tell({type: 'store-error', step: 'sweep', error})));
	}

	async function answer(request: Request, rest: Rest, background: Served['background']): Promise<Response> {
		const asked = await askedOf(settings, request, rest);
		if (asked === undefined) return handler(request, runOf(undefined, () => environment.uuid()).operation, ...rest);
		if (!('subject' in asked)) return asked;
		const {subject, fingerprint} = asked;
		const {tell, steps} = await partsOf(subject);
		sweep(background, tell);
		const handle = async (operation: Operation) => handler(request, operation, ...rest);
		return serve({environment, settings, subject, fingerprint, steps, tell, background, handle});
	}

	async function guard(request: Request, ...rest: Rest): Promise<Response> {
		if (isSafe(request)) return handler(request, runOf(undefined, () => environment.uuid()).operation, ...rest);
		const background = (work: Promise<unknown>) => {
			const quiet = work.catch(() => undefined);
			waitUntil?.(quiet, request, ...rest);
		};
		const answered = answer(request, rest, background);
		background(answered);
		return answered;
	}

	return Object.assign(guard, {
		unsettled: async (limit = 100) => (await store.unsettled(name, limit)).map(({entry}) => entry),
		async resolve(subject: Omit<Subject, 'guard'>, found: Response | 'undone') {
			const {scope: whose, method, path, key} = subject;
			const id = await idOf({guard: name, scope: whose, method, path, key});
			const {bodyLimit, omitHeaders, retention} = settings;
			const told = found === 'undone' ? found : {answer: (await copied(found, bodyLimit, omitHeaders)).kept, retention};
			return (await store.resolve(id, told)).status;
		},
		async reconcileAll(limit = 100) {
			let settled = 0;
			if (!settings.reconcile) return settled;
			for (const {entry} of await store.unsettled(name, limit)) {
				if (entry.state === 'answered') continue;
				const {subject} = entry;
				const {tell, steps} = await partsOf(subject);
				const taken = await steps.take(environment.uuid());
				if (taken.status !== 'taken') continue;
				const background = (work: Promise<unknown>) => void work;
				if (await reconciled({settings, steps, tell, subject, background}, taken.entry)) settled++;
			}

			return settled;
		},
	});
}
