import {HttpResponse, type HttpHandler} from 'msw';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {createFetch, memoryStore} from '../../src/index.ts';
import {
	adyen,
	azure,
	defineDialect,
	gocardless,
	ietf,
	inQuery,
	medusa,
	paypal,
	shopify,
	square,
	stripe,
} from '../../src/dialects/index.ts';
import {idempotentEndpoint, type Fault, type IdempotentEndpointOptions} from '../../src/msw/index.ts';
import {eventually} from '../support/eventually.ts';
import {latchkeyClient, PAY, plainClient} from './clients.ts';

type Network = {use(...handlers: HttpHandler[]): void; resetHandlers(...initial: HttpHandler[]): void};

const made = () => HttpResponse.json({id: 'pay_1'}, {status: 201});

/** What its options are for. */
export function itTakesOptions(network: Network): void {
	afterEach(() => {
		vi.useRealTimers();
		network.resetHandlers();
	});

	function serve(options: IdempotentEndpointOptions = {}, resolver: () => HttpResponse<never> = made as never) {
		const pay = idempotentEndpoint('post', PAY, resolver, options);
		network.use(pay);
		return pay;
	}

	const post = async (key: string, headers: Record<string, string> = {}, body = '{"amount":1}', url = PAY) =>
		fetch(url, {
			method: 'POST',
			headers: {'content-type': 'application/json', 'idempotency-key': key, ...headers},
			body,
		});

	describe('scope', () => {
		const scope = (request: Request) => request.headers.get('authorization') ?? new Response('Sign in', {status: 401});

		test('the same key of two users is two keys', async () => {
			const pay = serve({scope});
			expect((await post('k1', {authorization: 'Ann'})).headers.get('idempotent-replayed')).toBeNull();
			expect((await post('k1', {authorization: 'Bob'})).headers.get('idempotent-replayed')).toBeNull();
			expect((await post('k1', {authorization: 'Ann'})).headers.get('idempotent-replayed')).toBe('true');
			expect(pay).toMatchObject({effects: 2, attempts: 3});
		});

		test('a request of nobody is answered as it says', async () => {
			const pay = serve({scope});
			const response = await post('k1');
			expect([response.status, await response.text()]).toEqual([401, 'Sign in']);
			expect(pay).toMatchObject({effects: 0, attempts: 1});
		});
	});

	describe('faults by chance', () => {
		const of: readonly Fault[] = ['lose-request', 'lose-response', {status: 503, when: 'before-effect'}];
		async function seen(faults: IdempotentEndpointOptions['faults']) {
			const pay = serve({...(faults && {faults})});
			const run = async () => {
				const statuses = [];
				for (let n = 0; n < 12; n++)
					statuses.push(
						await post(`k${n}`).then(
							({status}) => status,
							() => 'failed',
						),
					);
				return [...statuses, pay.effects];
			};
			const first = await run();
			pay.reset();
			return {first, second: await run()};
		}

		test('are the same for the same seed, also after a reset, and others for another', async () => {
			const {first, second} = await seen({seed: 7, probability: 0.5, of});
			expect(new Set(first.slice(0, -1))).toEqual(new Set([201, 503, 'failed']));
			expect(second).toEqual(first);
			expect((await seen({seed: 7, probability: 0.5, of})).first).toEqual(first);
			expect((await seen({seed: 8, probability: 0.5, of})).first).not.toEqual(first);
		});

		test('never, and always', async () => {
			expect((await seen({seed: 7, probability: 0, of})).first).toEqual([...Array.from({length: 12}, () => 201), 12]);
			const {first} = await seen({seed: 7, probability: 1, of: ['lose-request']});
			expect(first).toEqual([...Array.from({length: 12}, () => 'failed'), 0]);
		});
	});

	test('a script that outlasts its attempts begins anew after a reset', async () => {
		const pay = serve({faults: ['lose-response', 'lose-request', 'lose-request']});
		await expect(post('k1')).rejects.toThrow(TypeError);
		expect(pay).toMatchObject({effects: 1, attempts: 1});
		pay.reset();
		await expect(post('k1')).rejects.toThrow(TypeError);
		expect(pay).toMatchObject({effects: 1, attempts: 1});
	});

	describe('time', () => {
		test('latency passes by the timers that a test fakes, before the server sees the request', async () => {
			vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
			const pay = serve({latency: attempt => attempt * 60_000});
			const first = post('k1');
			const second = post('k1');
			await waitForAttempts(pay, 2);
			expect(pay.effects).toBe(0);
			await vi.advanceTimersByTimeAsync(60_000);
			expect((await first).status).toBe(201);
			await vi.advanceTimersByTimeAsync(60_000);
			expect((await second).headers.get('idempotent-replayed')).toBe('true');
			expect(pay.effects).toBe(1);
		});

		test('a hold in milliseconds is one by the same timers, and all of them can be run', async () => {
			vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
			const pay = serve({faults: [{hold: 3_600_000}]});
			const first = post('k1');
			await waitForAttempts(pay, 1);
			const busy = await post('k1');
			expect([busy.status, busy.headers.get('retry-after'), pay.effects]).toEqual([409, '1', 0]);
			await vi.runAllTimersAsync();
			expect((await first).status).toBe(201);
			expect(pay).toMatchObject({effects: 1, attempts: 2});
		});

		test('all timers can be run while the server is held by a promise', async () => {
			vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
			let release = (): void => undefined;
			const hold = new Promise<void>(resolve => {
				release = resolve;
			});
			const pay = serve({faults: [{hold}]});
			const first = post('k1');
			await waitForAttempts(pay, 1);
			await vi.runAllTimersAsync();
			expect(vi.getTimerCount()).toBe(0);
			release();
			expect((await first).status).toBe(201);
		});

		test('the retention is that of the dialect unless it is said, by the clock that a test sets', async () => {
			vi.useFakeTimers({toFake: ['Date'], now: 0});
			const {id, ...one} = {id: '1c23', url: `${PAY}/azure`};
			const pay = idempotentEndpoint('post', one.url, made, {dialect: azure});
			network.use(pay);
			const key = {'repeatability-request-id': '8e03978e-40d5-43e8-bc93-6894a57f9324'};
			for (const now of [0, 299_999, 300_000]) {
				vi.setSystemTime(now);
				expect((await post(id, key, undefined, one.url)).status).toBe(201);
			}

			expect(pay).toMatchObject({effects: 2, keys: Array.from({length: 3}, () => key['repeatability-request-id'])});
		});
	});

	describe('what goes on', () => {
		test('work that goes on after the connection broke is one effect, and others are told', async () => {
			let done = (): void => undefined;
			const hold = new Promise<void>(resolve => {
				done = resolve;
			});
			const pay = serve({faults: [{status: 'network-error', when: 'during-effect', hold}]});
			await expect(post('k1')).rejects.toThrow(TypeError);
			expect((await post('k1')).status).toBe(409);
			done();
			await eventually(() => expect(pay.effects).toBe(1));
			expect((await post('k1')).headers.get('idempotent-replayed')).toBe('true');
			expect(pay).toMatchObject({effects: 1, attempts: 3});
		});

		test('many attempts at once under one key are one effect, also where the first fails', async () => {
			const pay = serve({faults: ['lose-response', 'none', 'lose-response']});
			const all = await Promise.allSettled(Array.from({length: 20}, async () => post('k1')));
			expect(all.filter(({status}) => status === 'rejected')).toHaveLength(2);
			expect(pay).toMatchObject({effects: 1, attempts: 20});
			expect(new Set(pay.keys)).toEqual(new Set(['k1']));
		});

		test('what is pending is repeated as such until it is done, and then as done', async () => {
			let done = (): void => undefined;
			const pending = new Promise<void>(resolve => {
				done = resolve;
			});
			const pay = serve({faults: [{pending}]});
			expect((await post('k1')).status).toBe(202);
			expect((await post('k1')).status).toBe(202);
			expect(pay.effects).toBe(0);
			done();
			await eventually(() => expect(pay.effects).toBe(1));
			await eventually(async () => expect((await post('k1')).status).toBe(201));
			expect(pay.effects).toBe(1);
		});

		test.each([
			['stripe, which is asked by a GET', stripe, 'requires_action', 'requires_action'],
			['paypal, which tells the state of now', paypal('orders'), 'PAYER_ACTION_REQUIRED', undefined],
		])('so does %s', async (_, dialect, first, then) => {
			const pay = serve({dialect, faults: [{pending: 0}]});
			const answers = [];
			for (const key of ['k1', 'k1']) {
				const response = await post(key, {'paypal-request-id': key});
				answers.push(((await response.json()) as {status?: string}).status);
				await eventually(() => expect(pay.effects).toBeGreaterThan(0));
				// Long enough for what is done to be known.
				await post('k2', {'paypal-request-id': 'k2'});
			}

			expect(answers).toEqual([first, then]);
		});
	});

	describe('dialects', () => {
		test('ietf() and a dialect of one’s own, which are no tables, are answered as the guard answers', async () => {
			const pay = serve({dialect: {...ietf(), name: 'bank', header: 'X-Request-Id'}});
			const missing = await post('k1');
			expect(await missing.json()).toMatchObject({status: 400, code: 'idempotency-key-missing'});
			await post('', {'x-request-id': 'k2'});
			expect((await post('', {'x-request-id': 'k2'})).headers.get('idempotent-replayed')).toBe('true');
			expect(pay).toMatchObject({effects: 1, keys: [null, 'k2', 'k2']});
		});

		test.each([
			['square, in the body', square, {idempotency_key: 'k1', amount: 1}, PAY],
			['shopify, in a variable', shopify, {query: 'mutation', variables: {idempotencyKey: 'k1'}}, PAY],
			[
				'a bank, in the query',
				defineDialect({
					name: 'bank',
					key: inQuery('request_id'),
					methods: ['POST'],
					otherwise: 'words',
					exchanges: [],
					read: '2026-11',
				}),
				{},
				`${PAY}?request_id=k1`,
			],
		])('the key stands where it does for %s', async (_, dialect, json, url) => {
			const pay = serve({dialect});
			for (let n = 0; n < 2; n++) await post('ignored', {}, JSON.stringify(json), url);
			expect(pay).toMatchObject({effects: 1, keys: ['k1', 'k1']});
		});

		test('a key that is no text, or that no header could bear, is malformed', async () => {
			const pay = serve({dialect: square});
			for (const idempotency_key of [5, {}, 'ключ', '', 'a\nb'])
				expect((await post('', {}, JSON.stringify({idempotency_key}))).status).toBe(400);
			expect(pay.effects).toBe(0);
		});

		test('a key that this API does not take is malformed', async () => {
			const pay = serve({dialect: azure});
			expect((await post('', {'repeatability-request-id': 'k1'})).status).toBe(400);
			expect(pay.effects).toBe(0);
		});

		test('whoever does not ask for keys runs a request without one each time', async () => {
			const pay = serve({dialect: stripe});
			expect(await plainClient()()).toBe('201');
			expect(await plainClient()()).toBe('201');
			expect(pay).toMatchObject({effects: 2, keys: [null, null]});
		});

		test('whoever honours no keys runs each time', async () => {
			const pay = serve({dialect: medusa});
			await post('k1');
			await post('k1');
			expect(pay).toMatchObject({effects: 2, keys: ['k1', 'k1']});
		});

		test('whoever does not compare payloads gives the first answer to another one', async () => {
			const pay = serve({dialect: adyen});
			await post('k1');
			expect(await (await post('k1', {}, '{"amount":2}')).json()).toEqual({id: 'pay_1'});
			expect(pay.effects).toBe(1);
		});

		test('gocardless names what was made', async () => {
			serve({dialect: gocardless}, (() => HttpResponse.json({payments: {id: 'PM1'}}, {status: 201})) as never);
			await post('k1');
			const response = await post('k1');
			expect(response.status).toBe(409);
			expect(await response.json()).toMatchObject({error: {errors: [{links: {conflicting_resource_id: 'PM1'}}]}});
		});

		test.each([
			['stripe keeps a 500', stripe, 1],
			['paypal does not', paypal('payments'), 2],
		])('%s', async (_, dialect, effects) => {
			let runs = 0;
			serve({dialect}, (() => {
				runs++;
				return new HttpResponse(null, {status: 500});
			}) as never);
			const key = {'paypal-request-id': 'k1'};
			expect([(await post('k1', key)).status, (await post('k1', key)).status, runs]).toEqual([500, 500, effects]);
		});

		test.each([
			['the guard is in doubt', {}, [500, 409], 1],
			['an API that keeps no failure runs it again', {dialect: paypal()}, [500, 500], 2],
		])('a resolver that crashes is a 500, and then %s', async (_, options, statuses, crashes) => {
			const told = vi.spyOn(console, 'error').mockReturnValue();
			let runs = 0;
			serve(options, () => {
				runs++;
				throw new Error('out of memory');
			});
			const key = {'paypal-request-id': 'k1'};
			const seen = [(await post('k1', key)).status, (await post('k1', key)).status];
			told.mockRestore();
			expect([seen, runs]).toEqual([statuses, crashes]);
		});

		test('what is kept of failures has its retention, too', async () => {
			vi.useFakeTimers({toFake: ['Date'], now: 0});
			let runs = 0;
			serve({dialect: stripe, retention: 1_000}, (() => {
				runs++;
				return new HttpResponse(null, {status: 500});
			}) as never);
			for (const now of [0, 999, 1_000]) {
				vi.setSystemTime(now);
				await post('k1');
			}

			expect(runs).toBe(2);
		});
	});

	test('our client ends a lost answer, a doubt and a forgotten key as the guard says', async () => {
		const pay = serve({faults: ['lose-response', {says: 'outcome-unknown'}]});
		expect(await latchkeyClient()()).toBe('OUTCOME_UNKNOWN');
		expect(pay).toMatchObject({effects: 1, attempts: 2});
	});

	test('a call that is refused leaves its key free where the API keeps successes only', async () => {
		const statuses = [402, 201];
		const pay = serve({saves: 'success'}, (() => new HttpResponse(null, {status: statuses.shift() ?? 500})) as never);
		expect([(await post('k1')).status, (await post('k1')).status]).toEqual([402, 201]);
		expect(pay.effects).toBe(1);
	});

	test.each([
		[{faults: ['lose-respose']}, /faults takes/],
		[{faults: [{status: 503}]}, /faults takes/],
		[{faults: [{status: 'timeout', when: 'before-effect'}]}, /faults takes/],
		[{faults: [{status: 'network-error', when: 'after-effect', saved: 'status'}]}, /faults takes/],
		[{faults: [{status: 503, when: 'during-effect'}]}, /faults takes/],
		[{faults: [{says: 'reused'}]}, /faults takes/],
		[{faults: {seed: 1, probability: 2, of: []}}, /faults takes/],
		[{faults: {seed: 1, probability: 0.5, of: ['lost']}}, /faults takes/],
		[{latency: -1}, /latency takes/],
		[{retention: 0}, /retention takes/],
		[{saves: 'all'}, /saves takes/],
		[{scope: 'user-1'}, /scope takes/],
		[{dialect: 'stripe'}, /dialect takes/],
		[{now: Date.now}, /has no option "now"/],
	])('a mistake in %j is told at once', (options, words) => {
		expect(() => idempotentEndpoint('post', PAY, made, options as IdempotentEndpointOptions)).toThrow(words);
	});

	test('two clicks of our client are one exchange, under chance of every kind', async () => {
		const pay = serve({
			faults: {seed: 7, probability: 0.6, of: ['lose-request', 'lose-response', {status: 503, when: 'after-effect'}]},
		});
		const fetch = createFetch({store: memoryStore(), scope: null, retry: {limit: 10, delay: () => 1}});
		const init = {method: 'POST', body: '{"amount":1}', operation: ['pay', 1]} as const;
		const [one, other] = await Promise.all([fetch(PAY, init), fetch(PAY, init)]);
		expect([one.status, other.status]).toEqual([201, 201]);
		expect(pay.attempts).toBeGreaterThan(1);
		expect(pay.effects).toBe(1);
	});
}

async function waitForAttempts(pay: {readonly attempts: number}, count: number): Promise<void> {
	while (pay.attempts < count) await vi.advanceTimersByTimeAsync(0);
}
