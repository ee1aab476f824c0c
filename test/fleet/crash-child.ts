import {setImmediate} from 'node:timers/promises';
import {ietf} from '../../src/dialects/ietf.ts';
import {AlreadySucceededError} from '../../src/errors.ts';
import {createFetch} from '../../src/fetch.ts';
import type {Store} from '../../src/stores/store.ts';
import {forAll, performTasks, tell} from './child.ts';

/** A moment at which the process ends itself: at the `nth` step of that kind, after so many turns of the event loop. */
export type Death = {
	/** `-ing`: the step has been asked of the store. `-ed`: it was answered, and nothing has been done since. */
	readonly at: 'claiming' | 'claimed' | 'settling' | 'settled';
	readonly nth: number;
	readonly turns: number;
};

export type CrashTask = {
	readonly origin: string;
	readonly names: readonly string[];
	readonly atOnce: number;
	readonly death?: Death | undefined;
};

/** What the parent is told on the way. */
export type Told =
	| {readonly done: string}
	| {readonly event: string; readonly operation: string; readonly key: string | undefined};

await performTasks(async (store, task) => {
	const {origin, names, atOnce, death} = task as CrashTask;
	const fetch = createFetch({
		store: death === undefined ? store : deadly(store, death),
		scope: null,
		timeout: 5_000,
		totalTimeout: 20_000,
		retry: {limit: 20, delay: () => 5},
		dialect: ietf(),
		onEvent({type, operation = [], key}) {
			tell({event: type, operation: operation.join(), key} satisfies Told);
		},
	});

	await forAll(names, atOnce, async name => {
		try {
			const response = await fetch(`${origin}/${name}`, {method: 'POST', body: `pay for ${name}`, operation: name});
			if (response.status !== 201) throw new Error(`${name} was answered ${response.status}`);
		} catch (error) {
			// An earlier life settled it, and could not say so any more.
			if (!(error instanceof AlreadySucceededError)) throw error;
		}

		tell({done: name} satisfies Told);
	});
});

function deadly(store: Store, {at, nth, turns}: Death): Store {
	let left = nth;

	async function step<R>(asked: R | Promise<R>, kind: 'claim' | 'settl'): Promise<Awaited<R>> {
		if (at === `${kind}ing` && --left === 0) await die(turns);
		const result = await asked;
		if (at === `${kind}ed` && --left === 0) await die(0);
		return result;
	}

	return {
		...store,
		claim: async (id, claim) => step(store.claim(id, claim), 'claim'),
		settle: async (id, settlement) => step(store.settle(id, settlement), 'settl'),
	};
}

/** At once, not when this process gets round to it. */
async function die(turns: number): Promise<void> {
	for (let turn = 0; turn < turns; turn++) await setImmediate();
	process.kill(process.pid, 'SIGKILL');
}
