import {afterEach, describe, expect, test} from 'vitest';
import {defineDialect, latchkey} from '../../src/dialects/index.ts';
import {createFetch, memoryStore, outcomeOf} from '../../src/index.ts';
import {idempotent} from '../../src/server/index.ts';
import {memoryEntries} from '../../src/server/memory.ts';
import type {GuardOptions} from '../../src/server/options.ts';
import {serveOn, type Fault} from './serve.ts';
import type {Pay} from './shop.ts';

const closing: Array<() => Promise<void>> = [];
afterEach(async () => {
	await Promise.all(closing.splice(0).map(async close => close()));
});

/** Our own client, which knows what this guard keeps, against the guard over real HTTP. */
async function shopWith(handler: Pay, faults: Fault[] = [], options: Partial<GuardOptions<readonly []>> = {}) {
	let effects = 0;
	const guard = idempotent<readonly []>(
		(request, operation) => {
			effects++;
			return handler(request, operation);
		},
		{store: memoryEntries(), scope: null, ...options},
	);
	const server = await serveOn(guard, faults);
	closing.push(server.close);
	const dialect = defineDialect({...latchkey.profile, retention: 86_400_000, saves: 'errors'});
	const fetch = createFetch({store: memoryStore(), scope: null, dialect, retry: {delay: () => 5, limit: 5}});
	const pay = async () => outcomeOf(fetch(server.url, {method: 'POST', body: '{"amount":1}', operation: 'pay'}));
	return {pay, effects: () => effects, guard, ...server};
}

const made: Pay = () => Response.json({id: 7}, {status: 201});

describe('our client against our guard', () => {
	test.each([
		['none', []],
		['a request that is lost', ['lose-request']],
		['an answer that is lost', ['lose-response', 'lose-response']],
		['an answer that is cut', ['cut', 'lose-request', 'cut']],
	] as const)('takes effect once and gets its answer, with %s', async (_, faults) => {
		const {pay, effects, arrived} = await shopWith(made, [...faults]);
		const {outcome, response, replayed} = await pay();
		expect([outcome, await response?.json(), effects(), arrived()]).toEqual([
			'succeeded',
			{id: 7},
			1,
			faults.length + 1,
		]);
		expect(replayed).toBe(faults.some(fault => fault !== 'lose-request'));
	});

	test('is refused for good where the answer is kept, even if it was lost at first', async () => {
		const {pay, effects} = await shopWith(() => Response.json({error: 'declined'}, {status: 402}), ['lose-response']);
		const {outcome, response} = await pay();
		expect([outcome, response?.status, effects()]).toEqual(['refused', 402, 1]);
	});

	test('runs again after what is not kept', async () => {
		let tries = 0;
		const {pay, effects} = await shopWith((request, operation) =>
			++tries < 3 ? new Response(null, {status: 503}) : made(request, operation),
		);
		expect((await pay()).outcome).toBe('succeeded');
		expect(effects()).toBe(3);
	});

	test('does not know at once what the guard does not know, and may ask again under its key', async () => {
		let fails = true;
		const {pay, effects, guard, arrived} = await shopWith((request, operation) => {
			if (fails) throw new Error('hung up');
			return made(request, operation);
		});
		const first = await pay();
		expect([first.outcome, arrived()]).toEqual(['unknown', 2]);
		const again = await pay();
		expect([again.outcome, again.key, arrived()]).toEqual(['unknown', first.key, 3]);
		const [entry] = await guard.unsettled();
		await guard.resolve(entry!, 'undone');
		fails = false;
		const last = await pay();
		expect([last.outcome, last.key, effects()]).toEqual(['succeeded', first.key, 2]);
	});

	test('takes an executed one whose body was not kept for done', async () => {
		const {pay, effects} = await shopWith(made, ['lose-response'], {bodyLimit: 3});
		const {outcome} = await pay();
		expect([outcome, effects()]).toEqual(['succeeded', 1]);
	});

	test('finds its key used by another payload', async () => {
		const {url} = await shopWith(made);
		const dialect = defineDialect({...latchkey.profile, retention: 86_400_000, saves: 'errors'});
		const send = async (body: string) => {
			const fetch = createFetch({store: memoryStore(), scope: null, dialect});
			return outcomeOf(fetch(url, {method: 'POST', body, operation: 'pay', idempotencyKey: 'one-key'}));
		};
		expect((await send('{"amount":1}')).outcome).toBe('succeeded');
		expect((await send('{"amount":2}')).outcome).not.toBe('succeeded');
	});

	test('of many clients at once under one key, all get the one answer', async () => {
		const slow: Pay = async (request, operation) => {
			await new Promise(resolve => setTimeout(resolve, 50));
			return made(request, operation);
		};
		const {url, effects} = await shopWith(slow, [], {waiting: 5_000});
		const all = Array.from({length: 30}, async () => {
			const fetch = createFetch({store: memoryStore(), scope: null, dialect: latchkey});
			return fetch(url, {method: 'POST', body: '1', operation: 'pay', idempotencyKey: 'one-key'});
		});
		const bodies = await Promise.all((await Promise.all(all)).map(async it => it.json()));
		expect(bodies).toEqual(Array.from({length: 30}, () => ({id: 7})));
		expect(effects()).toBe(1);
	});

	test('10 MB go there and back, and again', async () => {
		const big = new Uint8Array(10_000_000).fill(7);
		const {url, effects} = await shopWith(async request => new Response(await request.arrayBuffer()), [], {
			bodyLimit: 20_000_000,
		});
		const send = async () => {
			const response = await fetch(url, {method: 'POST', body: big, headers: {'idempotency-key': 'k'}});
			return (await response.arrayBuffer()).byteLength;
		};
		expect([await send(), await send(), effects()]).toEqual([10_000_000, 10_000_000, 1]);
	});

	test('where the caller goes away the work goes on, and its answer is kept', async () => {
		let finished!: () => void;
		const done = new Promise<void>(resolve => {
			finished = resolve;
		});
		const caller = new AbortController();
		const {url, effects} = await shopWith(async (request, operation) => {
			caller.abort();
			await new Promise(resolve => setTimeout(resolve, 50));
			finished();
			return made(request, operation);
		});
		const send = async (signal?: AbortSignal) =>
			fetch(url, {method: 'POST', body: '1', headers: {'idempotency-key': 'k'}, ...(signal && {signal})});
		await expect(send(caller.signal)).rejects.toThrow('aborted');
		await done;
		await expect.poll(async () => (await send()).headers.get('idempotent-replayed')).toBe('true');
		expect(effects()).toBe(1);
	});
});
