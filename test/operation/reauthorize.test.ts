import {describe, expect, test} from 'vitest';
import type {AttemptFacts, Reauthorize} from '../../src/attempt/facts.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import {answer, drop, hang, lose} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {openShop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

type Asked = {readonly status: number; readonly text: string; readonly facts: AttemptFacts};

/** A shop whose page can get a new token. */
function openPage(cure?: Reauthorize, options: FetchOptions = {}) {
	const shop = openShop();
	const asked: Asked[] = [];
	let token = 'old';
	const reauthorize: Reauthorize = async (response, facts) => {
		asked.push({status: response.status, text: await response.text(), facts});
		if (cure !== undefined) return cure(response, facts);
		token = 'new';
		return true;
	};
	const attemptHeaders = () => ({authorization: token});
	const page = shop.realm({attemptHeaders, reauthorize, ...options});
	const tokens = () => shop.server.requests.map(({headers}) => headers.get('authorization'));
	return {...shop, ...page, asked, tokens};
}

describe('reauthorize', () => {
	test.each([401, 407, 419])('mends a %d: the same request again at once, under the same key', async status => {
		const {environment, pay, server, asked, tokens, events} = openPage();
		server.script(answer(status, {}, 'expired'));
		const {outcome, response, key} = await environment.finish(pay());

		expect([outcome, response?.status]).toEqual(['succeeded', 201]);
		expect(server.keys()).toEqual([key, key]);
		expect(tokens()).toEqual(['old', 'new']);
		expect(server.requests[1]?.at).toBe(server.requests[0]?.at);
		const facts = {method: 'POST', url: 'https://shop.test/orders', body: '{"cart":42}', attempt: 1, key};
		expect(asked).toEqual([{status, text: 'expired', facts}]);
		expect(events.filter(({type}) => type === 'wait')).toEqual([]);
	});

	test.each([400, 402, 403, 404, 409, 410, 422, 428])('is not asked about a %d', async status => {
		const {environment, pay, server, asked} = openPage(undefined, {retry: 0});
		server.script(answer(status));
		expect((await environment.finish(pay())).response?.status).toBe(status);
		expect(asked).toEqual([]);
	});

	test('is asked about what it is opted in for, and nothing else', async () => {
		const asked: number[] = [];
		const ask: Reauthorize = ({status}) => asked.push(status) > 0;
		const {environment, pay, server} = openPage(undefined, {reauthorize: {on: [403, 428], ask}});
		server.script(answer(401));
		expect((await environment.finish(pay())).response?.status).toBe(401);
		server.script(answer(403));
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(asked).toEqual([403]);
	});

	test('uses no retry up', async () => {
		const {environment, pay, server} = openPage(undefined, {retry: 1});
		server.script(drop, answer(401));
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(server.requests).toHaveLength(3);
	});

	test('is asked where there are no retries', async () => {
		const {environment, pay, server} = openPage(undefined, {retry: 0});
		server.script(answer(401));
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(server.requests).toHaveLength(2);
	});

	test('is asked once a call, whatever it is told next', async () => {
		const {environment, pay, server, asked} = openPage();
		server.script(answer(401), answer(503), answer(401));
		const {outcome, error} = await environment.finish(pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({attempts: 3, status: 401});
		expect(asked).toHaveLength(1);
	});

	test('is asked again by the next call', async () => {
		const {environment, pay, server, asked} = openPage();
		server.script(answer(401), answer(401), answer(401));
		expect((await environment.finish(pay())).outcome).toBe('refused');
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(asked).toHaveLength(2);
	});

	test('is asked once for all who join', async () => {
		const {environment, pay, server, asked} = openPage();
		server.script(answer(401));
		const reports = await environment.finish(Promise.all([pay(), pay()]));
		expect(reports.map(({outcome}) => outcome)).toEqual(['succeeded', 'succeeded']);
		expect(asked).toHaveLength(1);
		expect(server.charges()).toBe(1);
	});

	test('goes before a retry that the server asks for', async () => {
		const {environment, pay, server, tokens} = openPage();
		server.script(answer(401, {'x-should-retry': 'true'}));
		await environment.finish(pay());
		expect(tokens()).toEqual(['old', 'new']);
		expect(server.requests[1]?.at).toBe(server.requests[0]?.at);
	});

	test('of a call goes before that of createFetch', async () => {
		const {environment, pay, server, asked} = openPage();
		server.script(answer(401));
		expect((await environment.finish(pay({reauthorize: () => false}))).response?.status).toBe(401);
		expect(asked).toEqual([]);
	});

	test('is asked for a call without a name', async () => {
		const {environment, pay, server} = openPage();
		server.script(answer(401));
		expect((await environment.finish(pay({operation: true}))).response?.status).toBe(201);
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('is asked when an answer is fetched again', async () => {
		const dialect = ietf({retention: 86_400_000});
		const {environment, realm, pay, server, tokens} = openPage(undefined, {dialect});
		await environment.finish(realm({dialect}).pay());
		server.script(answer(401));
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(tokens()).toEqual([null, 'old', 'new']);
		expect(server.charges()).toBe(1);
	});

	test('is asked when a request is resumed after a crash, and the doubt stays', async () => {
		const {environment, realm, server} = openPage();
		server.script(hang, answer(401), answer(401));
		const time = virtualEnvironment(2);
		void realm({keepRequest: true}, {}, time).pay();
		await time.settle();
		environment.jump(3_600_000);
		const [open] = await unfinished(realm().fetch);
		const response = open!.resume!({reauthorize: () => true});
		await expect(environment.finish(response)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 2});
		expect(new Set(server.keys()).size).toBe(1);
	});
});

describe('the answer stands', () => {
	const broken: Array<[string, () => unknown]> = [
		['false', () => false],
		['nothing', () => undefined],
		['something other than true', () => 'yes'],
		['a promise of false', async () => false],
		[
			'an error',
			() => {
				throw new Error('no token');
			},
		],
		['a rejection', async () => Promise.reject(new Error('no token'))],
	];

	test.each(broken)('after %s', async (_, cure) => {
		const {environment, pay, server} = openPage(cure as Reauthorize);
		server.script(answer(401, {}, 'Sign in'));
		const {outcome, response} = await environment.finish(pay());
		expect([outcome, response?.status, await response?.text()]).toEqual(['refused', 401, 'Sign in']);
		expect(server.requests).toHaveLength(1);
	});

	test('when the cure takes longer than the call', async () => {
		const {environment, pay, server} = openPage(async () => new Promise<never>(() => undefined), {totalTimeout: 3000});
		server.script(answer(401));
		const began = environment.now();
		const {outcome, response} = await environment.finish(pay());
		expect([outcome, response?.status]).toEqual(['refused', 401]);
		expect(environment.now() - began).toBeLessThan(3000);
		expect(server.requests).toHaveLength(1);
	});

	test('when everybody has left meanwhile', async () => {
		const {environment, pay, server, record} = openPage(async () => new Promise<never>(() => undefined));
		server.script(answer(401));
		const controller = new AbortController();
		const call = pay({signal: controller.signal});
		await environment.settle();
		controller.abort();
		await environment.finish(call);
		await environment.advance(200);
		expect((await record())?.state).toEqual({status: 'unprocessed', httpStatus: 401});
		expect(server.requests).toHaveLength(1);
	});

	test('when it is a replay, which would only be repeated', async () => {
		const {environment, pay, server, asked} = openPage();
		server.script(answer(401, {'idempotent-replayed': 'true'}));
		expect((await environment.finish(pay())).outcome).toBe('refused');
		expect(asked).toEqual([]);
	});
});

describe('a cure proves nothing', () => {
	test('an ambiguity before it stays', async () => {
		const {environment, pay, server, asked} = openPage();
		server.script(lose, answer(401), answer(402));
		const {outcome, error} = await environment.finish(pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({attempts: 3, status: 402, cause: new TypeError('fetch failed')});
		expect(asked).toHaveLength(1);
	});

	test('a failure after it is ambiguous', async () => {
		const {environment, pay, server} = openPage(undefined, {retry: 0});
		server.script(answer(401), drop);
		expect((await environment.finish(pay())).outcome).toBe('unknown');
	});

	test('a refusal after it is a refusal', async () => {
		const {environment, pay, server} = openPage();
		server.script(answer(401), answer(402));
		const {outcome, response} = await environment.finish(pay());
		expect([outcome, response?.status]).toEqual(['refused', 402]);
	});

	test('the 401 of the repeat after it is the answer', async () => {
		const {environment, pay, server} = openPage();
		server.script(answer(401, {}, 'first'), answer(401, {}, 'second'));
		const {outcome, response} = await environment.finish(pay());
		expect([outcome, await response?.text()]).toEqual(['refused', 'second']);
		expect(server.requests).toHaveLength(2);
	});
});
