import * as fc from 'fast-check';
import {
	callbackNames,
	type Action,
	type CallbackFate,
	type Fate,
	type Plan,
	type StoreFate,
	type Work,
} from './plan.ts';
import {anyGuard} from './guard-plan.ts';
import {dialectNames, guardNames, plainNames} from './all-servers.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const short = fc.nat({max: 400});
const long = fc.nat({max: 40 * SECOND});
const usual = fc.oneof({weight: 4, arbitrary: short}, {weight: 1, arbitrary: long});

function constant<const T>(value: T) {
	return fc.constant(value);
}

/** Mostly one and the same, so that its calls meet. */
const operation = fc.constantFrom('one', 'one', 'one', 'two');

const deed = fc.oneof(
	{
		weight: 10,
		arbitrary: fc.record({
			do: constant('pay'),
			operation,
			cart: fc.constantFrom(1, 1, 1, 1, 2),
			abortAfter: fc.option(usual, {nil: undefined, freq: 4}),
			hurry: fc.boolean(),
		}),
	},
	{weight: 2, arbitrary: fc.record({do: fc.constantFrom('complete', 'forget'), operation})},
	{weight: 1, arbitrary: fc.record({do: constant('force'), operation})},
	{weight: 1, arbitrary: fc.record({do: constant('resolve'), operation, lie: fc.boolean()})},
	{weight: 2, arbitrary: fc.record({do: constant('resume'), operation})},
	{weight: 3, arbitrary: fc.record({do: fc.constantFrom('crash', 'forgetAll', 'sweep', 'switch user')})},
	{
		weight: 3,
		arbitrary: fc.record({do: constant('crash at'), call: fc.integer({min: 1, max: 40}), lands: fc.boolean()}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constantFrom('freeze', 'sleep', 'offline'),
			ms: fc.constantFrom(SECOND, 10 * SECOND, MINUTE, 10 * MINUTE),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			do: constant('set clock'),
			by: fc.constantFrom(-5 * SECOND, -HOUR, -2 * DAY, -100 * DAY, 5 * SECOND, 2 * MINUTE, HOUR, 2 * DAY, 100 * DAY),
		}),
	},
);

const wayOut = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record({
			do: constant('pay'),
			operation: constant('one'),
			cart: constant(1),
			abortAfter: constant(undefined),
			hurry: constant(true),
		}),
	},
	{weight: 2, arbitrary: fc.record({do: fc.constantFrom('complete', 'forget'), operation: constant('one')})},
	{weight: 1, arbitrary: fc.record({do: constant('forgetAll')})},
);

/** How fast things follow each other: faults meet at another tempo each. */
const tempos = [
	fc.oneof({weight: 2, arbitrary: constant(0)}, {weight: 4, arbitrary: short}),
	fc.oneof({weight: 1, arbitrary: constant(0)}, {weight: 2, arbitrary: short}, {weight: 2, arbitrary: long}),
	fc.oneof(
		{weight: 2, arbitrary: short},
		{weight: 1, arbitrary: long},
		{weight: 2, arbitrary: fc.nat({max: 5 * MINUTE})},
	),
];

const fate: fc.Arbitrary<Fate> = fc.oneof(
	{weight: 6, arbitrary: fc.record({kind: constant('through'), there: usual, back: usual})},
	{weight: 2, arbitrary: fc.record({kind: constant('lose request'), silent: fc.boolean()})},
	{weight: 3, arbitrary: fc.record({kind: constant('lose response'), there: usual, silent: fc.boolean()})},
	{weight: 1, arbitrary: fc.record({kind: constant('cut response'), there: short})},
	{
		weight: 2,
		arbitrary: fc.record({kind: constant('duplicate'), gap: usual, passOn: fc.constantFrom('first', 'second')}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			kind: constant('front'),
			status: fc.constantFrom(401, 403, 409, 429, 503),
			retryAfter: fc.option(fc.constantFrom(1, 20, 300), {nil: undefined}),
		}),
	},
	{weight: 1, arbitrary: fc.record({kind: constant('redirect'), executed: fc.boolean()})},
	{weight: 2, arbitrary: fc.record({kind: constant('no connection')})},
	{weight: 1, arbitrary: fc.record({kind: constant('wrongly not sent'), there: usual})},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: constant('repeat turned away'),
			there: usual,
			status: fc.constantFrom(401, 403, 407, 409, 413, 425, 429, 431, 451),
		}),
	},
);

const storeFate: fc.Arbitrary<StoreFate> = fc.oneof(
	{weight: 4, arbitrary: fc.record({there: constant(undefined), back: constant(0), fails: constant('no')})},
	{weight: 4, arbitrary: fc.record({there: short, back: short, fails: constant('no')})},
	{
		weight: 1,
		arbitrary: fc.record({there: long, back: short, fails: fc.constantFrom('no', 'before', 'after', 'never answers')}),
	},
	{weight: 1, arbitrary: fc.record({there: short, back: short, fails: fc.constantFrom('before', 'after')})},
);

const through: Fate = {kind: 'through', there: 20, back: 20};
const answerLost: Fate = {kind: 'lose response', there: 20, silent: false};
const works: StoreFate = {there: undefined, back: 0, fails: 'no'};
const fails: StoreFate = {there: 0, back: 0, fails: 'before'};

const work: fc.Arbitrary<Work> = fc.record({
	ms: usual,
	result: fc.constantFrom('ok', 'ok', 'ok', 'declined', 'missing', 'broken'),
});

/** A network or a store that fails goes on to fail for a while. */
function runs<T>(one: fc.Arbitrary<T>, maxLength: number, times: fc.Arbitrary<number>): fc.Arbitrary<readonly T[]> {
	const run = fc.tuple(one, times).map(([what, count]) => Array.from({length: count}, () => what));
	return fc.array(run, {maxLength}).map(all => all.flat());
}

const flaky: fc.Arbitrary<StoreFate> = fc.record({
	there: fc.oneof(constant(0), short),
	back: constant(0),
	fails: fc.constantFrom('no', 'before', 'before', 'after'),
});

const callbackFate = fc.constantFrom<CallbackFate>('answers', 'answers', 'answers', 'throws', 'rejects', 'hangs');

/** A store that works: most faults of a client show without its help, and more of them when it does not get in the way. */
const fineStore = constant<readonly StoreFate[]>([]);

const configuration = {
	dialect: fc.constantFrom('documented', 'default'),
	reconcile: fc.boolean(),
	keepResponse: fc.boolean(),
	keepRequest: fc.boolean(),
	onStoreError: fc.constantFrom('fail', 'fail', 'degrade'),
} as const;

const troubled = fc.oneof(runs(storeFate, 20, fc.constantFrom(1, 4, 12)), runs(flaky, 20, fc.constantFrom(1, 1, 2, 6)));

function planAt(tempo: fc.Arbitrary<number>): fc.Arbitrary<Plan> {
	const action = fc.tuple(tempo, fc.nat({max: 2}), deed).map(([after, tab, what]): Action => ({...what, after, tab}));
	return fc.record({
		server: fc.oneof(
			{weight: 3, arbitrary: fc.constantFrom(...plainNames)},
			{weight: 3, arbitrary: fc.constantFrom(...dialectNames)},
			{weight: 2, arbitrary: fc.constantFrom(...guardNames)},
		),
		...configuration,
		keys: fc.constantFrom('random', 'random', 'random', 'content', 'own'),
		keySenders: fc.constantFrom('this-store', 'anywhere'),
		since: fc.boolean(),
		devices: fc.constantFrom(1, 1, 2),
		unopened: fc.constantFrom(...Array.from({length: 20}, () => undefined), 1, 2, 4),
		undeclared: fc.boolean(),
		users: fc.constantFrom(1, 1, 2),
		storeClock: fc.constantFrom('machine', 'own'),
		skew: fc.constantFrom(0, 0, 30 * SECOND, -30 * SECOND, 2 * HOUR, -2 * DAY),
		wrapper: fc.constantFrom('none', 'none', 'none', 'spreads', 'appends', 'audits', 'retries'),
		other: fc.oneof({weight: 2, arbitrary: constant({})}, fc.record(configuration, {requiredKeys: []})),
		watch: fc.boolean(),
		presence: fc.boolean(),
		lease: fc.constantFrom(undefined, undefined, SECOND, 10 * SECOND),
		follows: fc.boolean(),
		jitter: fc.nat({max: 1_000_000}),
		actions: fc.array(action, {minLength: 1, maxLength: 24}),
		network: runs(fate, 24, fc.constantFrom(1, 1, 1, 4)),
		full: fc.boolean(),
		callbacks: fc.oneof({weight: 3, arbitrary: constant([])}, fc.subarray([...callbackNames], {maxLength: 4})),
		trouble: runs(callbackFate, 12, fc.constantFrom(1, 1, 3)),
		store: fc.oneof(fineStore, fc.array(storeFate, {maxLength: 60}), troubled),
		work: fc.array(work, {maxLength: 12}),
		guard: anyGuard,
		synchronous: fc.boolean(),
	});
}

/** Going on without a store, which fails for a while. */
const degrading = fc
	.tuple(fc.oneof(...tempos.map(planAt)), troubled)
	.map(([plan, store]): Plan => ({...plan, onStoreError: 'degrade', store}));

/** People press, give up and sign out while answers are lost and nothing can be written down, or for a moment. */
const waysOut = fc
	.tuple(
		planAt(short),
		fc.array(fc.tuple(fc.constantFrom(0, 1, 5_000, 60_000), fc.nat({max: 1}), wayOut), {minLength: 3, maxLength: 12}),
		runs(fc.constantFrom<Fate>(through, answerLost), 6, fc.constantFrom(1, 3, 4)),
		runs(fc.constantFrom<StoreFate>(works, fails), 8, fc.constantFrom(1, 2, 4, 12)),
	)
	.map(([plan, deeds, network, store]): Plan => {
		const actions = deeds.map(([after, tab, what]): Action => ({...what, after, tab}));
		return {...plan, onStoreError: 'degrade', reconcile: false, full: true, users: 1, actions, network, store};
	});

/** Keys that are not random, and a store that one life cannot open: others may have sent them. */
const ownKeys = fc.oneof(...tempos.map(planAt)).map((plan): Plan => ({
	...plan,
	keys: plan.keys === 'random' ? 'own' : plan.keys,
	unopened: plan.unopened ?? plan.devices,
}));

export const anyPlan: fc.Arbitrary<Plan> = fc.oneof(
	...tempos.map(tempo => ({weight: 4, arbitrary: planAt(tempo)})),
	{weight: 3, arbitrary: degrading},
	{weight: 1, arbitrary: ownKeys},
	{weight: 2, arbitrary: waysOut},
);
