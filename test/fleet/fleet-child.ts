import {ietf} from '../../src/dialects/ietf.ts';
import {createFetch} from '../../src/fetch.ts';
import {forAll, performTasks} from './child.ts';

export type FleetTask = {readonly origin: string; readonly names: readonly string[]; readonly atOnce: number};

/** What the caller of each operation was told: the status and the body, or the error. */
export type FleetReply = ReadonlyArray<readonly [name: string, told: string]>;

const DAY = 86_400_000;

await performTasks(async (store, task) => {
	const {origin, names, atOnce} = task as FleetTask;
	const fetch = createFetch({store, scope: null, dialect: ietf({retention: DAY, saves: 'success'})});
	const told: Array<readonly [string, string]> = [];
	await forAll(names, atOnce, async name => {
		const paid = fetch(`${origin}/${name}`, {method: 'POST', body: `pay for ${name}`, operation: name});
		told.push([
			name,
			await paid.then(
				async response => `${response.status} ${await response.text()}`,
				(error: unknown) => String(error),
			),
		]);
	});
	return told;
});
