import {describe, expect, test, vi} from 'vitest';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {FetchOptions} from '../../src/options.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {answerBefore, dropResponse, holdResponse} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {gate, handTimer, keysOf, realm} from './realm.ts';
import {eventually} from '../support/eventually.ts';

// What other retry libraries were seen to do wrong.

const url = 'https://api.test/pay';
const order = {method: 'POST', body: '{"amount":1}', operation: 'pay'} as const;
const json = {'content-type': 'application/json'};

type Send = NonNullable<FetchOptions['fetch']>;

/** Answers in order, by what is given; notes key, body and signal of each attempt. */
function scripted(...answers: Array<() => Response | Promise<Response>>) {
	const seen: Array<{key: string | null; body: unknown; signal: AbortSignal | null | undefined}> = [];
	const fetch: Send = async (_, init) => {
		const {headers, body, signal} = init ?? {};
		seen.push({key: new Headers(headers).get('idempotency-key'), body, signal});
		return (answers.shift() ?? (() => Response.json({paid: true}, {status: 201})))();
	};
	return {fetch, seen};
}

const never = async () => new Promise<Response>(() => {});

test('a retry does not start with the timed-out signal of the attempt before', async () => {
	const {fetch, seen} = scripted(never, never);
	const timer = handTimer(4321);
	const call = realm({fetch, timeout: 4321}, timer).fetch(url, order);
	await timer.fire();
	await timer.fire();
	await call;

	expect(new Set(seen.map(({signal}) => signal)).size).toBe(3);
	expect(seen.map(({signal}) => signal?.aborted)).toEqual([true, true, false]);
});

test("the caller's abort is not taken for a failure to retry after", async () => {
	await using server = await startIdempotentServer();
	const {opened, open} = gate();
	server.script([holdResponse(opened)]);
	const linger = handTimer(100);
	const {fetch, events} = realm({}, linger);
	const controller = new AbortController();
	const call = fetch(`${server.origin}/pay`, {...order, signal: controller.signal});
	await eventually(() => expect(server.effects.size).toBe(1));
	const reason = new Error('the page was left');
	controller.abort(reason);

	await expect(call).rejects.toBe(reason);
	await linger.fire();
	await eventually(() => expect(events.at(-1)).toMatchObject({type: 'settled', outcome: 'unknown', attempts: 1}));
	expect(server.requests).toHaveLength(1);
	open();
});

test('the key is not minted again for a retry', async () => {
	const {fetch, seen} = scripted(
		() => Promise.reject(new TypeError('fetch failed')),
		() => new Response(null, {status: 503}),
		() => new Response(null, {status: 429}),
	);
	const keyFrom = vi.fn<() => string>(() => 'minted-once');
	await realm({fetch, keyFrom, keySenders: 'anywhere'}).fetch(url, order);

	expect(seen.map(({key}) => key)).toEqual(Array.from({length: 4}, () => 'minted-once'));
	expect(keyFrom).toHaveBeenCalledOnce();
});

test('looking at a Request does not disturb its body', async () => {
	const {fetch} = scripted();
	const request = new Request(url, {method: 'POST', body: 'mine'});
	await realm({fetch, keyed: ({method}) => method === 'PUT'}).fetch(request);

	expect(request.bodyUsed).toBe(false);
});

test('a form neither loses its content type nor changes its boundary', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse, dropResponse]);
	const body = new FormData();
	body.append('file', new File(['content'], 'a.txt'));
	await realm().fetch(`${server.origin}/pay`, {...order, body});

	const [type, ...others] = server.requests.map(({headers}) => headers['content-type']);
	expect(type).toMatch(/^multipart\/form-data; boundary=\S+$/);
	expect(others).toEqual([type, type]);
	expect(new Set(server.requests.map(it => it.body.toString())).size).toBe(1);
});

describe('the two meanings of a 409 are not treated alike', () => {
	test('one that refuses is not retried', async () => {
		await using server = await startIdempotentServer();
		server.script([answerBefore(409, json, '{"code":"sold_out"}')]);
		const response = await realm().fetch(`${server.origin}/pay`, order);

		expect(await response.json()).toEqual({code: 'sold_out'});
		expect(server.requests).toHaveLength(1);
	});

	test('one that says "in progress" is not thrown', async () => {
		await using server = await startIdempotentServer();
		const busy = answerBefore(409, {...json, 'retry-after': '1'}, '{"code":"idempotency_key_in_use"}');
		server.script([busy, busy, busy, busy, busy]);
		const response = await realm({retry: {limit: 1}}).fetch(`${server.origin}/pay`, order);

		expect(response.status).toBe(201);
		expect(server.requests).toHaveLength(6);
	});
});

test('a server cannot park the page for a day', async () => {
	const {fetch} = scripted(() => new Response(null, {status: 503, headers: {'retry-after': '86400'}}));
	const here = realm({fetch, retry: {}});
	const {outcome, response, attempts} = await outcomeOf(here.fetch(url, order));

	expect([outcome, response?.status, attempts]).toEqual(['unknown', 503, 1]);
	expect(here.events.map(({type}) => type)).not.toContain('wait');
});

test('without retries there is no hidden one, and the key is sent all the same', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const {fetch} = realm({retry: 0});
	await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 1});

	expect(server.requests).toHaveLength(1);
	expect(server.effects).toEqual(new Map([[keysOf(server)[0], 1]]));
});

test('without retries nothing is polled either', async () => {
	await using server = await startIdempotentServer();
	server.script([answerBefore(409, {'retry-after': '0'})]);
	const {fetch} = realm({retry: 0});
	await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', status: 409});

	expect(server.requests).toHaveLength(1);
});

test('the record does not go before its outcome is known: a crash during a replay loses nothing', async () => {
	let now = 1_000_000;
	const clock = {now: () => now};
	const store = memoryStoreIn(clock);
	const {fetch: dead, seen: first} = scripted(never);
	const crashed = realm({store, fetch: dead}, clock);
	void crashed.fetch(url, order);
	await eventually(() => expect(first).toHaveLength(1));
	now += 3_600_000;
	const {fetch: dead2, seen: second} = scripted(never);
	void realm({store: {...store}, fetch: dead2}, clock).fetch(url, order);
	await eventually(() => expect(second).toHaveLength(1));
	now += 3_600_000;
	const {fetch, seen: third} = scripted();
	const response = await realm({store: {...store}, fetch}, clock).fetch(url, order);

	expect(response.status).toBe(201);
	expect(new Set([...first, ...second, ...third].map(({key}) => key)).size).toBe(1);
});

test('two tabs that begin at once do not both believe to lead', async () => {
	await using server = await startIdempotentServer();
	const one = realm();
	const other = realm({store: {...one.store}});
	const calls = [one, other].map(async ({fetch}) => (await fetch(`${server.origin}/pay`, order)).json());
	const bodies = await Promise.all(calls);

	expect(bodies[1]).toEqual(bodies[0]);
	expect(server.requests).toHaveLength(1);
});

describe('what is worth a retry is not told by words in a message', () => {
	test.each<[string, () => Response | Promise<Response>]>([
		['a network error that speaks of 400 and 422', () => Promise.reject(new TypeError('Request failed: 400, 422'))],
		['an error of another kind', () => Promise.reject(new Error('HTTP 409 conflict'))],
		['a 500 that speaks of validation', () => new Response('422 Unprocessable', {status: 500})],
	])('%s is retried', async (_, answer) => {
		const {fetch, seen} = scripted(answer);

		expect((await realm({fetch}).fetch(url, order)).status).toBe(201);
		expect(seen).toHaveLength(2);
	});

	test('a refusal that speaks of a time-out is not', async () => {
		const {fetch, seen} = scripted(() => Response.json({message: 'ECONNRESET: 500 timeout'}, {status: 402}));

		expect((await realm({fetch}).fetch(url, order)).status).toBe(402);
		expect(seen).toHaveLength(1);
	});
});

test('in Node no call waits for another thread to hash', async () => {
	const {fetch, seen} = scripted();
	const call = realm({fetch}).fetch(url, order);
	// Goes on when no microtask is left, and before anything that another thread or the system has done.
	await new Promise<void>(resolve => {
		queueMicrotask(() => process.nextTick(resolve));
	});

	expect(seen).toHaveLength(1);
	await call;
});
