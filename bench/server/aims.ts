import type {Measured} from './print.ts';

/** Where a candidate is to be, by the ratio of its processor time to another's. */
type Aim = {readonly group: string; readonly name: string; readonly beside: string; readonly least: number};

const aims: readonly Aim[] = [
	{group: 'node:http, in memory', name: 'latchkey, memory', beside: 'bare', least: 0.75},
	{group: 'node:http, in memory', name: 'latchkey, memory', beside: '@node-idempotency/core, memory', least: 1},
	{group: 'node:http, on an engine', name: 'latchkey, Redis', beside: '@node-idempotency/core, Redis', least: 1},
	{group: 'Express, in memory', name: 'latchkey, memory', beside: 'express-idempotency, memory', least: 1},
	{group: 'a transaction of Postgres', name: 'latchkey, coupled', beside: 'its own', least: 0.8},
];

/** What is aimed at in a group, and what it has come to. */
export function aimsOf(
	group: string,
	measured: readonly Measured[],
): Array<{readonly what: string; readonly figure: string; readonly reached: boolean}> {
	return aims
		.filter(aim => aim.group === group)
		.flatMap(({name, beside, least}) =>
			measured.map(({inFlight, kind, costs}) => {
				const [own, other] = [name, beside].map(wanted => costs.find(cost => cost.name === wanted)?.thrift ?? NaN);
				const ratio = (own ?? NaN) / (other ?? NaN);
				const what = `${name}, ${inFlight} in flight, ${kind}: at least ${least} of ${beside}`;
				return {what, figure: ratio.toFixed(2), reached: ratio >= least};
			}),
		);
}
