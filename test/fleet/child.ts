import type {Store} from '../../src/stores/store.ts';
import {openStore, type Place} from './place.ts';

/** Performs the tasks that the parent sends, over the store at the place that it named, until the parent is gone. */
export async function performTasks(perform: (store: Store, task: unknown) => Promise<unknown>): Promise<void> {
	process.on('disconnect', () => {
		process.exit();
	});
	const {store} = await openStore(JSON.parse(process.argv[2] ?? '') as Place);
	process.on('message', (task: unknown) => {
		void perform(store, task).then(
			reply => process.send?.({reply}),
			(error: unknown) => process.send?.({error: error instanceof Error ? error.stack : String(error)}),
		);
	});
	process.send?.({ready: true});
}

/** Says something to the parent in the middle of a task. */
export function tell(told: unknown): void {
	process.send?.({told});
}

/** Runs `run` for every name in order, so many at once. */
export async function forAll(
	names: readonly string[],
	atOnce: number,
	run: (name: string) => Promise<void>,
): Promise<void> {
	const queue = names.values();
	const line = async () => {
		for (const name of queue) await run(name);
	};
	await Promise.all(Array.from({length: atOnce}, line));
}
