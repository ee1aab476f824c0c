import {describe, expect, test} from 'vitest';
import type {Action, Fate, Plan, StoreFate, Work} from './plan.ts';
import {quietGuard} from './guard-plan.ts';
import {simulate} from './simulate.ts';

const fine: Plan = {
	server: 'saves everything',
	dialect: 'documented',
	keys: 'random',
	keySenders: 'anywhere',
	since: false,
	devices: 1,
	unopened: undefined,
	undeclared: false,
	users: 1,
	storeClock: 'machine',
	skew: 0,
	wrapper: 'none',
	other: {},
	watch: false,
	presence: false,
	lease: undefined,
	reconcile: false,
	keepResponse: false,
	keepRequest: false,
	onStoreError: 'fail',
	follows: false,
	jitter: 0,
	actions: [],
	network: [],
	store: [],
	full: false,
	callbacks: [],
	trouble: [],
	work: [],
	guard: quietGuard,
	synchronous: true,
};

const through: Fate = {kind: 'through', there: 20, back: 20};
const neverArrives: Fate = {kind: 'lose request', silent: false};
const answerLost: Fate = {kind: 'lose response', there: 20, silent: false};
const answerMissing: Fate = {kind: 'lose response', there: 20, silent: true};
const turnedAway: Fate = {kind: 'front', status: 401, retryAfter: undefined};
const works: StoreFate = {there: undefined, back: 0, fails: 'no'};
const fails: StoreFate = {there: 0, back: 0, fails: 'before'};

function times<T>(count: number, one: T): T[] {
	return Array.from({length: count}, () => one);
}

function pay(tab: number, after: number, more: {hurry?: boolean; cart?: number; abortAfter?: number} = {}): Action {
	return {do: 'pay', operation: 'one', cart: 1, abortAfter: undefined, hurry: false, tab, after, ...more};
}

/** Found by seeds that a change of the generator may lose. */
const onceWrong: Record<string, Partial<Plan>> = {
	'a tab freezes while it finds out that nothing took place, and another one has the effect meanwhile': {
		reconcile: true,
		actions: [pay(0, 0), {do: 'freeze', ms: 600_000, after: 500, tab: 0}, pay(1, 61_000)],
		network: [neverArrives, neverArrives, neverArrives, neverArrives, ...times(4, answerMissing)],
	},
	'an answer is fetched again so slowly that the server forgets the key meanwhile': {
		server: 'forgets after its retention',
		actions: [pay(0, 0), {do: 'crash', tab: 0, after: 1_000}, pay(1, 238_000)],
		network: [through, answerMissing, answerMissing, {kind: 'through', there: 39_000, back: 10}],
	},
	'a refusal comes when the lease is over and the store fails, and another tab has had the effect': {
		server: 'saves only success',
		dialect: 'default',
		actions: [pay(0, 0), {do: 'freeze', ms: 58_000, after: 10, tab: 0}, pay(1, 55_100, {hurry: true})],
		network: [through, answerLost, answerLost, answerLost],
		store: [...times(5, works), ...times(13, fails)],
		work: [{ms: 30, result: 'declined'}],
	},
	'a derived key is offered again after the claim that it was derived for has failed': {
		keys: 'content',
		actions: [pay(0, 0), pay(0, 1_000), pay(0, 1_000)],
		network: [turnedAway],
		store: [works, works, works, fails],
	},
	'a key of the application is offered again by a claim that failed, when another has replaced it': {
		keys: 'own',
		keySenders: 'this-store',
		actions: [pay(1, 0), {do: 'force', operation: 'one', tab: 0, after: 0}],
		store: [
			{there: 0, back: 0, fails: 'after'},
			{there: 0, back: 0, fails: 'no'},
		],
	},
	'a key that went with a changed request is claimed, too late, for the request before': {
		actions: [pay(2, 0), pay(2, 5_000, {cart: 2}), pay(0, 0)],
		network: [turnedAway],
		store: [{there: 5_101, back: 0, fails: 'no'}],
	},
	'a key that was derived for one request is offered for another, while a second device sends the first': {
		keys: 'content',
		devices: 2,
		actions: [pay(0, 0), pay(2, 0), pay(2, 1, {cart: 2})],
		store: [works, fails],
	},
	'a derived key that was sent before goes out without a claim, and is turned away': {
		keys: 'content',
		onStoreError: 'degrade',
		actions: [pay(0, 0, {abortAfter: 10}), pay(0, 60_000)],
		network: [answerMissing, turnedAway],
		store: [works, works, works, fails],
	},
	'a claim that looked lost is taken over, and its key offered again when two operations are over': {
		presence: true,
		actions: [
			pay(0, 0),
			pay(1, 10),
			{do: 'complete', operation: 'one', tab: 1, after: 1_000},
			pay(1, 0),
			{do: 'complete', operation: 'one', tab: 1, after: 1_000},
			pay(0, 0),
		],
		store: [{there: 0, back: 0, fails: 'after'}],
	},
	'a success that the store did not take is asked for with another payload': {
		actions: [pay(0, 0), pay(0, 500, {cart: 2})],
		store: [works, ...times(12, fails)],
	},
	'a refusal that was not written down is written after all, when its flight has begun to ask again': {
		dialect: 'default',
		lease: 1_000,
		actions: [pay(0, 0), {do: 'set clock', by: -5_000, tab: 0, after: 0}],
		network: [turnedAway, answerMissing],
		store: [
			{there: 124, back: 377, fails: 'no'},
			{there: 70, back: 329, fails: 'before'},
		],
	},
	'a refusal is written down later than the store was waited for, when its flight has begun to ask again': {
		dialect: 'default',
		lease: 1_000,
		actions: [pay(0, 0)],
		network: [turnedAway, answerMissing],
		store: [works, {there: 7_000, back: 0, fails: 'no'}],
	},
	'what is to be resumed is freed, and its name used anew for what is refused': {
		keepRequest: true,
		actions: [
			{do: 'force', operation: 'one', tab: 0, after: 0},
			pay(0, 0),
			{do: 'resume', operation: 'one', tab: 1, after: 1},
			{do: 'sleep', ms: 600_000, tab: 0, after: 0},
			{do: 'forgetAll', tab: 0, after: 79},
			pay(0, 0, {abortAfter: 0}),
			{do: 'freeze', ms: 1_000, tab: 0, after: 0},
		],
		network: [{kind: 'cut response', there: 0}, turnedAway],
		store: [{there: 0, back: 2, fails: 'no'}, works, works, {there: 101, back: 0, fails: 'no'}],
	},
	'a doubt that cannot be written down is to be forgotten': {
		onStoreError: 'degrade',
		full: true,
		actions: [
			pay(0, 0, {hurry: true}),
			{do: 'forget', operation: 'one', tab: 0, after: 60_000},
			{do: 'forgetAll', tab: 0, after: 0},
			{do: 'complete', operation: 'one', tab: 0, after: 1_000},
			pay(0, 1_000, {hurry: true}),
		],
		network: times(3, answerLost),
		store: times(30, fails),
	},
	'everybody leaves while an attempt fails, and there would be retries': {
		actions: [pay(0, 0, {abortAfter: 10})],
		network: times(4, {kind: 'lose response', there: 120, silent: false} as const),
		work: times(4, {ms: 30, result: 'broken'} as const),
	},
	'everything is forgotten while a success comes under another key than the store holds': {
		onStoreError: 'degrade',
		actions: [pay(2, 0), pay(0, 1_000), {do: 'forgetAll', tab: 0, after: 0}],
		store: [works, works, works, fails, {there: 70, back: 0, fails: 'no'}],
	},
	'a server of another dialect says in a 200 that the attempt before has failed': {
		server: 'dialect of shopify',
		dialect: 'default',
		actions: [pay(0, 0)],
		work: [{ms: 0, result: 'broken'}],
	},
	'a server does not know itself what became of the first request, and says so in words of its own': {
		server: 'dialect of latchkey, failures in doubt',
		dialect: 'default',
		other: {dialect: 'documented'},
		actions: [pay(0, 0, {abortAfter: 0}), {do: 'crash at', call: 1, lands: false, tab: 1, after: 0}],
		network: [{kind: 'wrongly not sent', there: 0}],
		work: [{ms: 0, result: 'broken'}],
	},
	'a success is found out by a call with another payload': {
		server: 'forgets after its retention',
		reconcile: true,
		actions: [pay(0, 0), {do: 'crash', tab: 0, after: 30}, pay(1, 600_000, {cart: 2})],
	},
};

test.each<Plan['keys']>(['random', 'content'])(
	'who sleeps while what he waits for and another operation are over begins none of his own, with %s keys',
	async keys => {
		const asleep = {do: 'freeze', ms: 50_000, tab: 1, after: 10} as const;
		const complete = {do: 'complete', operation: 'one', tab: 0, after: 5_000} as const;
		const actions = [pay(0, 0), pay(1, 10), asleep, complete, pay(0, 0), complete];
		const {violations, counts} = await simulate({...fine, keys, actions, work: [{ms: 1_000, result: 'ok'}]});
		expect(violations).toEqual([]);
		expect(counts.get('told unknown')).toBe(1);
	},
);

test.each<Work['result']>(['ok', 'declined'])(
	'who runs out of time while the store hangs is told what the server answered (%s)',
	async result => {
		const store: StoreFate[] = [works, {there: 0, back: 0, fails: 'never answers'}];
		const actions = [pay(0, 0, {hurry: true})];
		const {violations, counts} = await simulate({...fine, actions, store, work: [{ms: 500, result}]});
		expect(violations).toEqual([]);
		expect(counts.get(`${result === 'ok' ? 'succeeded' : 'refused'} received`)).toBeGreaterThan(0);
	},
);

describe.each([
	['that answers within the call', true],
	['that answers later', false],
])('over a store %s', (_, synchronous) => {
	test.each(Object.entries(onceWrong))('all goes well when %s', async (_, plan) => {
		const {violations} = await simulate({...fine, ...plan, synchronous});
		expect(violations).toEqual([]);
	});
});
