import {isHTTPError} from 'ky';
import {describe, expect, test} from 'vitest';
import type {AttemptFacts} from '../../src/attempt/facts.ts';
import {answer, drop, type Step} from '../support/fake-server.ts';
import {json, openClient, operation} from './client.ts';

const tokensOf = ({requests}: {readonly requests: ReadonlyArray<{readonly headers: Headers}>}) =>
	requests.map(({headers}) => headers.get('authorization'));

/** A 401 whose body never ends. */
const endless: Step = async () => new Response(new ReadableStream(), {status: 401});

describe('a client', () => {
	let token = 'old';
	const attemptHeaders = () => ({authorization: token});
	const reauthorize = () => {
		token = 'new';
		return true;
	};
	const open = (options: Parameters<typeof openClient>[0] = {attemptHeaders, reauthorize}) => {
		token = 'old';
		return openClient(options);
	};

	test('makes headers anew and mends a 401, by its options', async () => {
		const {api, server, finish} = open();
		server.script(drop, answer(401), drop);
		await finish(api.post('orders', {json, operation}));
		expect(tokensOf(server)).toEqual(['old', 'old', 'new', 'new']);
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	test('by the options of a call', async () => {
		const {api, server, finish} = open({});
		server.script(answer(401));
		await finish(api.post('orders', {json, operation, attemptHeaders, reauthorize}));
		expect(tokensOf(server)).toEqual(['old', 'new']);
		server.script(answer(403));
		const on = {on: [403], ask: () => true};
		await finish(api.post('orders', {json, operation: 'other', reauthorize: on}));
		expect(server.charges()).toBe(2);
	});

	test('by those of an instance that was extended', async () => {
		const {api, server, finish} = open({});
		server.script(answer(401));
		await finish(api.extend({attemptHeaders, reauthorize}).post('orders', {json, operation}));
		expect(tokensOf(server)).toEqual(['old', 'new']);
	});

	test('tells what is sent, byte for byte', async () => {
		const asked: AttemptFacts[] = [];
		const {api, server, finish} = open({
			attemptHeaders(facts) {
				asked.push(facts);
				return {};
			},
		});
		await finish(api.post('orders', {json, operation}));
		expect(asked).toEqual([
			{
				method: 'POST',
				url: 'https://shop.test/api/orders',
				body: new TextEncoder().encode(String(server.requests[0]?.body)),
				attempt: 1,
				key: server.keys()[0],
			},
		]);
	});
});

describe('a call that a client retries without a key', () => {
	test('has fresh headers, and a 401 is mended', async () => {
		const asked: AttemptFacts[] = [];
		const {api, server, finish} = openClient({
			attemptHeaders(facts) {
				asked.push(facts);
				return {authorization: `Bearer ${facts.attempt}`};
			},
			reauthorize: () => true,
		});
		server.script(drop, endless);
		const response = await finish(api.get('orders/7'));
		expect(response.ok).toBe(true);
		expect(tokensOf(server)).toEqual(['Bearer 1', 'Bearer 2', 'Bearer 3']);
		expect(asked[0]).toMatchObject({method: 'GET', body: null, key: undefined});
		// The answer that nobody reads any more holds no connection up.
		expect(server.requests.map(({signal}) => signal?.aborted)).toEqual([true, true, false]);
	});

	test('the answer stands when the cure takes too long', async () => {
		const {api, server, finish} = openClient({reauthorize: async () => new Promise<never>(() => undefined)});
		server.script(answer(401, {}, 'Sign in'));
		const error: unknown = await finish(api.get('orders/7').catch((it: unknown) => it));
		expect(isHTTPError(error) && error.data).toBe('Sign in');
		expect(server.requests).toHaveLength(1);
	});

	test('fails with what attemptHeaders fails with', async () => {
		const failure = new RangeError('no token');
		const {api, server, finish} = openClient({attemptHeaders: async () => Promise.reject(failure)});
		await expect(finish(api.get('orders/7'))).rejects.toThrow('no token');
		expect(server.requests).toEqual([]);
	});
});
