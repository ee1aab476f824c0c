import * as fc from 'fast-check';
import type {StoreFate} from './plan.ts';

/** What chance decides of the guards of a world: processes that share their entries, behind one balancer. */
export type GuardPlan = {
	readonly processes: number;
	readonly effects: 'handler' | 'marked';
	readonly onLapsed: 'doubt' | 'reexecute';
	readonly onStoreError: 'refuse' | 'run';
	readonly reconciles: boolean;
	readonly lease: number;
	readonly storeTimeout: number;
	readonly waiting: number;
	/** One for each run of the handler, in order. */
	readonly runs: readonly HandlerRun[];
	/** One for each question of `reconcile`, in order. */
	readonly answers: readonly Reconciling[];
	/** One for each step of the store of entries, in order. */
	readonly entries: readonly StoreFate[];
	/** What befalls the processes, and what their operators do. */
	readonly deeds: readonly GuardDeed[];
};

/** `before`, `after`: how long the handler works before and after its effect, in milliseconds. */
export type HandlerRun = {
	readonly before: number;
	readonly after: number;
	readonly result: 'paid' | 'declined' | 'missing';
	readonly end: 'answers' | 'throws' | 'breaks' | 'turns away' | 'limits' | 'undoes' | 'cuts' | 'dies';
};

export type Reconciling = {readonly ms: number; readonly how: 'tells' | 'throws' | 'knows nothing'};

/** `after`: milliseconds since the deed before. */
export type GuardDeed = {readonly after: number; readonly process: number} & (
	| {readonly do: 'crash' | 'reconcile all' | 'sweep'}
	| {readonly do: 'crash at'; readonly call: number; readonly lands: boolean}
	| {readonly do: 'freeze'; readonly ms: number}
	| {readonly do: 'resolve'; readonly lie: boolean}
	/** Somebody else sends a key that he has seen, under his own scope. */
	| {readonly do: 'stranger'}
);

/** Nothing befalls it. */
export const quietGuard: GuardPlan = {
	processes: 1,
	effects: 'handler',
	onLapsed: 'doubt',
	onStoreError: 'refuse',
	reconciles: false,
	lease: 10_000,
	storeTimeout: 2_000,
	waiting: 0,
	runs: [],
	answers: [],
	entries: [],
	deeds: [],
};

const SECOND = 1_000;
const short = fc.nat({max: 400});
const usual = fc.oneof({weight: 5, arbitrary: short}, {weight: 1, arbitrary: fc.nat({max: 40 * SECOND})});
const named = <const T extends string>(...names: T[]) => fc.constantFrom(...names);

const deed = fc.oneof(
	{weight: 4, arbitrary: fc.record({do: named('crash', 'reconcile all', 'sweep', 'reconcile all')})},
	{
		weight: 4,
		arbitrary: fc.record({do: named('crash at'), call: fc.integer({min: 1, max: 12}), lands: fc.boolean()}),
	},
	{weight: 1, arbitrary: fc.record({do: named('freeze'), ms: fc.constantFrom(SECOND, 12 * SECOND, 60 * SECOND)})},
	{weight: 3, arbitrary: fc.record({do: named('resolve'), lie: fc.constantFrom(false, false, false, true)})},
	{weight: 1, arbitrary: fc.record({do: named('stranger')})},
);

const entryFate = fc.oneof<Array<fc.WeightedArbitrary<StoreFate>>>(
	{weight: 5, arbitrary: fc.constant<StoreFate>({there: undefined, back: 0, fails: 'no'})},
	{weight: 2, arbitrary: fc.record({there: short, back: short, fails: named('no')})},
	{weight: 2, arbitrary: fc.record({there: fc.nat({max: 5}), back: fc.nat({max: 5}), fails: named('before', 'after')})},
	{
		weight: 1,
		arbitrary: fc.record({
			there: fc.nat({max: 15 * SECOND}),
			back: short,
			fails: named('no', 'before', 'after', 'never answers'),
		}),
	},
);

/** A store that fails goes on to fail for a while. */
const entryFates = fc
	.array(fc.tuple(entryFate, fc.constantFrom(1, 1, 1, 3, 12)), {maxLength: 24})
	.map(all => all.flatMap(([fate, times]) => Array.from({length: times}, () => fate)));

export const anyGuard: fc.Arbitrary<GuardPlan> = fc.record({
	processes: fc.integer({min: 1, max: 3}),
	effects: named('handler', 'marked'),
	onLapsed: named('doubt', 'doubt', 'doubt', 'reexecute'),
	onStoreError: named('refuse', 'refuse', 'refuse', 'refuse', 'refuse', 'run'),
	reconciles: fc.boolean(),
	lease: fc.constantFrom(SECOND, 10 * SECOND),
	storeTimeout: fc.constantFrom(500, 2 * SECOND),
	waiting: fc.constantFrom(0, 0, SECOND, 15 * SECOND),
	runs: fc.array(
		fc.record({
			before: usual,
			after: usual,
			result: named('paid', 'paid', 'paid', 'declined', 'missing'),
			end: named(
				...([
					'answers',
					'answers',
					'answers',
					'throws',
					'breaks',
					'turns away',
					'limits',
					'undoes',
					'cuts',
					'dies',
				] as const),
			),
		}),
		{maxLength: 12},
	),
	answers: fc.array(fc.record({ms: usual, how: named('tells', 'tells', 'throws', 'knows nothing')}), {
		maxLength: 8,
	}),
	entries: fc.oneof({weight: 1, arbitrary: fc.constant([])}, {weight: 2, arbitrary: entryFates}),
	deeds: fc.array(
		fc
			.tuple(fc.oneof(short, usual), fc.nat({max: 2}), deed)
			.map(([after, process, what]): GuardDeed => ({...what, after, process})),
		{maxLength: 12},
	),
});
