import {describe, expect, test} from 'vitest';
import type {Entry} from '../../src/server/entry.ts';
import {codeOf, gate, guarded, paid, type Pay} from './shop.ts';

const DAY = 86_400_000;
const broken: Pay = () => {
	throw new Error('the bank hung up');
};

describe('a handler that throws', () => {
	test('leaves a doubt, which says so and never goes by time', async () => {
		const {pay, runs, environment, types} = guarded(broken);
		await expect(pay()).rejects.toThrow('the bank hung up');
		for (const wait of [0, 100 * DAY]) {
			environment.jump(wait);
			const told = await pay();
			expect([told.status, await codeOf(told)]).toEqual([409, 'idempotency-outcome-unknown']);
			expect([told.headers.get('x-should-retry'), told.headers.get('retry-after')]).toEqual(['false', null]);
		}

		expect([runs(), types()]).toEqual([1, ['doubt']]);
	});

	test.each([500, 501, 502, 504, 507])('so does a %i', async status => {
		const {pay, runs} = guarded(() => new Response('oh', {status}));
		expect((await pay()).status).toBe(status);
		expect(await codeOf(await pay())).toBe('idempotency-outcome-unknown');
		expect(runs()).toBe(1);
	});

	test('so does a body that breaks', async () => {
		const body = () =>
			new ReadableStream({
				pull() {
					throw new Error('cut');
				},
			});
		const {pay} = guarded(() => new Response(body()));
		await expect(pay()).rejects.toThrow('cut');
		expect(await codeOf(await pay())).toBe('idempotency-outcome-unknown');
	});

	test('frees the key where it has undone what it did', async () => {
		const {pay, runs} = guarded((request, operation) => {
			operation.undone();
			return broken(request, operation);
		});
		await expect(pay()).rejects.toThrow('hung up');
		await expect(pay()).rejects.toThrow('hung up');
		expect(runs()).toBe(2);
	});
});

describe('marked effects', () => {
	const marked = {effects: 'marked'} as const;

	test('what ends before one frees the key', async () => {
		const {pay, runs} = guarded(broken, marked);
		await expect(pay()).rejects.toThrow('hung up');
		await expect(pay()).rejects.toThrow('hung up');
		const {pay: failing, runs: failed} = guarded(() => new Response(null, {status: 500}), marked);
		await failing();
		await failing();
		expect([runs(), failed()]).toEqual([2, 2]);
	});

	test.each([
		['a throw', broken],
		['a 500', () => new Response(null, {status: 500})],
		['a 503', () => new Response(null, {status: 503})],
		['a 429', () => new Response(null, {status: 429})],
	] as const)('after one, %s is a doubt, and free where it is undone', async (_, end) => {
		let undo = false;
		const {pay, runs} = guarded(async (request, operation) => {
			await operation.effect(() => 'charged');
			if (undo) operation.undone();
			return end(request, operation);
		}, marked);
		await pay().catch(() => undefined);
		expect(await codeOf(await pay())).toBe('idempotency-outcome-unknown');
		undo = true;
		await pay({key: 'key-2'}).catch(() => undefined);
		await pay({key: 'key-2'}).catch(() => undefined);
		expect(runs()).toBe(3);
	});

	test.each([401, 409, 429])('after one, a %i is not told as if nothing had been done', async status => {
		const {pay, runs} = guarded(async (_, operation) => {
			await operation.effect(() => 'charged');
			return new Response('later', {status});
		}, marked);
		for (const told of [await pay(), await pay()])
			expect([told.status, await codeOf(told)]).toEqual([409, 'idempotency-outcome-unknown']);
		expect(runs()).toBe(1);
	});

	test.each([402, 429])('a run that has lost its key to another one refuses nothing with its %i', async status => {
		const banks = [gate<Response>(), gate<Response>()];
		let runs = 0;
		const {pay, environment} = guarded(
			async (_, operation) => {
				const answer = await banks[runs++]!.opened;
				if (answer.ok) await operation.effect(() => 'charged');
				return answer;
			},
			marked,
			{renew: () => ({status: 'lost'})},
		);
		const [first, second] = [pay(), environment.advance(10_000).then(async () => pay())];
		await environment.settle();
		await environment.advance(1);
		await expect.poll(() => runs).toBe(2);
		banks[0]!.open(new Response('no', {status}));
		expect(await codeOf(await first)).toBe('idempotency-key-in-progress');
		banks[1]!.open(new Response('paid', {status: 201}));
		expect([(await second).status, await (await pay()).text(), runs]).toEqual([201, 'paid', 2]);
	});

	test('the mark is in the store before the effect begins', async () => {
		const seen: unknown[] = [];
		const {pay, store} = guarded(async (_, operation) => {
			seen.push((await store.unsettled('', 1))[0]?.entry.mayHaveActed);
			const result = await operation.effect(async () => (await store.unsettled('', 1))[0]?.entry.mayHaveActed);
			return Response.json(result);
		}, marked);
		expect(await (await pay()).json()).toBe(true);
		expect(seen).toEqual([false]);
	});

	test('where the store cannot be told, nothing is done, and the key is free', async () => {
		let charges = 0;
		const {pay, types} = guarded(
			async (_, operation) => {
				await operation.effect(() => charges++);
				return new Response('ok');
			},
			marked,
			{mark: async () => Promise.reject(new Error('down'))},
		);
		await expect(pay()).rejects.toThrow('down');
		await expect(pay()).rejects.toThrow('down');
		expect([charges, types()]).toEqual([0, ['store-error', 'store-error']]);
	});
});

describe('a run that is not heard of again', () => {
	const silent = (options = {}) => {
		const bank = gate<string>();
		const shop = guarded(async () => new Response(await bank.opened), options, {
			renew: () => new Promise(() => undefined),
		});
		return {...shop, bank};
	};

	test('is a doubt once its lease is over, and its signal aborts', async () => {
		let signal: AbortSignal | undefined;
		const bank = gate<Response>();
		const {pay, runs, environment, types} = guarded(
			async (_, operation) => {
				({signal} = operation);
				return bank.opened;
			},
			{},
			{renew: () => ({status: 'lost'})},
		);
		const first = pay();
		await environment.advance(5_000);
		expect(signal?.aborted).toBe(true);
		await environment.advance(5_001);
		expect(await codeOf(await pay())).toBe('idempotency-outcome-unknown');
		bank.open(new Response('late'));
		expect(await (await first).text()).toBe('late');
		expect(await (await pay()).text()).toBe('late');
		expect([runs(), types()]).toEqual([1, ['lease-lost']]);
	});

	test.each([
		['is free', 'where it has marked no effect', {effects: 'marked'}],
		['runs again', 'where that is the policy', {onLapsed: 'reexecute'}],
	] as const)('%s once its lease is over, %s', async (_, __, options) => {
		const {pay, runs, environment, bank} = silent(options);
		const first = pay();
		await environment.advance(60_000);
		const second = pay();
		await environment.settle();
		bank.open('ok');
		expect((await Promise.all([first, second])).map(it => it.status)).toEqual([200, 200]);
		expect(runs()).toBe(2);
	});

	test('loses its lease when the store has not answered for that long', async () => {
		const {pay, environment, types, bank} = silent();
		const first = pay();
		await environment.advance(60_000);
		expect(types().at(-1)).toBe('lease-lost');
		bank.open('ok');
		await first;
	});
});

describe('reconcile', () => {
	const doubtful = async (reconcile: (entry: Entry) => Promise<Response | 'undone' | undefined>) => {
		let fails = true;
		const shop = guarded(
			(request, operation) => {
				if (!fails) return paid(request, operation);
				fails = false;
				return broken(request, operation);
			},
			{reconcile},
		);
		await shop.pay().catch(() => undefined);
		return shop;
	};

	test('its answer is given to the next request, and again', async () => {
		const {pay, runs} = await doubtful(async () => new Response('found', {status: 201}));
		for (const again of [await pay(), await pay()])
			expect([again.status, await again.text(), again.headers.get('idempotent-replayed')]).toEqual([
				201,
				'found',
				'true',
			]);
		expect(runs()).toBe(1);
	});

	test('of what was undone, the next request runs', async () => {
		const {pay, runs} = await doubtful(async () => 'undone');
		expect((await pay()).status).toBe(201);
		expect(runs()).toBe(2);
	});

	test('that knows nothing, or throws, leaves the doubt', async () => {
		const {pay, runs} = await doubtful(async () => undefined);
		expect(await codeOf(await pay())).toBe('idempotency-outcome-unknown');
		const throwing = await doubtful(async () => Promise.reject(new Error('asleep')));
		expect(await codeOf(await throwing.pay())).toBe('idempotency-outcome-unknown');
		expect(await codeOf(await throwing.pay())).toBe('idempotency-outcome-unknown');
		expect([runs(), throwing.runs()]).toEqual([1, 1]);
		expect(throwing.types()).toContain('reconcile-error');
	});

	test('one at a time; others are told that it is in progress', async () => {
		const bank = gate<Response>();
		let asked = 0;
		const {pay, environment} = await doubtful(async () => {
			asked++;
			return bank.opened;
		});
		const first = pay();
		await environment.settle();
		const others = await Promise.all(Array.from({length: 30}, () => pay()));
		expect(new Set(await Promise.all(others.map(codeOf)))).toEqual(new Set(['idempotency-key-in-progress']));
		bank.open(new Response('found'));
		expect(await (await first).text()).toBe('found');
		expect(asked).toBe(1);
	});

	test('is asked about all of them by reconcileAll', async () => {
		const {pay, guard, runs} = await doubtful(async ({subject}) =>
			subject.key === 'key-1' ? new Response('found') : undefined,
		);
		expect(await guard.reconcileAll()).toBe(1);
		expect(await guard.reconcileAll()).toBe(0);
		expect(await (await pay()).text()).toBe('found');
		expect(runs()).toBe(1);
	});

	test('gets the keys of the steps that the run had', async () => {
		const keys: string[] = [];
		const shop = guarded(
			(request, operation) => {
				keys.push(operation.key('charge'));
				return broken(request, operation);
			},
			{
				reconcile: (_, {key}) => {
					keys.push(key('charge'));
					return undefined;
				},
			},
		);
		await shop.pay().catch(() => undefined);
		await shop.pay();
		expect(keys).toEqual([keys[0], keys[0]]);
		expect(keys[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-5/);
	});
});

describe('what somebody finds out', () => {
	test('is listed, and replaced by an answer or by nothing', async () => {
		const {pay, guard, runs} = guarded(broken);
		await pay().catch(() => undefined);
		await pay({key: 'key-2'}).catch(() => undefined);
		const [one, other] = await guard.unsettled();
		expect([one?.state, one?.subject.key, other?.subject.key]).toEqual(['doubt', 'key-1', 'key-2']);
		expect(await guard.resolve(one!, new Response('found', {status: 201}))).toBe('resolved');
		expect(await guard.resolve(other!, 'undone')).toBe('resolved');
		expect(await guard.resolve(one!, 'undone')).toBe('none');
		expect(await (await pay()).text()).toBe('found');
		await expect(pay({key: 'key-2'})).rejects.toThrow('hung up');
		expect(runs()).toBe(3);
	});

	test('a word about a doubt that comes late says nothing of the next one', async () => {
		const {pay, guard, runs, environment} = guarded(broken);
		await pay().catch(() => undefined);
		const [older] = await guard.unsettled();
		expect(await guard.resolve(older!, 'undone')).toBe('resolved');
		environment.jump(5);
		await pay().catch(() => undefined);
		expect(await guard.resolve(older!, 'undone')).toBe('none');
		expect(await guard.resolve(older!, new Response('found'))).toBe('none');
		expect(await codeOf(await pay())).toBe('idempotency-outcome-unknown');
		expect(runs()).toBe(2);
		// A bare subject is whatever is there.
		expect(await guard.resolve(older!.subject, 'undone')).toBe('resolved');
	});

	test('a run that was at work when it was listed may have acted since, and one whose lease is over is in doubt', async () => {
		const work = gate<Response>();
		const {pay, guard, environment, store} = guarded(async () => work.opened, {}, {renew: () => ({status: 'lost'})});
		const first = pay();
		await environment.settle();
		const [running] = await guard.unsettled();
		expect(running!.state).toBe('running');
		environment.jump(20_000);
		expect(await guard.resolve(running!, 'undone')).toBe('busy');
		const [lapsed] = await guard.unsettled();
		expect([lapsed!.state, (await store.unsettled('', 1))[0]!.entry.state]).toEqual(['doubt', 'running']);
		expect(await guard.resolve(lapsed!, new Response('found', {status: 201}))).toBe('resolved');
		work.open(new Response(null, {status: 503}));
		await first;
		expect(await (await pay()).text()).toBe('found');
	});

	test('a pending answer is given again until it is replaced', async () => {
		const {pay, guard, runs, environment} = guarded((_, operation) =>
			operation.pending(Response.json({status: 'processing'}, {status: 202})),
		);
		await pay();
		environment.jump(10 * DAY);
		expect((await pay()).status).toBe(202);
		const [entry] = await guard.unsettled();
		expect(await guard.resolve(entry!, Response.json({status: 'done'}))).toBe('resolved');
		expect(await (await pay()).json()).toEqual({status: 'done'});
		expect([runs(), await guard.unsettled()]).toEqual([1, []]);
	});
});

test('the key of a step is the same at every run, and another for each step and payload', async () => {
	const keys: string[] = [];
	const shop = guarded((_, operation) => {
		keys.push(operation.key('charge'), operation.key('mail'));
		return new Response(null, {status: 503});
	});
	await shop.pay();
	await shop.pay();
	await shop.pay({body: '{"amount":2}'});
	const [charge, mail] = keys;
	expect(keys.slice(2, 4)).toEqual([charge, mail]);
	expect(new Set(keys).size).toBe(4);
});
