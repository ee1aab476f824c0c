import {describe, expect, test} from 'vitest';
import type {AttemptFacts} from '../../src/attempt/facts.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import {after, answer, drop, hang, lose, unreachable} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {openShop, OPERATION} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

type AttemptHeaders = NonNullable<FetchOptions['attemptHeaders']>;

const never = new Promise<never>(() => undefined);

/** A shop whose page makes a new token for each attempt. */
function openPage(attemptHeaders?: AttemptHeaders, options: FetchOptions = {}) {
	const shop = openShop();
	const asked: AttemptFacts[] = [];
	const tokens: AttemptHeaders = facts => {
		asked.push(facts);
		return (attemptHeaders ?? (({attempt}) => ({authorization: `Bearer ${attempt}`})))(facts);
	};
	const page = shop.realm({attemptHeaders: tokens, ...options});
	const sent = (name: string) => shop.server.requests.map(({headers}) => headers.get(name));
	return {...shop, ...page, asked, sent};
}

describe('attemptHeaders', () => {
	test('is asked before every attempt, about what is sent', async () => {
		const {environment, pay, server, asked, sent} = openPage();
		server.script(lose, answer(503));
		const {key} = await environment.finish(pay({headers: {authorization: 'stale', 'x-tenant': 'a'}}));

		expect(sent('authorization')).toEqual(['Bearer 1', 'Bearer 2', 'Bearer 3']);
		expect(sent('x-tenant')).toEqual(['a', 'a', 'a']);
		expect(server.keys()).toEqual([key, key, key]);
		const facts = {method: 'POST', url: 'https://shop.test/orders', body: '{"cart":42}', key};
		expect(asked).toEqual([1, 2, 3].map(attempt => ({...facts, attempt})));
	});

	test.each<[string, () => ReturnType<AttemptHeaders>]>([
		['an object', () => ({Authorization: 'Bearer x'})],
		['a promise', async () => ({authorization: 'Bearer x'})],
		['Headers', () => new Headers({authorization: 'Bearer x'})],
		['pairs', () => [['AUTHORIZATION', 'Bearer x']]],
	])('may give %s', async (_, attemptHeaders) => {
		const {environment, pay, sent} = openPage(attemptHeaders);
		await environment.finish(pay());
		expect(sent('authorization')).toEqual(['Bearer x']);
	});

	test.each([undefined, {}])('may give nothing: %s', async nothing => {
		const {environment, pay, sent} = openPage(() => nothing);
		await environment.finish(pay({headers: {authorization: 'Bearer own'}}));
		expect(sent('authorization')).toEqual(['Bearer own']);
	});

	test('may not set what makes it another request', async () => {
		const {environment, pay, server, record} = openPage(() => ({'x-tenant': 'b'}), {fingerprintHeaders: ['X-Tenant']});
		const {error} = await environment.finish(pay({headers: {'x-tenant': 'a'}}));
		expect(error).toBeInstanceOf(TypeError);
		expect(String(error)).toMatch(/attemptHeaders.*x-tenant/i);
		expect(server.requests).toHaveLength(0);
		expect((await record())?.state).toMatchObject({status: 'unprocessed'});
	});

	test('does not see what it did to the bytes that it was given', async () => {
		const {environment, pay, server, asked} = openPage(({body}) => {
			(body as Uint8Array).fill(0);
			return {};
		});
		server.script(drop);
		await environment.finish(pay({body: Uint8Array.of(1, 2, 3)}));
		expect(asked).toHaveLength(2);
		expect(server.requests.map(({body}) => body)).toEqual(Array(2).fill(Uint8Array.of(1, 2, 3)));
	});

	test('is given a form as the bytes that are sent', async () => {
		const {environment, pay, server, asked} = openPage();
		const form = new FormData();
		form.set('cart', '42');
		server.script(drop);
		await environment.finish(pay({body: form}));
		const texts = await Promise.all(
			[...asked, ...server.requests].map(async ({body}) => new Response(body as BodyInit).text()),
		);
		expect(texts[0]).toContain('name="cart"');
		expect(new Set(texts).size).toBe(1);
	});

	test('of a call goes before that of createFetch', async () => {
		const {environment, pay, sent, asked} = openPage();
		await environment.finish(pay({attemptHeaders: () => ({authorization: 'of the call'})}));
		expect(sent('authorization')).toEqual(['of the call']);
		expect(asked).toEqual([]);
	});

	test('of the first caller is asked once for all who join', async () => {
		const {environment, pay, asked} = openPage();
		const reports = await environment.finish(Promise.all([pay(), pay()]));
		expect(reports.map(({outcome}) => outcome)).toEqual(['succeeded', 'succeeded']);
		expect(asked).toHaveLength(1);
	});

	test('is asked for a call without a name', async () => {
		const {environment, pay, server, sent} = openPage();
		server.script(drop);
		await environment.finish(pay({operation: true}));
		expect(sent('authorization')).toEqual(['Bearer 1', 'Bearer 2']);
	});

	test('is not asked for a call that passes untouched', async () => {
		const {environment, fetch, asked} = openPage();
		await environment.finish(fetch('https://shop.test/orders', {method: 'POST', body: '1'}));
		expect(asked).toEqual([]);
	});

	test('is asked when an answer is fetched again', async () => {
		const {environment, realm, sent, asked} = openPage();
		const dialect = ietf({retention: 86_400_000});
		await environment.finish(realm({dialect}).pay());
		const attemptHeaders: AttemptHeaders = () => ({authorization: 'fresh'});
		const {outcome} = await environment.finish(realm({dialect, attemptHeaders}).pay());
		expect([outcome, sent('authorization')]).toEqual(['succeeded', [null, 'fresh']]);
		expect(asked).toEqual([]);
	});

	test('is asked when a request is resumed after a crash', async () => {
		const {environment, realm, server, sent} = openPage();
		server.script(hang);
		const time = virtualEnvironment(2);
		void realm({keepRequest: true}, {}, time).pay();
		await time.settle();
		environment.jump(3_600_000);
		const [open] = await unfinished(realm().fetch);
		const response = open?.resume?.({attemptHeaders: async ({attempt}) => ({authorization: `Bearer ${attempt}`})});
		expect((await environment.finish(response!)).status).toBe(201);
		expect(sent('authorization')).toEqual([null, 'Bearer 1']);
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('is part of the time of an attempt', async () => {
		const {environment, pay, server} = openPage(
			async () =>
				new Promise(resolve => {
					environment.timer(() => {
						resolve({});
					}, 600);
				}),
			{timeout: 1000, retry: 0},
		);
		server.script(hang);
		const began = environment.now();
		await environment.finish(pay());
		expect(environment.now() - began).toBe(1000);
	});
});

describe('where it fails before anything was sent, the call was not sent', () => {
	const failure = new TypeError('Failed to fetch a token');
	const failing: Array<[string, AttemptHeaders, unknown]> = [
		[
			'throws',
			() => {
				throw failure;
			},
			failure,
		],
		['rejects', async () => Promise.reject(failure), failure],
		['hangs', async () => never, expect.objectContaining({message: 'no answer within 20000 ms'})],
	];

	test.each(failing)('it %s', async (_, attemptHeaders, cause) => {
		const {environment, pay, server, fetch, realm, record} = openPage(attemptHeaders);
		const {outcome, error} = await environment.finish(pay());

		expect(outcome).toBe('not-sent');
		expect(error).toMatchObject({
			code: 'NOT_SENT',
			attempts: 0,
			cause,
			message: expect.stringContaining('attemptHeaders') as unknown,
		});
		expect(server.requests).toEqual([]);
		expect(await unfinished(fetch)).toEqual([]);
		expect((await record())?.state.status).toBe('unprocessed');
		expect((await environment.finish(realm().pay())).outcome).toBe('succeeded');
	});

	test.each(failing)('it %s, and the call has no name: the call fails with it', async (_, attemptHeaders, cause) => {
		const {environment, pay, server} = openPage(attemptHeaders);
		const {error} = await environment.finish(pay({operation: true}));
		expect(error).toEqual(cause);
		expect(server.requests).toEqual([]);
	});

	test('after attempts that reached nobody too', async () => {
		const {environment, pay, server} = openPage(({attempt}) => {
			if (attempt > 1) throw failure;
			return {};
		});
		server.script(unreachable);
		expect((await environment.finish(pay())).error).toMatchObject({code: 'NOT_SENT', cause: failure});
		expect(server.requests).toHaveLength(1);
	});

	test('a hang lasts no longer than the call', async () => {
		const {environment, pay} = openPage(async () => never, {totalTimeout: 3000});
		const began = environment.now();
		expect((await environment.finish(pay())).error).toMatchObject({code: 'NOT_SENT'});
		expect(environment.now() - began).toBeLessThan(3000);
	});

	test('nothing is sent for callers who have all left meanwhile', async () => {
		let give: (headers: HeadersInit) => void = () => undefined;
		const {environment, pay, server, record} = openPage(
			async () =>
				new Promise(resolve => {
					give = resolve;
				}),
		);
		const controller = new AbortController();
		const call = pay({signal: controller.signal});
		await environment.settle();
		controller.abort();
		await environment.finish(call);
		await environment.advance(200);
		give({});
		await environment.settle();
		expect(server.requests).toEqual([]);
		expect((await record())?.state.status).toBe('unprocessed');
	});
});

describe('where it sets what is not its own, the call fails with a TypeError and was not sent', () => {
	test.each<[string, HeadersInit]>([
		['the key', {'idempotency-key': 'mine'}],
		['the key, in pairs', [['IDEMPOTENCY-KEY', 'mine']]],
		['the content type', {'Content-Type': 'text/plain'}],
		['the length', {'content-length': '3'}],
		['the transfer coding', {'transfer-encoding': 'chunked'}],
		['what it expects of the connection', {expect: '100-continue'}],
		['no name of a header', {'a b': 'c'}],
		['no value of a header', {a: 'b\nc'}],
		['no headers at all', 'authorization' as unknown as HeadersInit],
	])('%s', async (_, headers) => {
		for (const options of [{operation: OPERATION}, {operation: true as const}]) {
			const {environment, pay, server, fetch} = openPage(() => headers);
			const {error} = await environment.finish(pay(options));
			expect(error).toBeInstanceOf(TypeError);
			expect(server.requests).toEqual([]);
			expect(await unfinished(fetch)).toEqual([]);
		}
	});

	test('the key of another dialect', async () => {
		const dialect = {...ietf(), header: 'X-Request-Id'};
		const {environment, pay, server} = openPage(() => ({'x-request-id': '1'}), {dialect});
		const {error} = await environment.finish(pay());
		expect(String(error)).toBe('TypeError: latchkey: attemptHeaders may not set X-Request-Id');
		expect(server.requests).toEqual([]);
	});
});

describe('where it fails after something was sent, what is known stays', () => {
	const failure = new Error('signed out');
	const failing: Array<[string, AttemptHeaders, unknown]> = [
		['throws', async ({attempt}) => (attempt > 1 ? Promise.reject(failure) : {}), failure],
		['hangs', async ({attempt}) => (attempt > 1 ? never : {}), expect.any(Error)],
		[
			'sets the key',
			({attempt}) => (attempt > 1 ? {'idempotency-key': 'mine'} : {}),
			expect.objectContaining({message: expect.stringContaining('may not set') as unknown}),
		],
	];

	test.each(failing)('an ambiguity, when it %s', async (_, attemptHeaders, cause) => {
		const {environment, pay, server, fetch} = openPage(attemptHeaders);
		server.script(lose);
		const {outcome, error} = await environment.finish(pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 1, cause});
		expect(server.requests).toHaveLength(1);
		expect(await unfinished(fetch)).toMatchObject([{key: server.keys()[0]}]);
	});

	test.each(failing)('an answer that settles nothing, when it %s', async (_, attemptHeaders) => {
		const {environment, pay, server} = openPage(attemptHeaders);
		server.script(answer(429));
		const {outcome, response} = await environment.finish(pay());
		expect([outcome, response?.status]).toEqual(['refused', 429]);
		expect(server.requests).toHaveLength(1);
	});

	test('the doubt about an attempt of somebody who is gone', async () => {
		const {environment, realm, server} = openPage();
		server.script(after(1000, lose));
		await environment.finish(realm({retry: 0}).pay());
		const {outcome, error} = await environment.finish(
			realm({attemptHeaders: async () => Promise.reject(failure)}).pay(),
		);
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({attempts: 0, cause: failure});
	});
});
