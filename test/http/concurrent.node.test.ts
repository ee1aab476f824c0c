import {expect, test} from 'vitest';
import {holdRequest, holdResponse} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {gate, keysOf, realm} from './realm.ts';
import {eventually} from '../support/eventually.ts';

const order = {method: 'POST', body: '{"amount":1}', operation: 'pay'} as const;

test('twenty calls of one operation at once are one request, one effect and twenty readable answers', async () => {
	await using server = await startIdempotentServer();
	const {fetch} = realm();
	const calls = Array.from({length: 20}, async () => fetch(`${server.origin}/pay`, order));
	const responses = await Promise.all(calls);
	const bodies = await Promise.all(responses.map(async response => response.json()));

	expect(server.requests).toHaveLength(1);
	expect(new Set(responses).size).toBe(20);
	expect(bodies).toEqual(Array.from({length: 20}, () => ({key: keysOf(server)[0], charges: 1})));
});

test('twenty calls of twenty operations are twenty effects under twenty keys', async () => {
	await using server = await startIdempotentServer();
	const {fetch} = realm();
	const calls = Array.from({length: 20}, async (_, i) =>
		fetch(`${server.origin}/pay`, {...order, operation: ['pay', i]}),
	);
	await Promise.all(calls);

	expect(server.effects).toEqual(new Map(keysOf(server).map(key => [key, 1])));
	expect(server.effects.size).toBe(20);
});

test('twenty calls in four processes that share a store are one request', async () => {
	await using server = await startIdempotentServer();
	const {opened, open} = gate();
	server.script([holdResponse(opened)]);
	const first = realm();
	const realms = [first, ...Array.from({length: 3}, () => realm({store: {...first.store}}))];
	const calls = realms.flatMap(({fetch}) =>
		Array.from({length: 5}, async () => (await fetch(`${server.origin}/pay`, order)).json()),
	);
	await eventually(() => {
		const waiting = realms.filter(({events}) => events.some(({type}) => type === 'waiting-elsewhere'));
		expect(waiting).toHaveLength(3);
	});
	open();

	expect(await Promise.all(calls)).toEqual(Array.from({length: 20}, () => ({key: keysOf(server)[0], charges: 1})));
	expect(server.requests).toHaveLength(1);
});

test('a 409 with Retry-After says that another device is at it: its answer is waited for', async () => {
	await using server = await startIdempotentServer();
	const {opened, open} = gate();
	server.script([holdRequest(opened)]);
	const [phone, laptop] = [realm(), realm()];
	const own = {...order, idempotencyKey: 'order-42'};
	const first = phone.fetch(`${server.origin}/pay`, own);
	await eventually(() => expect(server.requests[0]?.body).toHaveLength(12));

	const second = laptop.fetch(`${server.origin}/pay`, own);
	await eventually(() => expect(server.requests.length).toBeGreaterThan(5));
	open();
	expect(await (await first).json()).toEqual({key: 'order-42', charges: 1});
	const replay = await second;
	expect(await replay.json()).toEqual({key: 'order-42', charges: 1});
	expect(replay.headers.get('idempotent-replayed')).toBe('true');
	expect(server.effects).toEqual(new Map([['order-42', 1]]));
	expect(laptop.events).toContainEqual(expect.objectContaining({type: 'wait', ms: 1_000, why: 'in-progress'}));
});

test('calls without a name under one own key join while they last', async () => {
	await using server = await startIdempotentServer();
	const {fetch} = realm();
	const own = {method: 'POST', body: '1', idempotencyKey: 'order-42'};
	const calls = Array.from({length: 3}, async () => (await fetch(`${server.origin}/pay`, own)).json());

	expect(await Promise.all(calls)).toEqual(Array.from({length: 3}, () => ({key: 'order-42', charges: 1})));
	expect(server.requests).toHaveLength(1);
	await fetch(`${server.origin}/pay`, own);
	expect(server.requests).toHaveLength(2);
});
