import process from 'node:process';
import * as fc from 'fast-check';
import {epilogue} from './epilogue.ts';
import {perform} from './perform.ts';
import {anyPlan} from './any-plan.ts';
import type {Plan} from './plan.ts';
import {USERS} from './session.ts';
import {createShop, type Shop} from './shop.ts';

export type Run = {
	readonly violations: readonly string[];
	readonly trace: () => readonly string[];
	readonly counts: ReadonlyMap<string, number>;
};

/** One world from its first click until every operation has found its end. */
export async function simulate(plan: Plan): Promise<Run> {
	const shop = createShop(plan);
	const {world, check} = shop;
	const unhandled = (reason: unknown) => {
		check.violation(`nobody handles the rejection of a promise: ${String(reason)}`);
	};
	process.on('unhandledRejection', unhandled);
	try {
		await live(shop, plan);
	} catch (error) {
		check.violation(`something was thrown at nobody: ${String(error)}`);
	} finally {
		process.off('unhandledRejection', unhandled);
	}

	return {violations: check.violations, trace: world.trace, counts: world.counts};
}

async function live(shop: Shop, plan: Plan): Promise<void> {
	const {world, check} = shop;
	let time = 0;
	for (const action of plan.actions) {
		time += action.after;
		world.at(time, () => {
			perform(shop, action);
		});
	}

	await world.run();
	shop.calmDown();
	world.note('world', 'calms down');
	let begun = 0;
	let ended = 0;
	for (const user of USERS.slice(0, plan.users))
		for (const operation of ['one', 'two']) {
			begun++;
			void epilogue(shop, user, operation).then(() => ended++);
			await world.run();
		}

	if (shop.guards) {
		begun++;
		void shop.guards.inTheEnd().then(() => ended++);
		await world.run();
	}

	if (ended < begun) check.violation('in the end somebody waits for ever');
}

export type Failure = {readonly seed: number; readonly plan: Plan; readonly shrinks: number} & Run;

/** The worlds of these seeds, up to the first in which something goes wrong; then the smallest such world. */
export async function simulateSeeds(
	from: number,
	seeds: number,
): Promise<{readonly failure?: Failure; readonly counts: ReadonlyMap<string, number>}> {
	const counts = new Map<string, number>();

	async function goesWell(plan: Plan): Promise<boolean> {
		const run = await simulate(plan);
		for (const [what, count] of run.counts) counts.set(what, (counts.get(what) ?? 0) + count);
		return run.violations.length === 0;
	}

	const property = fc.asyncProperty(anyPlan, goesWell);
	for (let seed = from; seed < from + seeds; seed++) {
		const {counterexample, numShrinks} = await fc.check(property, {seed, numRuns: 1, unbiased: true});
		if (counterexample === null) continue;
		const [plan] = counterexample;
		return {failure: {seed, plan, shrinks: numShrinks, ...(await simulate(plan))}, counts};
	}

	return {counts};
}

/** A failure for people. */
export function report({seed, plan, shrinks, violations, trace}: Failure): string {
	return [
		`Seed ${seed}, after ${shrinks} shrinks: ${violations[0]}`,
		JSON.stringify(plan, undefined, 1),
		...trace(),
		`Again: npm run simulate -- --seeds 1 --from ${seed}`,
	].join('\n');
}
