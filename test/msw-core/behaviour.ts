import {http, HttpResponse, type HttpHandler} from 'msw';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {
	contentKey,
	fromContent,
	memoryStore,
	outcomeOf,
	type FetchOptions,
	forgetAll,
	operationOf,
	unfinished,
} from '../../src/index.ts';
import {idempotentEndpoint, type IdempotentEndpointOptions} from '../../src/msw/index.ts';
import {PAY, charge, order, realm} from './realm.ts';
import {eventually} from '../support/eventually.ts';

type Network = {use(...handlers: HttpHandler[]): void; resetHandlers(...initial: HttpHandler[]): void};

/** What an app relies on, wherever msw runs. */
export function itChargesOnce(network: Network): void {
	afterEach(() => {
		vi.useRealTimers();
		network.resetHandlers();
	});

	function serve(options?: IdempotentEndpointOptions, resolver = charge()) {
		const pay = idempotentEndpoint('POST', PAY, resolver, options);
		network.use(pay);
		return pay;
	}

	describe('one effect under one key', () => {
		test.each<[string, IdempotentEndpointOptions['faults'], number]>([
			['nothing goes wrong', [], 1],
			['the response is lost', ['lose-response'], 2],
			['the request is lost', ['lose-request'], 2],
			['a gateway fails before the effect', [{status: 503, when: 'before-effect'}], 2],
			['a gateway fails after the effect', [{status: 504, when: 'after-effect'}], 2],
			['the server has too much to do', [{status: 429, when: 'before-effect', headers: {'retry-after': '0'}}], 2],
			['it comes too early', [{status: 425, when: 'before-effect'}], 2],
			['all of it', ['lose-request', {status: 503, when: 'before-effect'}, 'lose-response'], 4],
		])('when %s', async (_, faults, attempts) => {
			const pay = serve({...(faults && {faults})});
			const {fetch} = realm();
			const response = await fetch(PAY, order);

			expect(await response.json()).toEqual({charge: 1});
			expect(pay).toMatchObject({effects: 1, attempts});
			expect(new Set(pay.keys).size).toBe(1);
		});

		test('when the button is clicked twice in one tick', async () => {
			const pay = serve();
			const {fetch} = realm();
			const responses = await Promise.all([fetch(PAY, order), fetch(PAY, order)]);

			expect(await Promise.all(responses.map(it => it.json()))).toEqual([{charge: 1}, {charge: 1}]);
			expect(pay).toMatchObject({effects: 1, attempts: 1});
		});

		test('when the page is reloaded after the response was lost', async () => {
			const pay = serve({faults: ['lose-response']});
			const page = realm({retry: 0});
			await expect(page.fetch(PAY, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', operation: ['pay', '42']});
			const reloaded = realm({store: {...page.store}});
			expect(await unfinished(reloaded.fetch)).toMatchObject([{operation: ['pay', '42']}]);
			const response = await reloaded.fetch(PAY, order);

			expect(await response.json()).toEqual({charge: 1});
			expect(pay).toMatchObject({effects: 1, attempts: 2});
			expect(await unfinished(reloaded.fetch)).toEqual([]);
		});

		test('when the page is reloaded after the success', async () => {
			const pay = serve();
			const page = realm();
			await page.fetch(PAY, order);
			const reloaded = realm({store: {...page.store}});

			await expect(reloaded.fetch(PAY, order)).rejects.toMatchObject({code: 'ALREADY_SUCCEEDED', status: 201});
			expect(pay.attempts).toBe(1);
		});

		test('when two tabs are at it', async () => {
			let release = (): void => undefined;
			const held = new Promise<void>(resolve => {
				release = resolve;
			});
			const pay = serve({faults: [{hold: held}]});
			const one = realm();
			const other = realm({store: {...one.store}, onEvent: ({type}) => type === 'waiting-elsewhere' && release()});
			const calls = [one, other].map(async ({fetch}) => (await fetch(PAY, order)).json());

			expect(await Promise.all(calls)).toEqual([{charge: 1}, {charge: 1}]);
			expect(pay).toMatchObject({effects: 1, attempts: 1});
		});

		test('when another device is at it under the same key, which is waited for', async () => {
			let release = (): void => undefined;
			const held = new Promise<void>(resolve => {
				release = resolve;
			});
			const pay = serve({faults: [{hold: held}]});
			const own = {...order, idempotencyKey: 'order-42'};
			const first = realm().fetch(PAY, own);
			await eventually(() => expect(pay.attempts).toBe(1));
			const second = realm({onEvent: event => event.type === 'wait' && release()}).fetch(PAY, own);

			expect(await (await second).json()).toEqual({charge: 1});
			expect(await (await first).json()).toEqual({charge: 1});
			expect(pay).toMatchObject({effects: 1, keys: pay.keys.map(() => 'order-42')});
		});
	});

	describe('a form with a file', () => {
		test('is the same form after a reload, and the server has its answer', async () => {
			const names: unknown[] = [];
			const pay = serve({faults: ['lose-response']}, async ({request}) => {
				const form = await request.formData();
				names.push((form.get('photo') as File).name, await (form.get('photo') as File).text());
				return HttpResponse.json({charge: 1}, {status: 201});
			});
			const upload = () => {
				const body = new FormData();
				body.append('photo', new File(['pixels'], 'a.png', {type: 'image/png', lastModified: 7}));
				return {...order, body};
			};
			const page = realm({retry: 0});
			await expect(page.fetch(PAY, upload())).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
			const response = await realm({store: {...page.store}}).fetch(PAY, upload());

			expect(response.headers.get('idempotent-replayed')).toBe('true');
			expect(pay).toMatchObject({effects: 1, attempts: 2});
			expect(names).toEqual(['a.png', 'pixels']);
		});
	});

	describe('another intention is another effect', () => {
		test('after a refusal, which is handed on as it came', async () => {
			const statuses = [402, 201];
			const pay = serve({}, () => HttpResponse.json({code: 'declined'}, {status: statuses.shift() ?? 500}));
			const {fetch} = realm();
			const declined = await fetch(PAY, order);
			expect(declined.status).toBe(402);
			expect(await declined.json()).toEqual({code: 'declined'});

			expect((await fetch(PAY, {...order, body: '{"card":2}'})).status).toBe(201);
			expect(pay).toMatchObject({effects: 1, attempts: 2});
			expect(new Set(pay.keys).size).toBe(2);
		});

		test('after complete()', async () => {
			const pay = serve();
			const {fetch} = realm();
			const handle = operationOf(fetch, ['pay', 42]);
			await handle.fetch(PAY, order);
			await handle.complete();
			await handle.fetch(PAY, order);

			expect(pay.effects).toBe(2);
			expect(new Set(pay.keys).size).toBe(2);
		});

		test('for another user of the same store', async () => {
			const pay = serve();
			const ada = realm({scope: 'ada'});
			const bob = realm({scope: 'bob', store: ada.store});
			await Promise.all([ada.fetch(PAY, order), bob.fetch(PAY, order)]);

			expect(pay.effects).toBe(2);
			expect(new Set(pay.keys).size).toBe(2);
		});

		test('under another name, with operation: true, and by content', async () => {
			const pay = serve();
			const {fetch} = realm();
			await fetch(PAY, order);
			await fetch(PAY, {...order, operation: ['pay', 43]});
			await fetch(PAY, {...order, operation: true});
			await fetch(PAY, {...order, operation: fromContent()});
			expect(pay.effects).toBe(4);

			await fetch(PAY, {...order, operation: fromContent()});
			expect(pay.effects).toBe(4);
		});
	});

	describe('a changed payload', () => {
		test('is caught before it is sent', async () => {
			const pay = serve({faults: ['lose-response']});
			const {fetch} = realm({retry: 0});
			await expect(fetch(PAY, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
			const call = fetch(PAY, {...order, body: '{"amount":2}'});

			await expect(call).rejects.toMatchObject({code: 'PAYLOAD_CHANGED', key: pay.keys[0]});
			expect(pay.attempts).toBe(1);
		});

		test('is told apart by the server, where another device began it', async () => {
			const pay = serve();
			const own = {...order, idempotencyKey: 'order-42'};
			await realm().fetch(PAY, own);
			const call = realm().fetch(PAY, {...own, body: '{"amount":2}'});

			await expect(call).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', reason: 'final', status: 422, attempts: 1});
			expect(pay).toMatchObject({effects: 1, attempts: 2});
		});

		test('of a field that changes by itself is none, with a fingerprint without it', async () => {
			const pay = serve({faults: ['lose-request']});
			const fingerprint = async (request: Request) => String(((await request.json()) as {amount: number}).amount);
			const {fetch, events} = realm({retry: 0, fingerprint});
			await expect(fetch(PAY, {...order, body: '{"amount":1,"at":1}'})).rejects.toMatchObject({
				code: 'OUTCOME_UNKNOWN',
			});
			const response = await fetch(PAY, {...order, body: '{"amount":1,"at":2}'});

			expect(response.status).toBe(201);
			expect(events.map(({type}) => type)).toContain('bytes-changed');
			expect(new Set(pay.keys).size).toBe(1);
		});
	});

	test('keys made from the content are the same on two devices', async () => {
		const pay = serve();
		const options = {keyFrom: contentKey(), keySenders: 'anywhere'} as const;
		for (const {fetch} of [realm(options), realm(options)]) await fetch(PAY, order);

		expect(pay).toMatchObject({effects: 1, attempts: 2});
		expect(new Set(pay.keys).size).toBe(1);
	});

	test('a 200 that means no is a refusal, with a judge', async () => {
		const pay = serve({}, () => HttpResponse.json({ok: false}));
		const judge: FetchOptions['judge'] = async response =>
			((await response.json()) as {ok: boolean}).ok ? 'succeeded' : 'refused';
		const {fetch} = realm({judge});
		const report = await outcomeOf(fetch(PAY, order));

		expect(report).toMatchObject({outcome: 'refused', attempts: 1, replayed: false, key: pay.keys[0]});
		expect(await report.response?.json()).toEqual({ok: false});
	});

	test('outcomeOf tells each outcome as a value', async () => {
		serve({faults: ['lose-response']});
		const {fetch, store} = realm({retry: 0});
		const operation = ['pay', '42'];
		expect(await outcomeOf(fetch(PAY, order))).toMatchObject({outcome: 'unknown', operation, attempts: 1});
		expect(await outcomeOf(fetch(PAY, order))).toMatchObject({outcome: 'succeeded', replayed: true, attempts: 1});
		expect(await outcomeOf(realm({store: {...store}}).fetch(PAY, order))).toMatchObject({
			outcome: 'succeeded',
			error: {code: 'ALREADY_SUCCEEDED'},
		});
	});

	test('a server that forgets its keys is not asked again past the age of a key', async () => {
		vi.useFakeTimers({toFake: ['Date'], now: 1_000_000});
		const pay = serve({retention: 86_400_000, faults: ['lose-response']});
		const {fetch} = realm({retry: 0});
		await expect(fetch(PAY, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', expired: false});
		vi.setSystemTime(87_400_000);

		await expect(fetch(PAY, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', expired: true});
		expect(pay).toMatchObject({effects: 1, attempts: 1});
		await operationOf(fetch, ['pay', 42]).resolve('succeeded');
		await expect(fetch(PAY, order)).rejects.toMatchObject({code: 'ALREADY_SUCCEEDED'});
	});

	test('a call without a key is neither keyed nor retried', async () => {
		const keys: Array<string | null> = [];
		network.use(
			http.post(PAY, ({request}) => {
				keys.push(request.headers.get('idempotency-key'));
				return new HttpResponse(null, {status: 503});
			}),
		);
		const {fetch} = realm();
		const response = await fetch(PAY, {method: 'POST', body: '1'});

		expect(response.status).toBe(503);
		expect(keys).toEqual([null]);
	});

	test('records outlive a realm in any store, and are gone with forgetAll() once they are settled', async () => {
		const pay = serve();
		const store = memoryStore();
		const {fetch} = realm({store});
		await fetch(PAY, order);
		await forgetAll(fetch);
		await realm({store: {...store}}).fetch(PAY, order);

		expect(pay.effects).toBe(2);
	});
}
