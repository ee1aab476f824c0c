import {describe, expect, test} from 'vitest';
import {memoryEntriesIn} from '../../src/server/memory.ts';
import {codeOf, gate, guarded, paid} from './shop.ts';

const down = async () => Promise.reject(new Error('down'));
const never = () => new Promise<never>(() => undefined);

test.each([
	['fails', down],
	[
		'throws',
		() => {
			throw new Error('down');
		},
	],
	['never answers', never],
])('a store that %s is told within its time, and nothing runs', async (_, begin) => {
	const {pay, runs, environment, types} = guarded(paid, {storeTimeout: 1_500}, {begin});
	const told = pay();
	await environment.advance(1_500);
	const response = await told;
	expect([response.status, await codeOf(response), response.headers.get('retry-after')]).toEqual([
		503,
		'idempotency-store-unavailable',
		'2',
	]);
	expect([runs(), types()[0]]).toEqual([0, 'store-error']);
});

test('a claim of unknown fate is given back by its owner', async () => {
	const {pay, runs, environment, store} = guarded(paid);
	const {begin} = store;
	let late = true;
	store.begin = async (...step) => {
		const result = await begin(...step);
		if (late) await never();
		return result;
	};
	const told = pay();
	await environment.advance(2_000);
	expect((await told).status).toBe(503);
	late = false;
	await environment.advance(3_000);
	expect((await environment.finish(pay())).status).toBe(201);
	expect([runs(), await store.unsettled('', 10)]).toEqual([1, []]);
});

test('where it is better to charge twice than not, the handler runs, and that is told', async () => {
	const {pay, runs, types} = guarded(paid, {onStoreError: 'run'}, {begin: down});
	expect((await pay()).status).toBe(201);
	expect([runs(), types()]).toEqual([1, ['store-error', 'unguarded']]);
});

test.each([
	['running', async () => new Promise<Response>(() => undefined), 1],
	['in doubt', async () => Promise.reject(new Error('cut')), 1],
] as const)('but not where another run is known to be %s', async (_, handler, ran) => {
	const reconcile = async () => undefined;
	const {pay, runs, environment, store} = guarded(handler, {onStoreError: 'run', waiting: 10_000, reconcile});
	void pay().catch(() => undefined);
	await environment.advance(0);
	const {begin} = store;
	const take = store.take.bind(store);
	let asked = 0;
	store.begin = async (...step) => (asked++ === 0 ? begin(...step) : down());
	// Somebody else has settled it meanwhile.
	store.take = async (...step) => ((await take(...step)).status === 'taken' ? {status: 'none'} : down());
	const second = environment.finish(pay());
	expect((await second).status).toBe(503);
	expect([runs(), asked > 1]).toEqual([ran, true]);
});

test('an answer that cannot be kept is given all the same, and kept as soon as it can be', async () => {
	const {pay, runs, environment, store, types} = guarded(paid);
	const {answer} = store;
	store.answer = down;
	expect((await pay()).status).toBe(201);
	expect((await pay()).status).toBe(409);
	store.answer = answer;
	await environment.advance(1_000);
	expect((await pay()).headers.get('idempotent-replayed')).toBe('true');
	expect([runs(), new Set(types()), environment.timers()]).toEqual([1, new Set(['store-error']), 0]);
});

test.each([
	['at once', () => undefined as never],
	['later', async () => undefined as never],
])('an answer of which the store says nothing, %s, is given all the same', async (_, answer) => {
	const {pay, environment} = guarded(paid, {lease: 10_000}, {answer});
	expect((await pay()).status).toBe(201);
	await environment.advance(60_000);
	expect(environment.timers()).toBe(0);
});

test('a refusal that cannot be kept is not told where a copy of the request may run yet', async () => {
	const marked = {effects: 'marked', lease: 10_000} as const;
	const declined = () => new Response('no', {status: 402});
	const {pay, environment, store} = guarded(declined, marked);
	const {answer} = store;
	store.answer = down;
	const told = await pay();
	expect([told.status, await codeOf(told)]).toEqual([503, 'idempotency-store-unavailable']);
	store.answer = answer;
	await environment.advance(1_000);
	expect((await pay()).status).toBe(402);
});

test('nor what says that nothing was done, of a run whose lease was lost meanwhile', async () => {
	const work = gate<Response>();
	const {pay, environment, store, types} = guarded(async () => work.opened, {lease: 1_000, storeTimeout: 100});
	const paying = pay();
	await environment.advance(0);
	store.renew = down;
	await environment.advance(2_000);
	expect(types()).toContain('lease-lost');
	// Whether another one has run since then, the store does not say.
	store.release = down;
	work.open(new Response('slow down', {status: 429}));
	const response = await paying;
	expect([response.status, await codeOf(response)]).toEqual([409, 'idempotency-key-in-progress']);
});

test('nor where that it was undone may yet be found out, so that a copy runs', async () => {
	const {pay, environment, store} = guarded(() => new Response('no', {status: 402}));
	const {answer} = store;
	store.answer = down;
	const told = await pay();
	expect([told.status, await codeOf(told), told.headers.get('retry-after')]).toEqual([503, undefined, '2']);
	store.answer = answer;
	await environment.advance(1_000);
	expect((await pay()).status).toBe(402);
});

test('an answer that was kept by a step that failed is not told as lost', async () => {
	const {pay, environment, store, types} = guarded(paid);
	const {answer} = store;
	let fails = true;
	store.answer = async (...step) => {
		const result = await answer(...step);
		if (fails) {
			fails = false;
			throw new Error('down');
		}

		return result;
	};
	expect((await pay()).status).toBe(201);
	await environment.advance(1_000);
	expect([(await pay()).headers.get('idempotent-replayed'), types()]).toEqual(['true', ['store-error']]);
});

test('what has expired is swept now and then', async () => {
	let sweeps = 0;
	const {pay, environment} = guarded(paid, {}, {sweep: () => ++sweeps});
	await pay();
	await environment.advance(600_000);
	await pay();
	await pay();
	expect(sweeps).toBe(1);
});

test('a caller of the store that is given is told what is wrong with its options', () => {
	const store = memoryEntriesIn({now: () => 0});
	expect(() => guarded(paid, {store, scope: undefined as never})).toThrow('latchkey: scope takes');
	expect(() => guarded(paid, {lease: 0})).toThrow('latchkey: lease takes');
	expect(() => guarded(paid, {waiting: -1})).toThrow('latchkey: waiting takes a number from 0 on, not -1');
	expect(() => guarded(paid, {store: {} as never})).toThrow('latchkey: store.begin takes');
	expect(() => guarded(paid, {effect: 'x'} as never)).toThrow('latchkey: idempotent has no option');
});

describe('what is heard of when its lease is over', () => {
	const slow = (step: 'begin' | 'mark') => {
		let runs = 0;
		const shop = guarded(
			async (_, operation) => {
				await operation.effect(() => runs++);
				return new Response('ok');
			},
			{lease: 1_000, effects: step === 'mark' ? 'marked' : 'handler'},
		);
		const {environment, store} = shop;
		const real: (...given: never[]) => unknown = store[step];
		let late = true;
		store[step] = async (...given: never[]): Promise<never> => {
			const result = await real(...given);
			if (late) await new Promise<void>(resolve => environment.timer(resolve, 1_500));
			return result as never;
		};
		return {
			...shop,
			effects: () => runs,
			inTime: () => {
				late = false;
			},
		};
	};

	test('is no claim: nothing runs, and it is given back', async () => {
		const {pay, effects, inTime, environment, guard, types} = slow('begin');
		const told = pay();
		await environment.advance(1_499);
		// Nothing runs yet, and somebody may say so.
		const [entry] = await guard.unsettled();
		expect(await guard.resolve(entry!, 'undone')).toBe('resolved');
		inTime();
		await environment.advance(1);
		expect([(await told).status, effects(), types()]).toEqual([503, 0, ['store-error']]);
		await environment.advance(1_000);
		expect([(await pay()).status, effects()]).toEqual([200, 1]);
		expect(await guard.unsettled()).toEqual([]);
	});

	test('is no mark: nothing is done, and the key is free', async () => {
		const {pay, effects, inTime, environment, guard} = slow('mark');
		await expect(environment.finish(pay())).rejects.toThrow('the lease was over');
		await environment.advance(5_000);
		expect([effects(), await guard.unsettled()]).toEqual([0, []]);
		inTime();
		expect([(await pay()).status, effects()]).toEqual([200, 1]);
	});
});
