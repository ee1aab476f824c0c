import {describe, expect, test} from 'vitest';
import {unfinished, type FetchOptions} from '../../src/index.ts';
import {answerAfter, dropResponse, type Fault} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {keysOf, realm} from './realm.ts';

const order = {method: 'POST', body: '1', operation: 'pay'} as const;

async function closedPort(): Promise<string> {
	const server = await startIdempotentServer();
	await server.close();
	return new URL(server.origin).port;
}

describe('no connection was made, so nothing took effect', () => {
	test.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])('when %s refuses the connection', async host => {
		const {fetch, store, events} = realm({retry: {limit: 2, delay: () => 1}});
		const call = fetch(`http://${host}:${await closedPort()}/pay`, order);

		await expect(call).rejects.toMatchObject({
			code: 'NOT_SENT',
			outcome: 'not-sent',
			attempts: 3,
			cause: {cause: {code: 'ECONNREFUSED'}},
		});
		expect(events.flatMap(event => (event.type === 'answer' ? event.verdict : []))).toEqual([
			'not-sent',
			'not-sent',
			'not-sent',
		]);
		expect(await unfinished(fetch)).toEqual([]);
		expect(await store.list('')).toMatchObject([{record: {state: {status: 'unprocessed'}}}]);
	});

	test('when the host has no address', async () => {
		const {fetch} = realm({retry: {limit: 1, delay: () => 1}});

		await expect(fetch('http://nope.invalid/pay', order)).rejects.toMatchObject({
			code: 'NOT_SENT',
			cause: {cause: {code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) as unknown}},
		});
		expect(await unfinished(fetch)).toEqual([]);
	});

	test('so the next call begins anew, with another payload and a new key', async () => {
		const port = await closedPort();
		const {fetch, events} = realm({retry: 0});
		await expect(fetch(`http://127.0.0.1:${port}/pay`, order)).rejects.toMatchObject({code: 'NOT_SENT'});
		await expect(fetch(`http://127.0.0.1:${port}/pay`, {...order, body: '2'})).rejects.toMatchObject({
			code: 'NOT_SENT',
		});

		expect(new Set(events.map(({key}) => key)).size).toBe(2);
	});

	test('and a call without a name throws what fetch throws', async () => {
		const {fetch} = realm({retry: 0});
		const call = fetch(`http://127.0.0.1:${await closedPort()}/pay`, {...order, operation: true});

		await expect(call).rejects.toThrow(new TypeError('fetch failed'));
	});
});

test('a connection refused after a lost answer leaves the outcome unknown', async () => {
	const server = await startIdempotentServer();
	server.script([dropResponse]);
	const onEvent: FetchOptions['onEvent'] = ({type}) => {
		if (type === 'wait') void server.close();
	};
	const {fetch} = realm({retry: {limit: 1, delay: () => 1}, onEvent});

	await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 2});
	expect(server.effects.size).toBe(1);
});

test('a connection refused behind a redirect may have been made by the first host', async () => {
	await using server = await startIdempotentServer();
	server.script([answerAfter(307, {location: `http://127.0.0.1:${await closedPort()}/pay`})]);
	const {fetch} = realm({retry: 0});

	await expect(fetch(`${server.origin}/pay`, {...order, redirect: 'follow'})).rejects.toMatchObject({
		code: 'OUTCOME_UNKNOWN',
		cause: {cause: {code: 'ECONNREFUSED'}},
	});
	expect(server.effects.get(String(keysOf(server)[0]))).toBe(1);
});

test('a server that goes down after it has redirected may have done its work', async () => {
	const server = await startIdempotentServer();
	const thenDown: Fault = async ({serve, outgoing}) => {
		await serve();
		outgoing.writeHead(303, {location: '/receipt', connection: 'close'}).end(() => void server.close());
	};
	server.script([thenDown]);
	const {fetch} = realm({retry: 0});

	await expect(fetch(`${server.origin}/pay`, {...order, redirect: 'follow'})).rejects.toMatchObject({
		code: 'OUTCOME_UNKNOWN',
		cause: {cause: {code: 'ECONNREFUSED'}},
	});
	expect([...server.effects.values()]).toEqual([1]);
});
