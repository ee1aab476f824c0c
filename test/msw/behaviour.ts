import {http, HttpResponse, type HttpHandler} from 'msw';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {idempotentEndpoint, type Fault, type IdempotentEndpointOptions} from '../../src/msw/index.ts';
import {eventually} from '../support/eventually.ts';

type Network = {use(...handlers: HttpHandler[]): void; resetHandlers(...initial: HttpHandler[]): void};

const PAY = 'https://api.test/pay';

function post(
	key: string | undefined,
	body: BodyInit = '{"amount":1}',
	headers: Record<string, string> = {},
	url = PAY,
) {
	const json = body instanceof FormData ? {} : {'content-type': 'application/json'};
	return fetch(url, {
		method: 'POST',
		headers: {...json, ...(key !== undefined && {'idempotency-key': key}), ...headers},
		body,
	});
}

/** What must hold wherever msw runs; a plain fetch is the client. */
export function itBehavesAsAnIdempotentServer(network: Network): void {
	afterEach(() => {
		vi.useRealTimers();
		network.resetHandlers();
	});

	function serve(options?: IdempotentEndpointOptions, statuses: readonly number[] = []) {
		let runs = 0;
		const pay = idempotentEndpoint(
			'POST',
			'https://api.test/:what',
			async ({request, params}) => {
				const status = statuses[runs++] ?? 201;
				return HttpResponse.json({runs, what: params['what'], sent: await request.text()}, {status});
			},
			options,
		);
		network.use(pay);
		return pay;
	}

	describe('keys', () => {
		test('a repeat gets the saved answer, marked as a replay, and no second effect', async () => {
			const pay = serve();
			const first = await post('k1');
			const second = await post('k1');

			expect(first.status).toBe(201);
			expect(first.headers.get('idempotent-replayed')).toBeNull();
			expect(second.status).toBe(201);
			expect(second.headers.get('idempotent-replayed')).toBe('true');
			expect(second.headers.get('content-type')).toBe('application/json');
			expect(await second.json()).toEqual({runs: 1, what: 'pay', sent: '{"amount":1}'});
			expect(await first.json()).toEqual({runs: 1, what: 'pay', sent: '{"amount":1}'});
			expect(pay).toMatchObject({effects: 1, attempts: 2, keys: ['k1', 'k1']});
		});

		test('another key is another effect', async () => {
			const pay = serve();
			await post('k1');
			const second = await post('k2');

			expect(second.headers.get('idempotent-replayed')).toBeNull();
			expect(pay.effects).toBe(2);
		});

		test('a key is the same bare and in quotes', async () => {
			const pay = serve();
			await post('"a\\"b"');
			const second = await post('a"b');

			expect(second.headers.get('idempotent-replayed')).toBe('true');
			expect(pay.keys).toEqual(['a"b', 'a"b']);
		});

		test('a missing key is refused with 400 in problem+json', async () => {
			const pay = serve();
			const response = await post(undefined);

			expect(response.status).toBe(400);
			expect(response.headers.get('content-type')).toBe('application/problem+json');
			expect(await response.json()).toMatchObject({title: 'Idempotency-Key is missing', status: 400});
			expect(pay).toMatchObject({effects: 0, attempts: 1, keys: [null]});
		});

		test('a request without a key runs unprotected where keys are not required', async () => {
			const pay = serve({required: false});
			await post(undefined);
			await post(undefined);

			expect(pay.effects).toBe(2);
		});

		test.each(['one, two', 'a b', 'k'.repeat(256), '""'])('a malformed key is refused with 400: %s', async key => {
			const pay = serve();
			const response = await post(key);

			expect(response.status).toBe(400);
			expect(await response.json()).toMatchObject({title: 'Idempotency-Key is malformed'});
			expect(pay).toMatchObject({effects: 0, attempts: 1, keys: [key]});
		});

		test('requests at once are one effect', async () => {
			const pay = serve();
			await Promise.all([post('k1'), post('k1'), post('k1')]);

			expect(pay).toMatchObject({effects: 1, attempts: 3});
		});
	});

	describe('payloads', () => {
		test('the same key with another body is refused with 422 and does not run', async () => {
			const pay = serve();
			await post('k1', '{"amount":1}');
			const response = await post('k1', '{"amount":2}');

			expect(response.status).toBe(422);
			expect(response.headers.get('content-type')).toBe('application/problem+json');
			expect(await response.json()).toMatchObject({title: 'Idempotency-Key is already used', status: 422});
			expect(pay.effects).toBe(1);
		});

		test('bodies are compared byte by byte', async () => {
			serve();
			await post('k1', '{"amount":1}');

			expect((await post('k1', '{"amount": 1}')).status).toBe(422);
			expect((await post('k1', '{"amount":1')).status).toBe(422);
			expect((await post('k1', '{"amount":1}\n')).status).toBe(422);
		});

		test('the same key with another query or content type is refused with 422; at another path it is another key', async () => {
			const pay = serve();
			await post('k1');

			expect((await post('k1', undefined, {}, `${PAY}?twice`)).status).toBe(422);
			expect((await post('k1', undefined, {'content-type': 'text/plain'})).status).toBe(422);
			expect((await post('k1', undefined, {}, 'https://api.test/refund')).status).toBe(201);
			expect(pay.effects).toBe(2);
		});

		test('another payload is told before an unfinished first request is', async () => {
			const {hold, release} = gate();
			const pay = serve({faults: [{hold}]});
			const first = post('k1', '1');
			await eventually(() => expect(pay.attempts).toBe(1));

			expect((await post('k1', '2')).status).toBe(422);
			release();
			expect((await first).status).toBe(201);
		});
	});

	describe('what is saved', () => {
		const saved: Array<[IdempotentEndpointOptions['saves'], number, boolean]> = [
			[undefined, 402, true],
			[undefined, 303, true],
			[undefined, 503, false],
			[undefined, 429, false],
			['success', 402, false],
			['success', 204, true],
			['errors', 402, true],
			['errors', 409, false],
			['everything', 503, true],
			['everything', 402, true],
			['everything', 429, false],
		];
		test.each(saved)('saves: %s and an answer with %i: saved is %s', async (saves, status, isSaved) => {
			const pay = vi.fn<() => Response>(() => new HttpResponse(null, {status}));
			network.use(idempotentEndpoint('POST', PAY, pay, saves === undefined ? {} : {saves}));
			const request = new Request(PAY, {method: 'POST', headers: {'idempotency-key': 'k1'}, redirect: 'manual'});
			await fetch(request.clone());
			await fetch(request);

			expect(pay).toHaveBeenCalledTimes(isSaved ? 1 : 2);
		});

		test('an answer that is not saved frees its key: the repeat runs again', async () => {
			const pay = serve({}, [503, 201]);

			expect((await post('k1')).status).toBe(503);
			expect(pay.effects).toBe(0);
			expect((await post('k1')).status).toBe(201);
			expect(pay.effects).toBe(1);
		});

		test('a response that the resolver throws is an answer', async () => {
			const pay = idempotentEndpoint('POST', PAY, () =>
				Promise.reject(HttpResponse.json({declined: true}, {status: 402})),
			);
			network.use(pay);
			await post('k1');
			const second = await post('k1');

			expect(second.status).toBe(402);
			expect(second.headers.get('idempotent-replayed')).toBe('true');
			expect(await second.json()).toEqual({declined: true});
			expect(pay.effects).toBe(0);
		});

		test('a resolver that answers nothing leaves the request to the next handler, and frees the key', async () => {
			const pay = idempotentEndpoint('POST', PAY, () => undefined);
			network.use(
				pay,
				http.post(PAY, () => HttpResponse.text('next')),
			);

			expect(await (await post('k1')).text()).toBe('next');
			expect(await (await post('k1')).text()).toBe('next');
			expect(pay).toMatchObject({effects: 0, attempts: 2});
		});

		test('a network error that the resolver returns is passed on and never saved', async () => {
			const answers = [HttpResponse.error(), HttpResponse.text('paid')];
			const pay = idempotentEndpoint('POST', PAY, () => answers.shift(), {saves: 'everything'});
			network.use(pay);

			await expect(post('k1')).rejects.toThrow(TypeError);
			expect(await (await post('k1')).text()).toBe('paid');
			expect(pay.effects).toBe(1);
		});

		test('an answer with bytes and headers of its own is replayed as it was', async () => {
			const bytes = Uint8Array.from({length: 256}, (_, index) => index);
			network.use(
				idempotentEndpoint(
					'POST',
					PAY,
					() => new HttpResponse(bytes, {status: 202, headers: {'x-receipt': '7', 'content-type': 'image/png'}}),
				),
			);
			await post('k1');
			const second = await post('k1');

			expect(second.status).toBe(202);
			expect(second.headers.get('x-receipt')).toBe('7');
			expect(second.headers.get('content-type')).toBe('image/png');
			expect(new Uint8Array(await second.arrayBuffer())).toEqual(bytes);
		});

		test('an answer without a body is replayed', async () => {
			network.use(idempotentEndpoint('POST', PAY, () => new HttpResponse(null, {status: 204})));
			await post('k1');
			const second = await post('k1');

			expect(second.status).toBe(204);
			expect(second.headers.get('idempotent-replayed')).toBe('true');
		});

		test('a key is forgotten after its retention, counted from its first request', async () => {
			vi.useFakeTimers({toFake: ['Date'], now: 1000});
			const pay = serve({retention: 500});
			await post('k1');
			vi.setSystemTime(1499);
			expect((await post('k1')).headers.get('idempotent-replayed')).toBe('true');
			vi.setSystemTime(1500);
			expect((await post('k1', 'another payload')).status).toBe(201);
			expect(pay.effects).toBe(2);
		});
	});

	describe('faults', () => {
		test('a lost request has no effect', async () => {
			const pay = serve({faults: ['lose-request']});

			await expect(post('k1')).rejects.toThrow(TypeError);
			expect(pay).toMatchObject({effects: 0, attempts: 1, keys: ['k1']});
			expect((await post('k1')).headers.get('idempotent-replayed')).toBeNull();
			expect(pay.effects).toBe(1);
		});

		test('a lost response has its effect, and the repeat gets the saved answer', async () => {
			const pay = serve({faults: ['lose-response']});

			await expect(post('k1')).rejects.toThrow(TypeError);
			expect(pay.effects).toBe(1);
			const second = await post('k1');
			expect(second.headers.get('idempotent-replayed')).toBe('true');
			expect(await second.json()).toMatchObject({runs: 1});
			expect(pay).toMatchObject({effects: 1, attempts: 2, keys: ['k1', 'k1']});
		});

		test('a status before the effect has no effect, and the key stays free', async () => {
			const pay = serve({faults: [{status: 503, when: 'before-effect', headers: {'retry-after': '3'}}]});
			const first = await post('k1');

			expect(first.status).toBe(503);
			expect(first.headers.get('retry-after')).toBe('3');
			expect(pay.effects).toBe(0);
			expect((await post('k1')).headers.get('idempotent-replayed')).toBeNull();
		});

		test('a status after the effect hides an answer that is saved', async () => {
			const pay = serve({faults: [{status: 503, when: 'after-effect'}]});

			expect((await post('k1')).status).toBe(503);
			expect(pay.effects).toBe(1);
			const second = await post('k1');
			expect(second.status).toBe(201);
			expect(second.headers.get('idempotent-replayed')).toBe('true');
			expect(pay.effects).toBe(1);
		});

		test('a held attempt has its effect after the release, others get 409 meanwhile', async () => {
			const {hold, release} = gate();
			const pay = serve({faults: [{hold}]});
			const first = post('k1');
			await eventually(() => expect(pay.attempts).toBe(1));
			const second = await post('k1');

			expect(second.status).toBe(409);
			expect(second.headers.get('retry-after')).toBe('1');
			expect(await second.json()).toMatchObject({title: 'A request is outstanding for this Idempotency-Key'});
			expect(pay.effects).toBe(0);
			release();
			expect((await first).status).toBe(201);
			expect((await post('k1')).headers.get('idempotent-replayed')).toBe('true');
			expect(pay).toMatchObject({effects: 1, attempts: 3});
		});

		test('a held attempt keeps its key past the retention', async () => {
			vi.useFakeTimers({toFake: ['Date'], now: 0});
			const {hold, release} = gate();
			const pay = serve({faults: [{hold}], retention: 500});
			const first = post('k1');
			await eventually(() => expect(pay.attempts).toBe(1));
			// Longer than any lease, too.
			vi.setSystemTime(86_400_000);

			expect(await (await post('k1')).json()).toMatchObject({code: 'idempotency-key-in-progress'});
			release();
			expect((await first).status).toBe(201);
		});

		test('faults are used in order, one per attempt, and then none', async () => {
			const faults: Fault[] = [
				'none',
				{status: 500, when: 'before-effect'},
				'lose-request',
				{status: 502, when: 'after-effect'},
			];
			const pay = serve({faults});
			const seen: unknown[] = [];
			for (const key of ['k1', 'k2', 'k3', 'k4', 'k5'])
				seen.push(
					await post(key).then(
						response => response.status,
						() => 'failed',
					),
				);

			expect(seen).toEqual([201, 500, 'failed', 502, 201]);
			expect(pay).toMatchObject({effects: 3, attempts: 5});
		});
	});

	describe('resetting', () => {
		test('a reset forgets keys, answers and counts, and begins the faults anew', async () => {
			const pay = serve({faults: ['none', 'lose-response']});
			await post('k1');
			await expect(post('k1')).rejects.toThrow(TypeError);
			pay.reset();

			expect(pay).toMatchObject({effects: 0, attempts: 0, keys: []});
			expect((await post('k1', 'another payload')).status).toBe(201);
			await expect(post('k1', 'another payload')).rejects.toThrow(TypeError);
			expect(pay).toMatchObject({effects: 1, attempts: 2});
		});

		test('resetHandlers of msw resets an initial handler', async () => {
			const url = 'https://api.test/initial';
			const initial = idempotentEndpoint('POST', url, () => HttpResponse.json({}));
			network.resetHandlers(initial);
			await post('k1', '1', {}, url);
			expect(initial.effects).toBe(1);
			network.resetHandlers();

			expect(initial).toMatchObject({effects: 0, attempts: 0, keys: []});
			expect((await post('k1', '2', {}, url)).status).toBe(200);
		});

		test('a generator resolver begins anew after a reset', async () => {
			const pay = idempotentEndpoint('POST', PAY, function* () {
				yield HttpResponse.text('first');
				return HttpResponse.text('later');
			});
			network.use(pay);
			const texts = [];
			for (const key of ['k1', 'k2', 'k2']) texts.push(await (await post(key)).text());
			pay.reset();
			texts.push(await (await post('k1')).text());

			expect(texts).toEqual(['first', 'later', 'later', 'first']);
		});

		test('an attempt from before a reset does not count after it', async () => {
			const {hold, release} = gate();
			const pay = serve({faults: [{hold}]});
			const old = post('k1');
			await eventually(() => expect(pay.attempts).toBe(1));
			pay.reset();
			release();
			await old;

			expect(pay).toMatchObject({effects: 0, attempts: 0});
		});
	});
}

function gate(): {hold: Promise<void>; release: () => void} {
	let release = (): void => undefined;
	const hold = new Promise<void>(resolve => {
		release = resolve;
	});
	return {hold, release};
}
