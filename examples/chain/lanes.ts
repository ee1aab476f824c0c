import type {Outcome} from './lane.ts';
import type {Tally} from './parts/database.ts';
import type {Balancing} from './parts/nginx.ts';
import type {Keeping} from './parts/part.ts';

export const balancings: readonly Balancing[] = ['defaults', 'repeating'];
export const keepings: readonly Keeping[] = ['nobody', 'transaction', 'redis'];

const isOnceEach = ({doubled, missing}: Tally) => doubled === 0 && missing === 0;

/** In what a run broke a promise of latchkey's. Where nobody keeps anything, nothing is promised. */
export function problemsOf(keeping: Keeping, outcome: Outcome, orders: number): string[] {
	if (keeping === 'nobody') return [];
	const {atFirst, unknown, agreed, succeeded} = outcome;
	const stages = (['orders', 'outbox', 'shipments'] as const).filter(stage => !isOnceEach(outcome[stage]));
	const promises: ReadonlyArray<readonly [kept: boolean, problem: string]> = [
		[stages.length === 0, `not once each: ${stages.join(', ')}`],
		[atFirst.doubled === 0, 'some orders were doubled before anything was found out'],
		[succeeded === orders, `${orders - succeeded} buyers were never told of a success`],
		[keeping === 'redis' || unknown === 0, `${unknown} buyers were told that they are not known`],
		[agreed, 'what buyers were told is unknown is not what the guard has as unsettled'],
	];
	return promises.filter(([kept]) => !kept).map(([, problem]) => problem);
}
