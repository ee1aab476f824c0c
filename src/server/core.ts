import {clock} from '../clock.ts';
import type {MaybePromise} from '../utils.ts';
import {askedOf, type Incoming} from './asked.ts';
import type {Entry, ResolveResult, Subject} from './entry.ts';
import {idOf} from './identity.ts';
import {copied} from './kept.ts';
import type {Header} from './operation-fetch.ts';
import {runOf, type Outward, type Run} from './operation.ts';
import type {RunSettings} from './options.ts';
import type {Answer, Medium, Served} from './run.ts';
import {reconciled, serve, teller} from './serve.ts';
import {stepsOn, type GuardEnvironment} from './steps.ts';
import {sweepsOf} from './sweeps.ts';

/** What can be done about entries whose outcome is not known. */
export type Unsettled = {
	/**
	 * The oldest entries that are running, in doubt, or answered for the time being. A run that may have taken effect and whose
	 * lease is over is in doubt.
	 *
	 * @param limit The most of them; 100 where it is left out.
	 */
	unsettled(limit?: number): Promise<readonly Entry[]>;
	/**
	 * Says what became of an entry that is in doubt or pending: a `Response` is given again, `'undone'` lets the next request
	 * run. Nothing happens to one that is settled or that somebody is at.
	 *
	 * @param which An entry of `unsettled()`: the word is about this doubt, and does not land (`'none'`) where it has been settled
	 *   or has gone on since. A bare subject: about whatever is unsettled under it when the word lands, which may be a newer run.
	 * @example
	 * for (const entry of await guard.unsettled())
	 *   if (entry.state === 'doubt') await guard.resolve(entry, 'undone');
	 */
	resolve(which: Entry | Omit<Subject, 'guard'>, found: Response | 'undone'): Promise<ResolveResult['status']>;
	/** Asks `reconcile` about the entries in doubt, one after the other. How many of them are settled now. */
	reconcileAll(limit?: number): Promise<number>;
};

/** A request, and how it is answered. */
export type Serving<R extends Answer> = Incoming &
	Medium<R> & {
		/** A `Response` of the application's instead of an answer. */
		readonly passed: (response: Response) => MaybePromise<R>;
		readonly handle: (run: Run) => MaybePromise<R>;
		readonly background: Served<R>['background'];
	};

export type Core = Unsettled & {
	answer<R extends Answer>(serving: Serving<R>): Promise<R>;
	/** A run without a key. */
	free(header: Header): Run;
};

export const runtime: GuardEnvironment = {...clock, uuid: () => crypto.randomUUID()};

/** Owners of entries, each unique to a run. A UUID for every one of them would be 600 bytes of garbage a request. */
function ownersOf({uuid}: GuardEnvironment): () => string {
	let some = '';
	let count = 0;
	return () => {
		if (count++ % 100 === 0) some = uuid();
		return some + count;
	};
}

/** The guard itself, which knows of no framework. */
export function coreOf(environment: GuardEnvironment, settings: RunSettings): Core {
	const {store, name, lease, storeTimeout, onEvent} = settings;
	const steps = stepsOn({environment, store, lease, storeTimeout});
	const nextOwner = ownersOf(environment);
	const sweepNow = sweepsOf(environment, async () => store.sweep());
	const free = (header: Header) => runOf(undefined, () => environment.uuid(), undefined, outwardOf(header));

	function outwardOf(header: Header): Outward | undefined {
		if (!settings.fetch) return undefined;
		const came = environment.monotonic();
		return {calls: settings.fetch, header, elapsed: () => environment.monotonic() - came};
	}

	async function placeOf(subject: Subject) {
		return {id: await idOf(subject), tell: teller(onEvent, subject)};
	}

	return {
		free,
		async answer(serving) {
			const {header, handle, background, reply, copied: copy} = serving;
			const outward = outwardOf(header);
			const asked = await askedOf(settings, serving);
			if (asked.type === 'keyless') return handle(free(header));
			if (asked.type === 'refused') return reply(asked.answer);
			if (asked.type === 'passed') return serving.passed(asked.response);
			const {subject, fingerprint, id} = asked;
			const tell = teller(onEvent, subject);
			const sweeping = sweepNow(tell);
			if (sweeping) background(sweeping);
			return serve({
				environment,
				settings,
				subject,
				fingerprint,
				id,
				tell,
				owner: nextOwner(),
				steps,
				handle,
				outward,
				background,
				reply,
				copied: copy,
			});
		},
		unsettled: async (limit = 100) =>
			(await store.unsettled(name, limit)).map(({entry, now}) =>
				entry.state === 'running' && now >= entry.leaseUntil ? {...entry, state: 'doubt'} : entry,
			),
		async resolve(which, found) {
			const seen = 'subject' in which ? which : undefined;
			// Whoever was at it then may have acted since.
			if (seen?.state === 'running') return 'busy';
			const {scope, method, path, key} = 'subject' in which ? which.subject : which;
			const id = await idOf({guard: name, scope, method, path, key});
			const {bodyLimit, omitHeaders, retention} = settings;
			const told = found === 'undone' ? found : {answer: (await copied(found, bodyLimit, omitHeaders)).kept, retention};
			return (await store.resolve(id, told, seen)).status;
		},
		async reconcileAll(limit = 100) {
			let settled = 0;
			if (!settings.reconcile) return settled;
			for (const {entry} of await store.unsettled(name, limit)) {
				if (entry.state === 'answered') continue;
				const {subject} = entry;
				const place = await placeOf(subject);
				const taken = await steps.take(place, nextOwner());
				if (taken.status !== 'taken') continue;
				const background = (work: Promise<unknown>) => void work;
				if (await reconciled({...place, settings, steps, subject, background}, taken.entry, false)) settled++;
			}

			return settled;
		},
	};
}
