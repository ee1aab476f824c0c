import * as fc from 'fast-check';

/** What becomes of a statement, or of what is handed to the broker. `fails`: before it has taken effect, or after that. */
export type Fate = {readonly there: number; readonly back: number; readonly fails: 'no' | 'before' | 'after'};

/** What is written into the outbox, after so many milliseconds. */
export type Sent = {
	readonly after: number;
	readonly key: 'a' | 'b' | 'c' | undefined;
	/** How often its handler throws before it does not; Infinity: until it is mended. */
	readonly failures: number;
	/** Its transaction is rolled back. */
	readonly undone: boolean;
	/** Its producer gives it the id of the one before it. */
	readonly forged: boolean;
};

export type Deed = {readonly after: number; readonly who: number} & (
	| {readonly do: 'crash' | 'restart' | 'rebalance' | 'redeliver'}
	/** It dies at a call of its own; the call still happens, or not. */
	| {readonly do: 'crash at'; readonly call: number; readonly lands: boolean}
	| {readonly do: 'freeze'; readonly ms: number}
);

export type ConsumerPlan = {
	readonly way: 'messages' | 'batches';
	/** How many messages share a transaction, and how many are fetched. */
	readonly size: number;
	readonly partitions: number;
	readonly processes: number;
	readonly consumers: number;
	readonly relays: number;
	readonly maxAttempts: number;
	readonly onPoison: 'stop' | 'skip';
	/** Who ends it in the end: a handler that is mended, `skip()`, or nobody. */
	readonly operator: 'mends' | 'skips' | 'nobody';
	readonly sent: readonly Sent[];
	readonly deeds: readonly Deed[];
	readonly database: readonly Fate[];
	readonly broker: readonly Fate[];
	/** Of dead letters, one after the other. */
	readonly letters: readonly Fate[];
};

const ms = fc.oneof({weight: 6, arbitrary: fc.nat({max: 60})}, {weight: 1, arbitrary: fc.nat({max: 5_000})});
const quick = fc.record({there: fc.nat({max: 5}), back: fc.nat({max: 5}), fails: fc.constant('no' as const)});
const rough = fc.record({there: ms, back: ms, fails: fc.constantFrom('no', 'before', 'after')});
const fates = (maxLength: number) =>
	fc.array(fc.oneof({weight: 8, arbitrary: quick}, {weight: 1, arbitrary: rough}), {maxLength});

const who = fc.nat({max: 5});
const deed = fc.oneof(
	fc.record({do: fc.constantFrom('crash', 'restart', 'rebalance', 'redeliver'), after: ms, who}),
	fc.record({
		do: fc.constant('crash at' as const),
		after: ms,
		who,
		call: fc.integer({min: 1, max: 40}),
		lands: fc.boolean(),
	}),
	fc.record({do: fc.constant('freeze' as const), after: ms, who, ms: fc.constantFrom(100, 2_000, 20_000)}),
);

const often = <T>(weight: number, usual: T, ...others: readonly T[]) =>
	fc.oneof({weight, arbitrary: fc.constant(usual)}, {weight: 1, arbitrary: fc.constantFrom(...others)});

export const anyConsumerPlan: fc.Arbitrary<ConsumerPlan> = fc.record({
	way: fc.constantFrom('messages', 'batches'),
	size: fc.integer({min: 1, max: 6}),
	partitions: fc.integer({min: 1, max: 3}),
	processes: fc.integer({min: 1, max: 3}),
	consumers: fc.constantFrom(1, 1, 2),
	relays: fc.integer({min: 1, max: 2}),
	maxAttempts: fc.integer({min: 1, max: 3}),
	onPoison: fc.constantFrom('stop', 'skip'),
	operator: fc.constantFrom('mends', 'skips', 'nobody'),
	sent: fc.array(
		fc.record({
			after: ms,
			key: fc.constantFrom('a', 'a', 'b', 'c', undefined),
			failures: often(10, 0, 1, 2, 4, Infinity),
			undone: often(10, false, true),
			forged: often(30, false, true),
		}),
		{maxLength: 16},
	),
	deeds: fc.array(deed, {maxLength: 10}),
	database: fates(120),
	broker: fates(30),
	letters: fates(8),
});
