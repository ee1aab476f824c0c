import {effectsIn, isLimited, isSuccess, mayBeInProgress} from '../answers.ts';
import {polls, type Check, type CheckId, type Finding} from '../check.ts';
import {limited, statusOf} from '../repeat.ts';

function atOnce(id: CheckId, title: string, times: number): Check {
	return {
		id,
		title,
		requests: times + polls,
		effects: times + polls,
		async run(lab): Promise<Finding> {
			const operation = lab.newOperation();
			const seen = await Promise.all(Array.from({length: times}, async () => lab.send(operation)));
			const last = await lab.sendUntilDone(operation);
			const counted = await lab.counted();
			const successes = [...seen, last].filter(isSuccess);
			const effects = counted ?? (lab.tellsApart ? effectsIn(successes, [operation.key]) : undefined);
			const statuses = tally(seen.map(statusOf));
			if (effects !== undefined && effects > 1)
				return {found: 'several-effects', says: `${effects} effects (${statuses})`, effects};
			if (isLimited(last)) return {found: 'unclear', says: limited(last), effects};
			if (mayBeInProgress(last) && !seen.some(isSuccess))
				return {found: 'locked', says: `nobody succeeds, and the key stays at ${statusOf(last)}`, effects};
			if (successes.length === 0) return {found: 'failed', says: `nobody succeeds (${statuses})`, effects};
			if (mayBeInProgress(last))
				return {found: 'one-effect', says: `one effect (${statuses}); repeats get ${statusOf(last)}`, effects};
			if (effects === undefined) return {found: 'unclear', says: `effects not known (${statuses}): give --count`};
			return {found: 'one-effect', says: `one effect (${statuses})`, effects};
		},
	};
}

export const twoAtOnce: Check = atOnce('two-at-once', '2 at once', 2);
export const twentyAtOnce: Check = atOnce('twenty-at-once', '20 at once', 20);

function tally(names: readonly string[]): string {
	const counts = new Map<string, number>();
	for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
	return [...counts].map(([name, count]) => `${count} x ${name}`).join(', ');
}
