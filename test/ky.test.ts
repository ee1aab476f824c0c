import ky, {HTTPError, isHTTPError, isNetworkError, replaceOption, SchemaValidationError, type Options} from 'ky';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {stripe} from '../src/dialects/stripe.ts';
import {isLatchkeyError} from '../src/errors.ts';
import {createClientIn, type ClientOptions} from '../src/ky.ts';
import {outcomeOf} from '../src/operation/outcome.ts';
import {memoryStoreIn} from '../src/stores/memory.ts';
import {after, answer, drop, fakeServer, hang, lose, type FakeServerOptions} from './support/fake-server.ts';
import {START, virtualEnvironment} from './support/virtual-environment.ts';

const operation = ['checkout', 42] as const;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const json = {cart: 42};

type Order = {readonly key: string; readonly charges: number};

function openClient(options: ClientOptions = {}, serverOptions: FakeServerOptions = {}) {
	const environment = virtualEnvironment();
	const server = fakeServer(environment, serverOptions);
	const store = memoryStoreIn(environment);
	const own = {prefix: 'https://shop.test/api', fetch: server.fetch, store, scope: null, ...options};
	return {environment, server, api: createClientIn(environment, own), finish: environment.finish};
}

describe('ky’s ergonomics', () => {
	test('json, prefix and searchParams', async () => {
		const {api, server, finish} = openClient();
		const order = await finish(api.post('orders', {json, searchParams: {draft: false}, operation}).json<Order>());
		expect(order.charges).toBe(1);
		const [request] = server.requests;
		expect(request).toMatchObject({method: 'POST', url: 'https://shop.test/api/orders?draft=false', key: order.key});
		expect(request?.headers.get('content-type')).toBe('application/json');
		expect(await new Response(request?.body as BodyInit).json()).toEqual(json);
	});

	test('hooks run once a call, whatever the number of attempts', async () => {
		const calls: string[] = [];
		const {api, server, finish} = openClient({
			hooks: {
				beforeRequest: [
					({request}) => {
						calls.push('beforeRequest');
						request.headers.set('authorization', 'Bearer t');
					},
				],
				beforeRetry: [() => void calls.push('beforeRetry')],
				afterResponse: [({response}) => void calls.push(`afterResponse ${response.status}`)],
				beforeError: [({error}) => (calls.push('beforeError'), error)],
			},
		});
		server.script(lose, answer(503));
		await finish(api.post('orders', {json, operation}));
		expect(calls).toEqual(['beforeRequest', 'afterResponse 201']);
		expect(server.requests.map(({headers}) => headers.get('authorization'))).toEqual(Array(3).fill('Bearer t'));
	});

	test('beforeError sees what latchkey throws', async () => {
		const errors: Error[] = [];
		const {api, server, finish} = openClient({
			hooks: {beforeError: [({error}) => (errors.push(error), error)]},
		});
		server.script(drop);
		const call = finish(api.post('orders', {json, operation, retry: 0}).json());
		await expect(call).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect(errors).toHaveLength(1);
		expect(isLatchkeyError(errors[0], 'OUTCOME_UNKNOWN')).toBe(true);
	});

	test('a Standard Schema validates the answer', async () => {
		const schema = {
			'~standard': {
				version: 1,
				vendor: 'test',
				validate: (value: unknown) =>
					(value as Order).charges === 1 ? {value: 'charged once' as const} : {issues: [{message: 'charged twice'}]},
			},
		} as const;
		const {api, finish} = openClient();
		const charged: 'charged once' = await finish(api.post('orders', {json, operation}).json(schema));
		expect(charged).toBe('charged once');
		const wrong = openClient({}, {resolver: () => Response.json({charges: 2})});
		const call = wrong.finish(wrong.api.post('orders', {json, operation}).json(schema));
		await expect(call).rejects.toBeInstanceOf(SchemaValidationError);
		expect(wrong.api.operation(operation).outcome()?.outcome).toBe('succeeded');
	});

	test('a refusal is an HTTPError with its data', async () => {
		const {api, server, finish} = openClient();
		server.script(answer(402, {'content-type': 'application/json'}, '{"code":"card_declined"}'));
		const error: unknown = await finish(
			api
				.post('orders', {json, operation})
				.json()
				.catch((it: unknown) => it),
		);
		expect(error).toBeInstanceOf(HTTPError);
		expect(isHTTPError(error) && error.data).toEqual({code: 'card_declined'});
		expect(server.requests).toHaveLength(1);
	});

	test('throwHttpErrors: false returns the refusal', async () => {
		const {api, server, finish} = openClient();
		server.script(answer(402));
		const response = await finish(api.post('orders', {json, operation, throwHttpErrors: false}));
		expect(response.status).toBe(402);
	});

	test('an abort ends the call', async () => {
		const {api, server, environment} = openClient();
		server.script(hang);
		const leaving = new AbortController();
		const call = api.post('orders', {json, operation, signal: leaving.signal});
		await environment.advance(10);
		leaving.abort(new Error('closed'));
		await expect(call).rejects.toThrow('closed');
	});
});

describe('time-outs and retries are latchkey’s', () => {
	test('timeout is for one attempt, and the key stays', async () => {
		const {api, server, finish} = openClient();
		server.script(hang);
		await finish(api.post('orders', {json, operation, timeout: 1000, retry: {delay: () => 10}}));
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 1010]);
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('totalTimeout is for the whole call', async () => {
		const {api, server, environment} = openClient();
		server.script(hang, hang);
		const call = outcomeOf(api.post('orders', {json, operation, totalTimeout: 1500}));
		expect(await environment.finish(call)).toMatchObject({outcome: 'unknown', attempts: 1});
		expect(environment.now() - START).toBe(1500);
	});

	test('no timer of ky’s runs, whatever time-outs there are', async () => {
		vi.useFakeTimers({toFake: ['setTimeout']});
		onTestFinished(() => void vi.useRealTimers());
		const {api, server, environment, finish} = openClient();
		server.script(hang);
		const call = api.post('orders', {json, operation, timeout: 1000, totalTimeout: 5000});
		await environment.advance(10);
		expect(server.requests).toHaveLength(1);
		expect(vi.getTimerCount()).toBe(0);
		expect((await finish(call)).ok).toBe(true);
	});

	test('without time-outs it waits for as long as it takes', async () => {
		const {api, server, environment, finish} = openClient();
		server.script(after(3_600_000));
		await finish(api.post('orders', {json, operation, timeout: false, totalTimeout: false}));
		expect(environment.now() - START).toBe(3_600_000);
	});

	test.each([
		['a number', 1, 2],
		['a limit', {limit: 2}, 3],
		['none', 0, 1],
	])('retry is %s', async (_, retry, attempts) => {
		const {api, server, finish} = openClient();
		server.script(drop, drop, drop, drop, drop);
		const report = await finish(outcomeOf(api.post('orders', {json, operation, retry})));
		expect(report).toMatchObject({outcome: 'unknown', attempts});
		expect(server.requests).toHaveLength(attempts);
	});

	test('the client’s defaults and those of extend are merged with the call’s', async () => {
		const {api, server, finish} = openClient({retry: {limit: 1}, timeout: 500});
		server.script(hang, drop, hang, drop);
		await finish(outcomeOf(api.extend({retry: {delay: () => 7}}).post('orders', {json, operation})));
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 507]);
	});

	test.each(['methods', 'statusCodes', 'shouldRetry', 'jitter'])(
		'retry.%s is a TypeError: it is not ky that retries',
		field => {
			const {api, server} = openClient();
			const retry = {[field]: []} as Options['retry'];
			expect(() => api.post('orders', {json, operation, retry: retry!})).toThrow(
				new RegExp(`leave out retry\\.${field}`),
			);
			expect(server.requests).toHaveLength(0);
		},
	);

	test('a wrong option rejects with its name', async () => {
		const {api} = openClient();
		await expect(api.post('orders', {json, operation, timeout: -1})).rejects.toThrow(/^latchkey: timeout/);
		expect(() => openClient({totalTimeout: -1})).toThrow(/^latchkey: totalTimeout/);
	});
});

describe('what is keyed and what is retried', () => {
	test.each(['get', 'put', 'delete', 'head'] as const)(
		'%s is retried as an idempotent method, without a key',
		async method => {
			const {api, server, finish} = openClient();
			server.script(drop, answer(503), answer(429));
			const response = await finish(api[method]('orders/7'));
			expect(response.ok).toBe(true);
			expect(server.keys()).toEqual([undefined, undefined, undefined, undefined]);
		},
	);

	test('a body of a PUT is the same at every attempt', async () => {
		const {api, server, finish} = openClient();
		server.script(drop, answer(500));
		await finish(api.put('orders/7', {json}));
		const bodies = await Promise.all(server.requests.map(async ({body}) => new Response(body as BodyInit).text()));
		expect(bodies).toEqual(Array(3).fill('{"cart":42}'));
	});

	test('an idempotent call that fails for good fails as with ky', async () => {
		const {api, server, finish} = openClient({retry: 1});
		server.script(drop, drop);
		await expect(finish(api.get('orders'))).rejects.toSatisfy(isNetworkError);
		server.script(answer(503), answer(503, {}, 'down'));
		const error: unknown = await finish(api.get('orders').catch((it: unknown) => it));
		expect(isHTTPError(error) && error.data).toBe('down');
	});

	test.each(['post', 'patch'] as const)('%s without an operation is neither keyed nor retried', async method => {
		const {api, server, finish} = openClient();
		server.script(drop);
		await expect(finish(api[method]('orders', {json}))).rejects.toSatisfy(isNetworkError);
		expect(server.keys()).toEqual([undefined]);
	});

	test.each<[string, ClientOptions]>([
		['keyed', {keyed: true}],
		['a declared dialect', {dialect: stripe}],
	])('with %s, POST and PATCH are', async (_, options) => {
		const {api, server, finish} = openClient(options);
		server.script(drop);
		await finish(api.post('orders', {json}));
		await finish(api.patch('orders/7', {json}));
		await finish(api.get('orders'));
		const [one, two, three, four] = server.keys();
		expect(one).toMatch(uuid);
		expect(two).toBe(one);
		expect(three).toMatch(uuid);
		expect(three).not.toBe(one);
		expect(four).toBeUndefined();
	});

	test('keyed: false goes before a declared dialect', async () => {
		const {api, server, finish} = openClient({dialect: stripe, keyed: false});
		await finish(api.post('orders', {json}));
		expect(server.keys()).toEqual([undefined]);
	});

	test('an own key is sent as it is', async () => {
		const {api, server, finish} = openClient();
		server.script(lose);
		await finish(api.post('orders', {json, idempotencyKey: 'my-key'}));
		await finish(api.post('orders', {json, headers: {'Idempotency-Key': 'my-header'}}));
		expect(server.keys()).toEqual(['my-key', 'my-key', 'my-header']);
	});

	test('an id that is missing is a TypeError, and nothing is sent', async () => {
		const {api, server} = openClient();
		const missing = undefined as unknown as string;
		await expect(api.post('orders', {json, operation: missing})).rejects.toThrow(TypeError);
		await expect(api.post('orders', {json, operation: ['checkout', missing]})).rejects.toThrow(/operation\[1\]/);
		expect(server.requests).toHaveLength(0);
	});
});

describe('operations', () => {
	test('two clicks are one charge', async () => {
		const {api, server, finish} = openClient();
		const pay = async () => api.post('orders', {json, operation}).json<Order>();
		const [one, two] = await finish(Promise.all([pay(), pay()]));
		expect(one).toEqual(two);
		expect(server.charges()).toBe(1);
	});

	test('the handle has the outcome after .json()', async () => {
		const {api, server, finish} = openClient();
		server.script(lose);
		await finish(api.post('orders', {json, operation}).json());
		const report = api.operation(operation).outcome();
		expect(report).toMatchObject({outcome: 'succeeded', attempts: 2, replayed: true});
		expect(report?.operation).toEqual(['checkout', '42']);
	});

	test('outcomeOf takes a call', async () => {
		const {api, server, finish} = openClient();
		expect(await finish(outcomeOf(api.post('orders', {json, operation})))).toMatchObject({
			outcome: 'succeeded',
			attempts: 1,
			key: expect.stringMatching(uuid),
		});
		await api.operation(operation).complete();
		server.script(answer(402));
		const refused = await finish(outcomeOf(api.post('orders', {json, operation})));
		expect(refused).toMatchObject({outcome: 'refused', attempts: 1, operation: ['checkout', '42']});
		expect(refused.response?.status).toBe(402);
	});

	test('unfinished and forgetAll', async () => {
		const {api, server, finish} = openClient();
		server.script(drop);
		await finish(outcomeOf(api.post('orders', {json, operation, retry: 0})));
		const unfinished = await api.unfinished();
		expect(unfinished).toHaveLength(1);
		await api.forgetAll();
		expect(await api.unfinished()).toHaveLength(1);
	});

	test('judge, fingerprint and reconcile reach latchkey', async () => {
		const {api, server, finish} = openClient();
		const judged = outcomeOf(api.post('orders', {json, operation, judge: () => 'refused'}));
		expect((await finish(judged)).outcome).toBe('refused');
		const at = (now: number) => api.post('orders', {json: {now}, operation: 'stamp', fingerprint: () => 'same'});
		await finish(at(1));
		expect((await finish(outcomeOf(at(2)))).outcome).toBe('succeeded');
		server.script(drop);
		const reconciled = api.post('orders', {json, operation: 'lost', retry: 0, reconcile: () => 'succeeded'});
		expect((await finish(outcomeOf(reconciled))).outcome).toBe('succeeded');
	});
});

describe('extend and create', () => {
	test.each<[string, (api: ReturnType<typeof createClientIn>) => ReturnType<typeof createClientIn>]>([
		['extend', api => api.extend({headers: {'x-app': '1'}})],
		['extend with a function', api => api.extend(parent => ({...parent, headers: {'x-app': '1'}}))],
		['extend, twice', api => api.extend({headers: {'x-app': '1'}}).extend({timeout: 60_000})],
		[
			'extend that takes the init hooks away',
			api => api.extend({headers: {'x-app': '1'}, hooks: {init: undefined} as object}),
		],
		['extend that replaces the hooks', api => api.extend({headers: {'x-app': '1'}, hooks: replaceOption({})})],
		['create', api => api.create({prefix: 'https://shop.test/api', headers: {'x-app': '1'}})],
	])('%s keeps operations, retries and the store', async (_, derive) => {
		const {api, server, finish} = openClient({retry: {delay: () => 20}});
		const derived = derive(api);
		server.script(drop);
		const order = await finish(derived.post('orders', {json, operation}).json<Order>());
		expect(server.requests.map(({at, headers}) => [at - START, headers.get('x-app')])).toEqual([
			[0, '1'],
			[20, '1'],
		]);
		expect(server.keys()).toEqual([order.key, order.key]);
		expect(derived.operation(operation).outcome()?.key).toBe(order.key);
		expect(api.operation(operation).outcome()?.key).toBe(order.key);
		expect(await derived.unfinished()).toEqual([]);
		await derived.forgetAll();
	});

	test('a call that replaces its hooks is still sent by latchkey', async () => {
		const {api, server, finish} = openClient();
		await finish(api.post('orders', {json, operation, hooks: replaceOption({})}));
		expect(server.keys()).toEqual([expect.stringMatching(uuid)]);
	});

	test('create begins with new defaults', async () => {
		const {api, server, finish} = openClient({headers: {'x-app': '1'}});
		await finish(api.create().post('https://shop.test/orders', {json, operation}));
		expect(server.requests[0]?.headers.has('x-app')).toBe(false);
	});

	test('an init hook of an extension still counts for time-outs', async () => {
		const {api, server, finish} = openClient();
		server.script(hang);
		const hook = (options: Options) => {
			options.timeout = 300;
		};
		await finish(api.extend({hooks: {init: [hook]}}).post('orders', {json, operation, retry: {delay: () => 1}}));
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 301]);
	});

	test('a client’s fetch, an extension’s and a call’s: the nearest sends', async () => {
		const {api, server, environment, finish} = openClient();
		const other = fakeServer(environment);
		const third = fakeServer(environment);
		const extended = api.extend({fetch: other.fetch});
		await finish(extended.post('orders', {json, operation}));
		await finish(extended.post('orders', {json, operation: 'other', fetch: third.fetch}));
		await finish(api.get('orders'));
		expect([server, other, third].map(({requests}) => requests.length)).toEqual([1, 1, 1]);
		expect(third.keys()).toEqual([expect.stringMatching(uuid)]);
		expect((await finish(outcomeOf(api.post('orders', {json, operation})))).replayed).toBe(true);
	});

	test('has all that a ky instance has', () => {
		const {api} = openClient();
		expect(Object.keys(api)).toEqual(expect.arrayContaining(Object.keys(ky)));
	});
});
