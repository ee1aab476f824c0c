import type {MaybePromise} from '../../src/utils.ts';
import type {Store} from '../../src/stores/store.ts';

type StepName = 'claim' | 'renew' | 'settle' | 'forget' | 'list';

const everything: readonly StepName[] = ['claim', 'renew', 'settle', 'forget', 'list'];

/** The steps of a store for one realm, which fail there while they are broken, and hang while they are stuck. */
export function faulty(store: Store) {
	const broken = new Set<StepName>();
	const stuck = new Set<StepName>();
	/** Steps that are done, though who asks for them is told that they failed. */
	const deaf = new Set<StepName>();
	/** This many more steps fail, whatever they are. */
	let failures = 0;

	function through<A extends unknown[], R>(name: StepName, run: (...given: A) => MaybePromise<R>) {
		return async (...given: A): Promise<R> => {
			if (stuck.has(name)) return new Promise(() => undefined);
			if (deaf.has(name)) await run(...given);
			if (broken.has(name) || deaf.has(name) || failures > 0) {
				failures--;
				throw new Error('disk full');
			}

			return run(...given);
		};
	}

	const set =
		(steps: Set<StepName>) =>
		(...names: readonly StepName[]) => {
			for (const name of names.length === 0 ? everything : names) steps.add(name);
		};
	const over: Partial<Store> = {
		claim: through('claim', (id, claim) => store.claim(id, claim)),
		renew: through('renew', (id, renewal) => store.renew(id, renewal)),
		settle: through('settle', (id, settlement) => store.settle(id, settlement)),
		forget: through('forget', (id, freeing) => store.forget(id, freeing)),
		list: through('list', (scope, name, open) => store.list(scope, name, open)),
	};
	return {
		over,
		/** All steps, where none is named. */
		breaks: set(broken),
		hangs: set(stuck),
		deafens: set(deaf),
		failsNext(count: number) {
			failures = count;
		},
		mend() {
			for (const steps of [broken, stuck, deaf]) steps.clear();
			failures = 0;
		},
	};
}
