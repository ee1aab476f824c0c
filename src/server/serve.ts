import {tellGuarded, type MaybePromise} from '../utils.ts';
import type {Beginning, Entry, HoldResult, KeptAnswer, Subject} from './entry.ts';
import type {GuardEvent} from './events.ts';
import {stepKey} from './identity.ts';
import {copied, isKept, replayOf, type Copied} from './kept.ts';
import {runOf, type Outward, type Run} from './operation.ts';
import type {RunSettings} from './options.ts';
import {askAgain, inProgress, problem} from './problem.ts';
import type {GuardEnvironment, Steps} from './steps.ts';
import {unknownCall} from './unknown-call.ts';

type Detail = GuardEvent extends infer E ? (E extends GuardEvent ? Omit<E, 'subject'> : never) : never;

type Told = {readonly tell: (detail: Detail) => void};

/** What a handler answers with, whatever it is written to. */
export type Answer = {readonly status: number};

/** What is to be known of a kind of answers. */
export type Medium<R extends Answer> = {
	/** An answer of the guard's own. */
	readonly reply: (answer: KeptAnswer) => R;
	/** What is kept of one, and the same for its caller. */
	readonly copied: (answer: R, limit: number, omitted: readonly string[]) => MaybePromise<Copied<R>>;
};

/** One request that has a key, and what is needed to serve it. */
export type Served<R extends Answer> = Medium<R> & {
	readonly environment: GuardEnvironment;
	readonly settings: RunSettings;
	readonly subject: Subject;
	readonly fingerprint: string;
	readonly steps: Steps;
	readonly tell: Told['tell'];
	/** What goes on without the caller. */
	readonly background: (work: Promise<unknown>) => void;
	readonly handle: (run: Run) => MaybePromise<R>;
	readonly outward: Outward;
};

/** How long between two looks at a key that another request is at, in milliseconds: the first, and the longest. */
const LOOKS = [25, 500] as const;

/** Tells the owner of the guard, which harms nothing. */
export function teller(onEvent: ((event: GuardEvent) => void) | undefined, subject: Subject): Told['tell'] {
	return detail => onEvent && tellGuarded(onEvent, {...detail, subject});
}

/** The answer to a request under its key. */
export async function serve<R extends Answer>(served: Served<R>): Promise<R> {
	const {environment, settings, subject, fingerprint, steps, tell, background, reply} = served;
	const {lease, effects, onLapsed, onStoreError, waiting, reconcile} = settings;
	const owner = environment.uuid();
	const mayHaveActed = effects === 'handler';
	const beginning: Beginning = {subject, fingerprint, owner, lease, mayHaveActed, onLapsed};
	const since = environment.monotonic();
	let pause: number = LOOKS[0];
	let known = false;

	for (let asked = false; ;) {
		const begun = await steps.begin(beginning).catch(() => undefined);
		if (begun === undefined) {
			// Never beside a run that was seen, nor after one that may have taken effect.
			if (onStoreError === 'run' && !known) {
				tell({type: 'unguarded'});
				return served.handle(runIn(served));
			}

			background(steps.giveBack(beginning));
			return reply(unavailable(settings.storeTimeout));
		}

		known = true;
		const {entry, now} = begun;
		if (begun.status === 'begun') return runHeld(served, entry);
		if (begun.status === 'reused') return reply(problem('key-reused'));
		if (begun.status === 'answered') return reply(replayOf(entry.answer as KeptAnswer));
		if (begun.status === 'doubt') {
			if (!reconcile || asked) return reply(problem('outcome-unknown'));
			const found = await findOut(served, owner);
			if (found) return found;
			asked = true;
			continue;
		}

		const left = waiting - (environment.monotonic() - since);
		if (left <= 0) return reply(inProgress(entry, now));
		const wait = Math.min(pause, left);
		await new Promise<void>(resolve => environment.timer(resolve, wait));
		pause = Math.min(pause * 2, LOOKS[1]);
	}
}

type Looked = Pick<Served<Answer>, 'settings' | 'steps' | 'tell' | 'subject' | 'background'>;

/** Asks `reconcile` about a doubt. `undefined`: there is none any more. */
async function findOut<R extends Answer>(served: Served<R>, owner: string): Promise<R | undefined> {
	const {steps, settings, reply} = served;
	const taken = await steps.take(owner).catch(() => undefined);
	if (taken === undefined) return reply(unavailable(settings.storeTimeout));
	if (taken.status === 'busy') return reply(inProgress(taken.entry, taken.now));
	if (taken.status === 'none') return undefined;
	const found = await reconciled(served, taken.entry, true);
	if (found === undefined) return reply(problem('outcome-unknown'));
	if (found === 'repeat') return runHeld(served, taken.entry);
	return found === 'undone' ? undefined : reply(replayOf(found));
}

/** Looks into a doubt that is held, and lets go of it, unless it may be repeated by who asks. */
export async function reconciled(
	{settings, steps, tell, subject, background}: Looked,
	held: Entry,
	repeats: boolean,
): Promise<KeptAnswer | 'undone' | 'repeat' | undefined> {
	const {reconcile, bodyLimit, omitHeaders, retention} = settings;
	let lost = false;
	const end = steps.keep(held, () => {
		lost = true;
		tell({type: 'lease-lost'});
	});
	try {
		const key = (step: string) => stepKey(subject, held.fingerprint, step);
		const found = await reconcile?.(held, {key});
		if (found === 'undone') return (await steps.release(held, 'free')).status === 'done' ? found : undefined;
		if (found === 'repeat' && repeats && !lost) return found;
		if (found !== undefined && found !== 'repeat') {
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

function runIn<R extends Answer>(served: Served<R>, held?: Entry): Run {
	const {settings, subject, fingerprint, steps, outward} = served;
	const key = (step: string) => stepKey(subject, fingerprint, step);
	const mark = async () => {
		if (held && (await steps.mark(held)).status === 'lost')
			throw new Error('the run has lost its lease: nothing was done');
	};
	// A doubt that is repeated has acted already.
	const marks = held?.state === 'running' && settings.effects === 'marked';
	return runOf(subject.key, key, marks ? mark : undefined, outward, held?.createdAt);
}

/** Runs the handler, and keeps what became of it before anybody is told. */
async function runHeld<R extends Answer>(served: Served<R>, held: Entry): Promise<R> {
	const {settings, steps, tell, background, handle, reply} = served;
	const run = runIn(served, held);
	const stop = steps.keep(held, () => {
		tell({type: 'lease-lost'});
		run.lose();
	});

	/** Writes how it ended; later, where the store fails now. What has happened is not undone by that. */
	async function settle(write: () => Promise<HoldResult>): Promise<'done' | 'lost' | 'failed'> {
		try {
			const {status} = await write();
			if (status === 'lost' && !run.isLost()) tell({type: 'lease-lost'});
			stop();
			return status;
		} catch {
			// What is lost then may well have been written by the step that failed.
			background(steps.insist(write).finally(stop));
			return 'failed';
		}
	}

	async function letGo(isDoubt: boolean, error?: unknown) {
		if (isDoubt) tell({type: 'doubt', ...(error !== undefined && {error})});
		return settle(() => steps.release(held, isDoubt ? 'doubt' : 'free'));
	}

	/** Another run may be at it, and take effect: this one cannot say any more that nothing did. */
	const elsewhere = () => reply(problem('key-in-progress'));

	let answer;
	try {
		const response = await handle(run);
		const {status} = response;
		const pending = run.isPending(response);
		if (!pending && !isKept(status)) {
			// These say that nothing was done; after a mark only `undone` is believed.
			const turnedAway = (status >= 400 && status < 500) || status === 503;
			const first = settings.effects === 'handler' && held.state === 'running';
			const believed = turnedAway && (first || !run.mayHaveActed());
			const isDoubt = !believed && run.mayHaveActed();
			const ended = await letGo(isDoubt);
			if (status >= 500) return response;
			return isDoubt ? reply(problem('outcome-unknown')) : ended === 'lost' ? elsewhere() : response;
		}

		// What is for the time being is no execution that could be told.
		const limit = pending ? Math.max(settings.bodyLimit, ~settings.bodyLimit) : settings.bodyLimit;
		answer = {pending, ...(await served.copied(response, limit, settings.omitHeaders))};
	} catch (error) {
		const isDoubt = run.mayHaveActed();
		await letGo(isDoubt, error);
		if (isDoubt && unknownCall(error)) return reply(problem('outcome-unknown'));
		throw error;
	}

	const {kept, pending, response} = answer;
	const ended = await settle(() => steps.answer(held, kept, pending ? undefined : settings.retention));
	if (pending || kept.status < 400 || ended === 'done') return response;
	if (ended === 'lost') return elsewhere();
	// Not kept, so that a later copy of the request may run: at once, or when somebody has found out that nothing was done.
	return reply(
		run.mayHaveActed()
			? askAgain(settings.storeTimeout, 'Idempotency-Key: the answer was not kept')
			: unavailable(settings.storeTimeout),
	);
}

function unavailable(timeout: number): KeptAnswer {
	return problem('store-unavailable', timeout);
}
