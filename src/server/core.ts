import {clock} from '../clock.ts';
import {mistake} from '../mistake.ts';
import type {MaybePromise} from '../utils.ts';
import type {Entry, ResolveResult, Subject} from './entry.ts';
import {fingerprintOf, idOf, scopeOf} from './identity.ts';
import {keyIn} from './key.ts';
import {copied} from './kept.ts';
import type {Header} from './operation-fetch.ts';
import {runOf, type Outward, type Run} from './operation.ts';
import type {RunSettings} from './options.ts';
import {problem} from './problem.ts';
import {reconciled, serve, teller, type Answer, type Medium, type Served} from './serve.ts';
import {stepsOn, type GuardEnvironment} from './steps.ts';

/** What can be done about entries whose outcome is not known. */
export type Unsettled = {
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

/** A request, of whatever framework. */
export type Asked<R extends Answer> = Medium<R> & {
	readonly method: string;
	readonly path: string;
	readonly search: string;
	readonly header: Header;
	readonly whose: () => MaybePromise<string | null | Response>;
	/** A `Response` of the application's instead of an answer. */
	readonly passed: (response: Response) => MaybePromise<R>;
	/** `undefined`: its caller has gone before it was sent whole. */
	readonly body: () => MaybePromise<Uint8Array | undefined>;
	readonly fingerprint: ((body: Uint8Array) => MaybePromise<string>) | undefined;
	readonly handle: (run: Run) => MaybePromise<R>;
	readonly background: Served<R>['background'];
};

export type Core = Unsettled & {
	answer<R extends Answer>(asked: Asked<R>): Promise<R>;
	/** A run without a key. */
	free(header: Header): Run;
};

/** How long between two sweeps, in milliseconds. */
const SWEEPS = 600_000;

export const runtime: GuardEnvironment = {...clock, uuid: () => crypto.randomUUID()};

/** The guard itself, which knows of no framework. */
export function coreOf(environment: GuardEnvironment, settings: RunSettings): Core {
	const {store, name, required, lease, storeTimeout, onEvent} = settings;
	let swept = environment.monotonic();
	const free = (header: Header) => runOf(undefined, () => environment.uuid(), undefined, outwardOf(header));

	function outwardOf(header: Header): Outward {
		const came = environment.monotonic();
		return {calls: settings.fetch, header, elapsed: () => environment.monotonic() - came};
	}

	async function partsOf(subject: Subject) {
		const tell = teller(onEvent, subject);
		const id = await idOf(subject);
		return {id, tell, steps: stepsOn({environment, store, lease, storeTimeout}, id, tell)};
	}

	/** What is past its time goes now and then. */
	function sweep(background: Served<Answer>['background'], tell: Served<Answer>['tell']): void {
		if (environment.monotonic() - swept < SWEEPS) return;
		swept = environment.monotonic();
		const sweeping = async () => store.sweep();
		background(sweeping().catch((error: unknown) => tell({type: 'store-error', step: 'sweep', error})));
	}

	return {
		free,
		async answer(asked) {
			const {method, path, header, reply} = asked;
			const outward = outwardOf(header);
			const sent = header('idempotency-key');
			const key = sent === null || sent === undefined ? null : keyIn(sent);
			if (key === undefined) return reply(problem('key-malformed'));
			if (key === null) return required ? reply(problem('key-missing')) : asked.handle(free(header));
			const whose = await asked.whose();
			if (whose !== null && typeof whose !== 'string') {
				if (typeof whose?.status === 'number') return asked.passed(whose);
				throw mistake('the scope of a guard has to give a string for every request, or a Response');
			}

			if (whose === '') throw mistake('the scope of a guard gave no text for a request');
			const body = await asked.body();
			if (body === undefined) return reply({status: 400, statusText: '', headers: [], body: null});
			const subject: Subject = {guard: name, scope: await scopeOf(whose), method, path, key};
			const own = asked.fingerprint && (await asked.fingerprint(body));
			const fingerprint = await fingerprintOf(asked, own ?? body);
			const parts = await partsOf(subject);
			sweep(asked.background, parts.tell);
			const {handle, background, copied: copy} = asked;
			return serve({
				environment,
				settings,
				subject,
				fingerprint,
				...parts,
				handle,
				outward,
				background,
				reply,
				copied: copy,
			});
		},
		unsettled: async (limit = 100) => (await store.unsettled(name, limit)).map(({entry}) => entry),
		async resolve({scope, method, path, key}, found) {
			const id = await idOf({guard: name, scope, method, path, key});
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
				if (await reconciled({settings, steps, tell, subject, background}, taken.entry, false)) settled++;
			}

			return settled;
		},
	};
}
