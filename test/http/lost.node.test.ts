import {describe, expect, test} from 'vitest';
import {
	answerAfter,
	answerBefore,
	cutResponse,
	dropRequest,
	dropResponse,
	holdRequest,
	holdResponse,
	type Fault,
} from '../support/faulty-server.ts';
import {startIdempotentServer, type IdempotentServer} from '../support/idempotent-server.ts';
import {gate, handTimer, keysOf, realm, uuid} from './realm.ts';
import {eventually} from '../support/eventually.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const order = {method: 'POST', body: '{"amount":1}', operation: ['pay', 42]} as const;

const cutChunked: Fault = async ({serve, outgoing}) => {
	const response = await serve();
	outgoing.writeHead(response.status, {'content-type': 'application/json'});
	outgoing.write('{"key":', () => outgoing.destroy());
};

/** One effect, under one key, which every attempt bore; and the same bytes. */
function expectOneCharge(server: IdempotentServer, attempts: number) {
	const keys = keysOf(server);
	expect(keys).toEqual(Array.from({length: attempts}, () => keys[0]));
	expect(keys[0]).toEqual(uuid);
	expect(server.effects).toEqual(new Map([[keys[0], 1]]));
}

describe('one charge', () => {
	test.each<[string, Fault]>([
		['the socket is destroyed after the effect', dropResponse],
		['the request is lost', dropRequest],
		['half of the answer comes, then the socket is destroyed', cutResponse],
		['a chunk of the answer comes, then the socket is destroyed', cutChunked],
		['a gateway answers 503 before the effect', answerBefore(503)],
		['a gateway answers 502 after the effect', answerAfter(502, {'content-type': 'text/html'}, '<h1>Bad gateway</h1>')],
	])('when %s, and the caller gets the whole answer', async (_, fault) => {
		await using server = await startIdempotentServer();
		server.script([fault]);
		const {fetch} = realm();
		const response = await fetch(`${server.origin}/pay`, order);

		expect(response.status).toBe(201);
		expect(await response.json()).toEqual({key: keysOf(server)[0], charges: 1});
		expectOneCharge(server, 2);
	});

	test('when every kind of loss happens in a row', async () => {
		await using server = await startIdempotentServer();
		server.script([dropRequest, answerBefore(503), dropResponse, cutResponse, cutChunked, answerAfter(504)]);
		const {fetch} = realm({retry: {limit: 6, delay: () => 1}});
		const response = await fetch(`${server.origin}/pay`, order);

		expect(await response.json()).toEqual({key: keysOf(server)[0], charges: 1});
		expectOneCharge(server, 7);
	});

	test('when the call gives up after a lost answer, and is made again by another process', async () => {
		await using server = await startIdempotentServer();
		server.script([dropResponse, dropRequest]);
		const first = realm({retry: {limit: 1, delay: () => 1}});
		await expect(first.fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			attempts: 2,
			expired: false,
			cause: {message: 'fetch failed'},
		});

		const second = realm({store: {...first.store}});
		expect(await unfinished(second.fetch)).toMatchObject([{operation: ['pay', '42']}]);
		const response = await second.fetch(`${server.origin}/pay`, order);
		expect(response.headers.get('idempotent-replayed')).toBe('true');
		expect(second.events.map(({type}) => type)).toContain('taken-over');
		expectOneCharge(server, 3);
	});
});

test('a held connection times out, and the retry has a time of its own and reaches the server', async () => {
	await using server = await startIdempotentServer();
	const {opened, open} = gate();
	server.script([holdResponse(opened), holdResponse(opened)]);
	const timer = handTimer(4321);
	const {fetch, events} = realm({timeout: 4321}, timer);
	const call = fetch(`${server.origin}/pay`, order);

	await eventually(() => expect(server.effects.size).toBe(1));
	await timer.fire();
	await eventually(() => expect(server.requests[1]?.body).toHaveLength(12));
	await timer.fire();
	expect((await call).headers.get('idempotent-replayed')).toBe('true');
	expectOneCharge(server, 3);
	const failures = events.flatMap(event => (event.type === 'answer' && event.error !== undefined ? [event.error] : []));
	expect(failures).toMatchObject([{name: 'TimeoutError'}, {name: 'TimeoutError'}]);
	open();
});

test('a request that is held before its effect is waited for, however few retries there are', async () => {
	await using server = await startIdempotentServer();
	const {opened, open} = gate();
	server.script([holdRequest(opened)]);
	const timer = handTimer(4321);
	const {fetch, events} = realm({timeout: 4321, retry: {limit: 1, delay: () => 1}}, timer);
	const call = fetch(`${server.origin}/pay`, order);

	await eventually(() => expect(server.requests[0]?.body).toHaveLength(12));
	await timer.fire();
	await eventually(() =>
		expect(events.filter(it => it.type === 'wait' && it.why === 'in-progress').length).toBeGreaterThan(3),
	);
	expect(server.effects.size).toBe(0);
	open();
	expect(await (await call).json()).toEqual({key: keysOf(server)[0], charges: 1});
	expectOneCharge(server, server.requests.length);
});

test('a body that is cut at every attempt leaves the outcome unknown, with the status at hand', async () => {
	await using server = await startIdempotentServer();
	server.script([cutResponse, cutResponse]);
	const {fetch} = realm({retry: {limit: 1, delay: () => 1}});

	await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 2});
	expectOneCharge(server, 2);
});

test('a refusal after a lost answer is not believed: the first attempt may have had its effect', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse, answerBefore(402, {'content-type': 'application/json'}, '{"code":"card_declined"}')]);
	const {fetch} = realm();
	const error = await fetch(`${server.origin}/pay`, order).catch((thrown: unknown) => thrown);

	expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', status: 402, cause: {message: 'fetch failed'}});
	expect(await (error as {response: Response}).response.json()).toEqual({code: 'card_declined'});
	expect((await fetch(`${server.origin}/pay`, order)).status).toBe(201);
	expectOneCharge(server, 3);
});
