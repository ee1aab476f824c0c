import {isPromise, type MaybePromise} from '../utils.ts';
import type {Entry, HoldResult, KeptAnswer, Subject} from './entry.ts';
import type {GuardEvent} from './events.ts';
import {stepKey} from './identity.ts';
import {isKept, type Copied} from './kept.ts';
import {leaseLost, lose, runOf, type Outward, type Run} from './operation.ts';
import type {RunSettings} from './options.ts';
import {askAgain, problem} from './problem.ts';
import type {GuardEnvironment, Steps} from './steps.ts';
import {unknownCall} from './unknown-call.ts';

type Detail = GuardEvent extends infer E ? (E extends GuardEvent ? Omit<E, 'subject'> : never) : never;

export type Tell = (detail: Detail) => void;

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
	/** Of the entry. */
	readonly id: string;
	readonly steps: Steps;
	readonly tell: Tell;
	/** Unique to this request. */
	readonly owner: string;
	/** What goes on without the caller. */
	readonly background: (work: Promise<unknown>) => void;
	readonly handle: (run: Run) => MaybePromise<R>;
	readonly outward: Outward | undefined;
};

/** What a handler is told. Without an entry that is held: nothing of it is kept. */
export function runIn<R extends Answer>(served: Served<R>, held?: Entry): Run {
	const {settings, subject, fingerprint, steps, outward} = served;
	const key = (step: string) => stepKey(subject, fingerprint, step);
	const mark = async () => {
		if (held && (await steps.mark(served, held)).status === 'lost') throw new Error(leaseLost);
	};
	// A doubt that is repeated has acted already.
	const marks = held?.state === 'running' && settings.effects === 'marked';
	return runOf(subject.key, key, marks ? mark : undefined, outward, held?.createdAt);
}

/** Runs the handler, and keeps what became of it before anybody is told. */
export async function runHeld<R extends Answer>(served: Served<R>, held: Entry): Promise<R> {
	const {settings, steps, tell, background, handle, reply} = served;
	const run = runIn(served, held);
	const stop = steps.keep(served, held, () => {
		tell({type: 'lease-lost'});
		lose(run);
	});

	/** Writes how it ended; later, where the store fails now. What has happened is not undone by that. */
	function settle(write: () => MaybePromise<HoldResult>): MaybePromise<'done' | 'lost' | 'failed'> {
		const written = ({status}: HoldResult) => {
			if (status === 'lost' && !run.lost) tell({type: 'lease-lost'});
			stop();
			return status;
		};
		const failed = () => {
			// What is lost then may well have been written by the step that failed.
			background(steps.insist(write).finally(stop));
			return 'failed' as const;
		};
		try {
			const writing = write();
			return isPromise(writing) ? writing.then(written).catch(failed) : written(writing);
		} catch {
			return failed();
		}
	}

	function letGo(isDoubt: boolean, error?: unknown) {
		if (isDoubt) tell({type: 'doubt', ...(error !== undefined && {error})});
		return settle(() => steps.release(served, held, isDoubt ? 'doubt' : 'free'));
	}

	/** Another run may be at it, and take effect: this one cannot say any more that nothing did. */
	const elsewhere = () => reply(problem('key-in-progress'));

	let answer;
	try {
		const response = await handle(run);
		const {status} = response;
		const pending = run.pending === response;
		if (!pending && !isKept(status)) {
			// These say that nothing was done; after a mark only `undone` is believed.
			const turnedAway = (status >= 400 && status < 500) || status === 503;
			const first = settings.effects === 'handler' && held.state === 'running';
			const believed = turnedAway && (first || !mayHaveActed(run));
			const isDoubt = !believed && mayHaveActed(run);
			const ended = await letGo(isDoubt);
			if (status >= 500) return response;
			if (isDoubt) return reply(problem('outcome-unknown'));
			return ended === 'lost' || (ended === 'failed' && run.lost) ? elsewhere() : response;
		}

		// What is for the time being is no execution that could be told.
		const limit = pending ? Math.max(settings.bodyLimit, -1 - settings.bodyLimit) : settings.bodyLimit;
		const copying = served.copied(response, limit, settings.omitHeaders);
		answer = {pending, ...(isPromise(copying) ? await copying : copying)};
	} catch (error) {
		const isDoubt = mayHaveActed(run);
		await letGo(isDoubt, error);
		if (isDoubt && unknownCall(error)) return reply(problem('outcome-unknown'));
		throw error;
	}

	const {kept, pending, response} = answer;
	const ended = await settle(() => steps.answer(served, held, kept, pending ? undefined : settings.retention));
	if (pending || kept.status < 400 || ended === 'done') return response;
	if (ended === 'lost') return elsewhere();
	// Not kept, so that a later copy of the request may run: at once, or when somebody has found out that nothing was done.
	return reply(
		mayHaveActed(run)
			? askAgain(settings.storeTimeout, 'Idempotency-Key: the answer was not kept')
			: problem('store-unavailable', settings.storeTimeout),
	);
}

const mayHaveActed = ({acts}: Run): boolean => acts.length > 0;
