import {tellGuarded} from '../utils.ts';
import type {Beginning, Entry, KeptAnswer, Subject} from './entry.ts';
import type {GuardEvent} from './events.ts';
import {stepKey} from './identity.ts';
import {copied, replayOf} from './kept.ts';
import {inProgress, problem} from './problem.ts';
import {runHeld, runIn, type Answer, type Served, type Tell} from './run.ts';
import {tried} from './steps.ts';

/** How long between two looks at a key that another request is at, in milliseconds: the first, and the longest. */
const FIRST_LOOK = 25;
const LONGEST_LOOK = 500;

/** Tells the owner of the guard, which harms nothing. */
export function teller(onEvent: ((event: GuardEvent) => void) | undefined, subject: Subject): Tell {
	return detail => onEvent && tellGuarded(onEvent, {...detail, subject});
}

/** The answer to a request under its key. */
export async function serve<R extends Answer>(served: Served<R>): Promise<R> {
	const {environment, settings, subject, fingerprint, owner, steps, tell, background, reply} = served;
	const {lease, effects, onLapsed, onStoreError, waiting, reconcile} = settings;
	const mayHaveActed = effects === 'handler';
	const beginning: Beginning = {subject, fingerprint, owner, lease, mayHaveActed, onLapsed};
	const since = environment.monotonic();
	let pause = FIRST_LOOK;
	let known = false;

	for (let asked = false; ;) {
		let begun;
		try {
			begun = await steps.begin(served, beginning);
		} catch {
			// Never beside a run that was seen, nor after one that may have taken effect.
			if (onStoreError === 'run' && !known) {
				tell({type: 'unguarded'});
				return served.handle(runIn(served));
			}

			background(steps.giveBack(served, beginning));
			return reply(problem('store-unavailable', settings.storeTimeout));
		}

		known = true;
		const {entry, now} = begun;
		if (begun.status === 'begun') return runHeld(served, entry);
		if (begun.status === 'reused') return reply(problem('key-reused'));
		if (begun.status === 'answered') return reply(replayOf(entry.answer as KeptAnswer));
		if (begun.status === 'doubt') {
			if (!reconcile || asked) return reply(problem('outcome-unknown'));
			const found = await findOut(served);
			if (found) return found;
			asked = true;
			continue;
		}

		const left = waiting - (environment.monotonic() - since);
		if (left <= 0) return reply(inProgress(entry, now));
		const wait = Math.min(pause, left);
		await new Promise<void>(resolve => environment.timer(resolve, wait));
		pause = Math.min(pause * 2, LONGEST_LOOK);
	}
}

type Looked = Pick<Served<Answer>, 'settings' | 'steps' | 'id' | 'tell' | 'subject' | 'background'>;

/** Asks `reconcile` about a doubt. `undefined`: there is none any more. */
async function findOut<R extends Answer>(served: Served<R>): Promise<R | undefined> {
	const {owner, steps, settings, reply} = served;
	const taken = await tried(() => steps.take(served, owner));
	if (taken === undefined) return reply(problem('store-unavailable', settings.storeTimeout));
	if (taken.status === 'busy') return reply(inProgress(taken.entry, taken.now));
	if (taken.status === 'none') return undefined;
	const found = await reconciled(served, taken.entry, true);
	if (found === undefined) return reply(problem('outcome-unknown'));
	if (found === 'repeat') return runHeld(served, taken.entry);
	return found === 'undone' ? undefined : reply(replayOf(found));
}

/** Looks into a doubt that is held, and lets go of it, unless it may be repeated by who asks. */
export async function reconciled(
	looked: Looked,
	held: Entry,
	repeats: boolean,
): Promise<KeptAnswer | 'undone' | 'repeat' | undefined> {
	const {settings, steps, tell, subject, background} = looked;
	const {reconcile, bodyLimit, omitHeaders, retention} = settings;
	let lost = false;
	const end = steps.keep(looked, held, () => {
		lost = true;
		tell({type: 'lease-lost'});
	});
	try {
		const key = (step: string) => stepKey(subject, held.fingerprint, step);
		const found = await reconcile?.(held, {key});
		if (found === 'undone') return (await steps.release(looked, held, 'free')).status === 'done' ? found : undefined;
		if (found === 'repeat' && repeats && !lost) return found;
		if (found !== undefined && found !== 'repeat') {
			const {kept} = await copied(found, bodyLimit, omitHeaders);
			return (await steps.answer(looked, held, kept, retention)).status === 'done' ? kept : undefined;
		}
	} catch (error) {
		tell({type: 'reconcile-error', error});
	} finally {
		end();
	}

	background(tried(() => steps.release(looked, held, 'doubt')));
	return undefined;
}
