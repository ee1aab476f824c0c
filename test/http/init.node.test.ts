import {describe, expect, test, vi} from 'vitest';
import {ietf, operationOf} from '../../src/index.ts';
import {dropResponse} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {handTimer, realm, uuid} from './realm.ts';
import {eventually} from '../support/eventually.ts';

const url = 'https://api.test/pay';

/** A fetch that takes down what it is given. */
function spy(answer: () => Promise<Response> = async () => new Response(null, {status: 201})) {
	return vi.fn<(input: RequestInfo | URL, init?: RequestInit) => Promise<Response>>(answer);
}

describe('a keyed call hands on what fetch knows', () => {
	const known = {
		credentials: 'include',
		cache: 'no-store',
		redirect: 'error',
		referrerPolicy: 'no-referrer',
		keepalive: true,
		mode: 'same-origin',
	} as const;

	test('from init, with a signal of each attempt and nothing of ours', async () => {
		const fetch = spy();
		const dispatcher = {};
		const init = {
			...known,
			method: 'post',
			body: '1',
			priority: 'high' as RequestPriority,
			dispatcher,
			headers: {'x-tenant': 'a'},
			operation: 'pay',
			timeout: 500,
			totalTimeout: 900,
			retry: 1,
			keepResponse: false,
			keepRequest: false,
			judge: () => undefined,
			reconcile: () => undefined,
			fingerprint: () => 'x',
		} as const;
		await realm({fetch}).fetch(url, init);

		const [input, sent] = fetch.mock.calls[0]!;
		const {signal, headers, ...rest} = sent!;
		expect(input).toBe(url);
		expect(rest).toEqual({...known, method: 'POST', body: '1', priority: 'high', dispatcher});
		expect((rest as {dispatcher?: unknown}).dispatcher).toBe(dispatcher);
		expect(signal).toMatchObject({aborted: false});
		expect(headers).toEqual({
			'x-tenant': 'a',
			'content-type': 'text/plain;charset=UTF-8',
			'Idempotency-Key': uuid,
		});
	});

	test('from a Request', async () => {
		const fetch = spy();
		const request = new Request(url, {
			...known,
			method: 'POST',
			body: '1',
			referrer: 'https://shop.test/cart',
			integrity: 'sha256-AAAA',
		});
		await realm({fetch}).fetch(request, {operation: 'pay'});

		expect(fetch.mock.calls[0]).toMatchObject([
			{url},
			{...known, method: 'POST', referrer: 'https://shop.test/cart', integrity: 'sha256-AAAA'},
		]);
	});

	test('and the signal of a Request is obeyed', async () => {
		const controller = new AbortController();
		const request = new Request(url, {method: 'POST', body: '1', signal: controller.signal});
		const call = realm({fetch: spy(async () => new Promise(() => {}))}).fetch(request, {operation: 'pay'});
		controller.abort(new Error('enough'));

		await expect(call).rejects.toThrow('enough');
	});
});

test('headers reach the server unchanged, at every attempt', async () => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const headers: Array<[string, string]> = [
		['Authorization', 'Bearer a.b.c'],
		['X-Tenant', 'a'],
		['X-Tenant', 'b'],
		['Cookie', 'session=1'],
		['Accept', 'application/json'],
	];
	await realm().fetch(`${server.origin}/pay`, {method: 'POST', body: '1', headers, operation: 'pay'});

	const expected = {authorization: 'Bearer a.b.c', 'x-tenant': 'a, b', cookie: 'session=1', accept: 'application/json'};
	expect(server.requests).toMatchObject([{headers: expected}, {headers: expected}]);
	expect(server.requests[1]?.headers).toEqual(server.requests[0]?.headers);
});

test.each<[string, HeadersInit]>([
	['an object', {'idempotency-key': 'own-1', 'x-a': 'b'}],
	['another spelling', {'IDEMPOTENCY-KEY': 'own-1', 'X-A': 'b'}],
	['Headers', new Headers({'Idempotency-Key': 'own-1', 'x-a': 'b'})],
	[
		'pairs',
		[
			['Idempotency-Key', 'own-1'],
			['x-a', 'b'],
		],
	],
	[
		'a Map',
		new Map([
			['Idempotency-Key', 'own-1'],
			['x-a', 'b'],
		]) as unknown as HeadersInit,
	],
])('an own key in %s is never overwritten', async (_, headers) => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	await realm().fetch(`${server.origin}/pay`, {method: 'POST', body: '1', headers});

	const sent = {'idempotency-key': 'own-1', 'x-a': 'b'};
	expect(server.requests).toMatchObject([{headers: sent}, {headers: sent}]);
});

test('an own key that is written in quotes is the same key, where the dialect puts keys in quotes', async () => {
	await using server = await startIdempotentServer();
	const {fetch} = realm({dialect: ietf({quoted: true})});
	const order = {method: 'POST', body: '1'};
	await fetch(`${server.origin}/pay`, {...order, headers: {'Idempotency-Key': '"own-1"'}, idempotencyKey: 'own-1'});
	await fetch(`${server.origin}/pay`, {...order, headers: {'Idempotency-Key': 'own-1'}});
	await fetch(`${server.origin}/pay`, {...order, headers: {'Idempotency-Key': '"own\\"1'}});

	const keys = server.requests.map(({headers}) => headers['idempotency-key']);
	expect(keys).toEqual(['"own-1"', '"own-1"', '"\\"own\\\\\\"1"']);
});

test('the key goes into the header of the dialect', async () => {
	const fetch = spy();
	await realm({fetch, dialect: {...ietf(), header: 'X-Request-Id'}}).fetch(url, {method: 'POST', operation: 'pay'});

	expect(fetch.mock.calls[0]?.[1]?.headers).toEqual({'X-Request-Id': uuid});
});

describe('a fetch that ignores its signal', () => {
	test('still times out, and the next attempt is made', async () => {
		const answers = [async () => new Promise<Response>(() => {}), async () => new Response('paid')];
		const fetch = spy(async () => answers.shift()!());
		const timer = handTimer(4321);
		const {fetch: ours, events} = realm({fetch, timeout: 4321}, timer);
		const call = ours(url, {method: 'POST', body: '1', operation: 'pay'});
		await timer.fire();

		expect(await (await call).text()).toBe('paid');
		expect(events).toContainEqual(
			expect.objectContaining({
				type: 'answer',
				attempt: 1,
				error: expect.objectContaining({name: 'TimeoutError'}) as unknown,
			}),
		);
	});

	test('cannot hold up a caller who has had enough', async () => {
		const fetch = spy(async () => new Promise<Response>(() => {}));
		const controller = new AbortController();
		const init = {method: 'POST', body: '1', operation: 'pay', signal: controller.signal};
		const call = realm({fetch}).fetch(url, init);
		await eventually(() => expect(fetch).toHaveBeenCalledOnce());
		controller.abort();

		await expect(call).rejects.toMatchObject({name: 'AbortError'});
	});

	test('and answers after its time was over changes nothing', async () => {
		let late: (response: Response) => void = () => undefined;
		const answers = [
			async () =>
				new Promise<Response>(resolve => {
					late = resolve;
				}),
			async () => new Response('second'),
		];
		const timer = handTimer(4321);
		const {fetch} = realm({fetch: spy(async () => answers.shift()!()), timeout: 4321}, timer);
		const call = fetch(url, {method: 'POST', body: '1', operation: 'pay'});
		await timer.fire();
		const response = await call;
		late(new Response('declined', {status: 402}));

		expect(await response.text()).toBe('second');
		expect(operationOf(fetch, 'pay').state.status).toBe('succeeded');
	});
});
