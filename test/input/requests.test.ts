import {describe, expect, test} from 'vitest';
import {createFetchIn} from '../../src/fetch.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {post, refusedWith, untyped, url, watched} from './watched.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const nowhere = {baseUrl: () => undefined};
const pay = {...post, operation: 'pay'};

describe('a request that fetch would not send is refused before anything is sent or written', () => {
	test('a relative URL where there is no page to resolve it against', async () => {
		const {fetch, failure} = watched({}, nowhere);
		expect(await failure(fetch('/pay', pay))).toEqual(refusedWith(TypeError, '"/pay" is not an absolute URL'));
	});

	test.each(['http://', 'http://[::1/', 'http://host:99999/'])('no URL: %s', async input => {
		const {fetch, failure} = watched({}, nowhere);
		expect(await failure(fetch(input, pay))).toEqual(refusedWith(TypeError, 'URL'));
	});

	test.each(['https://user@api.test/pay', 'https://user:secret@api.test/pay', new URL('https://:secret@api.test/')])(
		'a URL with credentials, which are not told on: %s',
		async input => {
			const {fetch, failure} = watched();
			expect(await failure(fetch(input, pay))).toEqual(refusedWith(TypeError, /^(?!.*secret).*credentials/));
		},
	);

	test.each(['PO ST', '', 'POST\n', 'ПОСТ'])('no method: %j', async method => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, {...pay, method}))).toEqual(refusedWith(TypeError, 'method'));
	});

	test.each(['TRACE', 'connect', 'Track'])('a method that fetch forbids: %s', async method => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, {method, operation: 'pay'}))).toEqual(refusedWith(TypeError, 'method'));
	});

	test.each(['GET', 'HEAD'])('a body under %s', async method => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, untyped({method, idempotencyKey: 'k'})))).toEqual(refusedWith(TypeError, 'body'));
	});

	test.each<[string, Record<string, string>]>([
		['a name with a space', {'x tenant': 'a'}],
		['an empty name', {'': 'a'}],
		['a line break in its value', {'x-tenant': 'a\nb'}],
		['a value in another script', {'x-tenant': 'заказ'}],
	])('an invalid header: %s', async (_, headers) => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, {...pay, headers}))).toEqual(refusedWith(TypeError, /./));
	});

	test("mode 'no-cors', which would drop the key", async () => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, {...pay, mode: 'no-cors'}))).toEqual(refusedWith(TypeError, 'Idempotency-Key'));
		const request = new Request(url, {...post, mode: 'no-cors'});
		expect(await failure(fetch(request, {operation: 'pay'}))).toEqual(refusedWith(TypeError, 'Idempotency-Key'));
	});

	test("mode 'no-cors' of a Request, where the init beside it says undefined", async () => {
		const {fetch, failure} = watched();
		const request = new Request(url, {...post, mode: 'no-cors'});
		const call = fetch(request, {operation: 'pay', ...untyped({mode: undefined})});
		expect(await failure(call)).toEqual(refusedWith(TypeError, 'Idempotency-Key'));
	});

	test.each(['localhost:3000/x', 'ftp://x/y', 'data:,x', 'htps://api.test/pay'])(
		'a URL that fetch sends nothing to: %s',
		async input => {
			const {environment} = watched();
			const store = memoryStore();
			for (const how of [{operation: 'pay'}, {operation: true}, {idempotencyKey: 'k'}] as const) {
				const fetch = createFetchIn(environment, {scope: null, store, retry: 0});
				await expect(fetch(input, {...post, ...how})).rejects.toThrow('latchkey: fetch sends no POST to');
				expect(await unfinished(fetch)).toEqual([]);
			}
		},
	);

	const list = [{a: 1}, {b: 2}] as unknown as BodyInit;

	test.each<[string, RequestInfo, RequestInit]>([
		['in a Request', new Request(url, {method: 'POST', body: list}), {}],
		['as text', url, {method: 'POST', body: '[object Object],[object Object]'}],
	])('a list of objects as the body, %s', async (_, input, init) => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(input, {...init, operation: 'pay'}))).toEqual(refusedWith(TypeError, /body/));
	});

	test('judge, reconcile or fingerprint that is no function', async () => {
		const {fetch, failure} = watched();
		for (const name of ['judge', 'reconcile', 'fingerprint'])
			expect(await failure(fetch(url, untyped({operation: 'pay', [name]: 'yes'})))).toEqual(
				refusedWith(TypeError, name),
			);
	});

	test('a fingerprint that throws', async () => {
		const {fetch, failure} = watched();
		const fingerprint = () => {
			throw new RangeError('no such field');
		};
		expect(await failure(fetch(url, {...pay, fingerprint}))).toEqual(refusedWith(RangeError, 'no such field'));
	});
});

describe('a signal that was aborted before the call', () => {
	const reason = new RangeError('left already');

	test.each<[string, object]>([
		['a named call', {operation: 'pay'}],
		['a call without a name', {operation: true}],
		['a call under its own key', {idempotencyKey: 'k'}],
	])('ends %s with its reason', async (_, options) => {
		const {fetch, failure} = watched();
		const signal = AbortSignal.abort(reason);
		expect(await failure(fetch(url, {...post, ...options, signal}))).toEqual(refusedWith(RangeError, 'left already'));
		expect(await failure(fetch(new Request(url, {...post, signal}), options))).toEqual(
			refusedWith(RangeError, 'left already'),
		);
	});

	test('leaves the body of a Request unread', async () => {
		const {fetch, failure} = watched();
		const request = new Request(url, post);
		expect(await failure(fetch(request, {operation: 'pay', signal: AbortSignal.abort(reason)}))).toEqual(
			refusedWith(RangeError, /./),
		);

		expect(request.bodyUsed).toBe(false);
	});

	test('does not keep others from the operation', async () => {
		const {fetch, sent} = watched();
		const calls = [fetch(url, pay), fetch(url, {...pay, signal: AbortSignal.abort(reason)})];
		const [first, second] = await Promise.allSettled(calls);

		expect(first).toMatchObject({status: 'fulfilled'});
		expect(second).toMatchObject({status: 'rejected', reason});
		expect(sent).toHaveLength(1);
	});
});

test('signal: null means none, as in fetch', async () => {
	const {fetch} = watched();
	const request = new Request(url, {...post, signal: AbortSignal.abort()});

	expect((await fetch(url, {...pay, signal: null})).status).toBe(201);
	expect((await fetch(request, {operation: 'other', signal: null})).status).toBe(201);
});
