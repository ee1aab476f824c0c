import {tellGuarded} from '../utils.ts';
import type {Beginning, Entry, KeptAnswer, Subject} from './entry.ts';
import type {GuardEvent} from './events.ts';
import {stepKey} from './identity.ts';
import {copied, isKept, replayOf} from './kept.ts';
import {runOf, type Operation} from './operation.ts';
import type {RunSettings} from './options.ts';
import {inProgress, problem} from './problem.ts';
import type {GuardEnvironment, Steps} from './steps.ts';

type Detail = GuardEvent extends infer E ? (E extends GuardEvent ? Omit<E, 'subject'> : never) : never;

/** One request that has a key, and what is needed to serve it. */
export type Served = {
	readonly environment: GuardEnvironment;
	readonly settings: RunSettings;
	readonly subject: Subject;
	readonly fingerprint: string;
	readonly steps: Steps;
	readonly tell: (detail: Detail) => void;
	/** What goes on without the caller. */
	readonly background: (work: Promise<unknown>) => void;
	readonly handle: (operation: Operation) => Promise<Response>;
};

/** How long between two looks at a key that another request is at, in milliseconds: the first, and the longest. */
const LOOKS = [25, 500] as const;

/** Tells the owner of the guard, which harms nothing. */
export function teller(onEvent: ((event: GuardEvent) => void) | undefined, subject: Subject): Served['tell'] {
	return detail => onEvent && tellGuarded(onEvent, {...detail, subject});
}

/** The answer to a request under its key. */
export async function serve(served: Served): Promise<Response> {
	const {environment, settings, subject, fingerprint, steps, tell, background} = served;
	const {lease, effects, onLapsed, onStoreError, waiting, reconcile} = settings;
	const owner = environment.uuid();
	const mayHaveActed = effects === 'handler';
	const beginning: Beginning = {subject, fingerprint, owner, lease, mayHaveActed, onLapsed};
	const since = environment.monotonic();
	let pause: number = LOOKS[0];

	for (let reconciled = false; ;) {
		const begun = await steps.begin(beginning).catch(() => undefined);
		if (begun === undefined) {
			if (onStoreError === 'run') {
				tell({type: 'unguarded'});
				return served.handle(operationOf(served).operation);
			}

			background(steps.giveBack(beginning));
			return unavailable(settings.storeTimeout);
		}

		const {entry, now} = begun;
		if (begun.status === 'begun') return runHeld(served, entry);
		if (begun.status === 'reused') return problem('key-reused');
		if (begun.status === 'answered') return replayOf(entry.answer as KeptAnswer);
		if (begun.status === 'doubt') {
			if (!reconcile || reconciled) return problem('outcome-unknown');
			const found = await findOut(served, owner);
			if (found) return found;
			reconciled = true;
			continue;
		}

		const left = waiting - (environment.monotonic() - since);
		if (left <= 0) return inProgress(entry, now);
		const wait = Math.min(pause, left);
		await new Promise<void>(resolve => environment.timer(resolve, wait));
		pause = Math.min(pause * 2, LOOKS[1]);
	}
}

/** Asks `reconcile` about a doubt. `undefined`: there is none any more. */
async function findOut(served: Served, owner: string): Promise<Response | undefined> {
	const taken = await served.steps.take(owner).catch(() => undefined);
	if (taken === undefined) return unavailable(served.settings.storeTimeout);
	if (taken.status === 'busy') return inProgress(taken.entry, taken.now);
	if (taken.status === 'none') return undefined;
	const found = await reconciled(served, taken.entry);
	if (found === undefined) return problem('outcome-unknown');
	return found === 'undone' ? undefined : replayOf(found);
}

/** Looks into a doubt that is held, and lets go of it. */
export async function reconciled(
	{settings, steps, tell, subject, background}: Pick<Served, 'settings' | 'steps' | 'tell' | 'subject' | 'background'>,
	held: Entry,
): Promise<KeptAnswer | 'undone' | undefined> {
	const {reconcile, bodyLimit, omitHeaders, retention} = settings;
	const end = steps.keep(held, () => tell({type: 'lease-lost'}));
	try {
		const key = (step: string) => stepKey(subject, held.fingerprint, step);
		const found = await reconcile?.(held, {key});
		if (found === 'undone') return (await steps.release(held, 'free')).status === 'done' ? found : undefined;
		if (found !== undefined) {
			const {kept} = await copied(found, bodyLimit, omitHeaders);
			return (await steps.answer(held, kept, retention)).status === 'done' ? kept : undefined;
		}
	} catch (error) {
		tell({type: 'reconcile-error', error});
	} finally {
		end();
	}

	background(steps.release(held, 'doubt').catch(() => undefined));
	return undefined;
}

function operationOf({settings, subject, fingerprint, steps}: Served, held?: Entry) {
	const key = (step: string) => stepKey(subject, fingerprint, step);
	const mark = async () => {
		if (held && (await steps.mark(held)).status === 'lost')
			throw new Error('the run has lost its lease: nothing was done');
	};
	return runOf(subject.key, key, held && settings.effects === 'marked' ? mark : undefined);
}

/** Runs the handler, and keeps what became of it before anybody is told. */
async function runHeld(served: Served, held: Entry): Promise<Response> {
	const {settings, steps, tell, background, handle} = served;
	const run = operationOf(served, held);
	const stop = steps.keep(held, () => {
		tell({type: 'lease-lost'});
		run.lose();
	});

	/** Writes how it ended; later, where the store fails now. What has happened is not undone by that. */
	async function settle(write: () => Promise<{readonly status: string}>): Promise<void> {
		const reported = async () => {
			if ((await write()).status === 'lost' && !run.operation.signal.aborted) tell({type: 'lease-lost'});
		};
		try {
			await reported();
			stop();
		} catch {
			background(steps.insist(reported).finally(stop));
		}
	}

	async function letGo(isDoubt: boolean, error?: unknown): Promise<void> {
		if (isDoubt) tell({type: 'doubt', ...(error !== undefined && {error})});
		await settle(() => steps.release(held, isDoubt ? 'doubt' : 'free'));
	}

	let answer;
	try {
		const response = await handle(run.operation);
		const {status} = response;
		const pending = run.isPending(response);
		if (!pending && !isKept(status)) {
			// These say that nothing was done; after a mark only `undone` is believed.
			const turnedAway = (status >= 400 && status < 500) || status === 503;
			const believed = turnedAway && (settings.effects === 'handler' || !run.mayHaveActed());
			await letGo(!believed && run.mayHaveActed());
			return response;
		}

		// What is for the time being is no execution that could be told.
		const limit = pending ? Math.max(settings.bodyLimit, ~settings.bodyLimit) : settings.bodyLimit;
		answer = {pending, ...(await copied(response, limit, settings.omitHeaders))};
	} catch (error) {
		await letGo(run.mayHaveActed(), error);
		throw error;
	}

	const {kept, pending, response} = answer;
	await settle(() => steps.answer(held, kept, pending ? undefined : settings.retention));
	return response;
}

function unavailable(timeout: number): Response {
	return problem('store-unavailable', {'retry-after': String(Math.ceil(timeout / 1_000))});
}
