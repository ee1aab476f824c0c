import {describe, expect, test} from 'vitest';
import {post, refusedWith, untyped, url, watched} from './watched.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const bad: Array<[string, unknown]> = [
	['cache', 'bogus'],
	['cache', 'only-if-cached'],
	['credentials', 'yes'],
	['mode', 'navigate'],
	['mode', 'no'],
	['redirect', 'stay'],
	['referrer', 'https://['],
	['referrerPolicy', 'always'],
	['duplex', 'full'],
	['priority', 'highest'],
	['integrity', Symbol('sha')],
];
const ways: Array<[string, (name: string, value: unknown) => object]> = [
	['own', (name, value) => ({[name]: value})],
	['on a prototype', (name, value) => Object.create({[name]: value}) as object],
];
const calls: Array<[string, object]> = [
	['a named call', {operation: 'pay'}],
	['a call without a name', {operation: true}],
	['a call under its own key', {idempotencyKey: 'k'}],
];

describe('what fetch refuses to build is thrown as by fetch, before anything is sent or written', () => {
	const rows = bad.flatMap(([name, value]) => ways.map(([way, make]) => ({name, value, way, make})));

	test.each(rows)('$name: $value, $way', async ({name, value, make}) => {
		for (const [, options] of calls) {
			const {fetch, failure} = watched();
			const init = Object.assign(make(name, value), post, options);
			expect(await failure(fetch(url, init))).toEqual(refusedWith(TypeError, /./));
			expect(await unfinished(fetch)).toEqual([]);
		}
	});

	test('what a Request says together with the init beside it', async () => {
		const {fetch, failure} = watched();
		for (const [, options] of calls) {
			const request = new Request(url, {...post, cache: 'only-if-cached', mode: 'same-origin'});
			expect(await failure(fetch(request, {mode: 'cors', ...options}))).toEqual(refusedWith(TypeError, /./));
			expect(await unfinished(fetch)).toEqual([]);
		}
	});

	test('in the words of fetch', async () => {
		const {fetch, failure} = watched();
		const init = untyped({cache: 'bogus', operation: 'pay'});
		let message = '';
		try {
			void new Request(url, untyped({cache: 'bogus'}));
		} catch (error) {
			({message} = error as Error);
		}

		expect(await failure(fetch(url, init))).toEqual(refusedWith(TypeError, message));
	});

	test('and the next call under the name is a first one', async () => {
		const {fetch, failure, sent} = watched();
		await failure(fetch(url, untyped({cache: 'bogus', operation: 'pay'})));
		expect((await fetch(url, {...post, operation: 'pay'})).status).toBe(201);
		expect(sent).toHaveLength(1);
	});
});

describe('what fetch takes is sent', () => {
	test.each<[string, unknown]>([
		['cache', 'no-store'],
		['credentials', 'include'],
		['mode', 'same-origin'],
		['redirect', 'error'],
		['referrer', ''],
		['referrerPolicy', 'no-referrer'],
		['keepalive', true],
		['duplex', 'half'],
		['integrity', ''],
		['window', null],
		['a member that nobody knows', {}],
	])('%s: %j', async (name, value) => {
		const {fetch, sent} = watched();
		expect((await fetch(url, untyped({[name]: value, operation: 'pay'}))).status).toBe(201);
		expect(sent).toHaveLength(1);
	});

	test('a Request of a navigation, whose mode fetch sets anew', async () => {
		const {fetch, sent} = watched();
		const request = Object.defineProperty(new Request(url, post), 'mode', {value: 'navigate'});
		expect((await fetch(request, {operation: 'pay'})).status).toBe(201);
		expect((await fetch(new Request(url, post), {operation: 'other', credentials: 'omit'})).status).toBe(201);
		expect(sent).toHaveLength(2);
	});

	test.each<[string, RequestInit, string]>([
		['with a body', {method: 'POST', body: '{"cart":42}'}, '{"cart":42}'],
		['with an empty body', {method: 'POST', body: ''}, ''],
		['without a body', {method: 'DELETE'}, ''],
	])('a Request %s, whose body has been read by then, at each attempt', async (_, init, body) => {
		const {fetch, sent, answers} = watched({retry: {delay: () => 1}});
		answers.push(() => new Response(null, {status: 503}));
		const request = new Request(url, {...init, credentials: 'include'});
		expect((await fetch(request, {operation: 'pay'})).status).toBe(201);
		expect(sent.map(({method, credentials}) => [method, credentials])).toEqual([
			[init.method, 'include'],
			[init.method, 'include'],
		]);
		expect(await Promise.all(sent.map(async it => it.text()))).toEqual([body, body]);
	});
});

test('a GET has no body where a Request does not say whether it has one, as in Firefox', async () => {
	class FirefoxRequest extends Request {}
	Object.defineProperty(FirefoxRequest.prototype, 'body', {value: undefined});
	const {environment, settings} = watched();
	const {createFetchIn} = await import('../../src/fetch.ts');
	const {sendUnkeyed} = await import('../../src/attempt/unkeyed.ts');
	const fetch = createFetchIn(environment, settings, sendUnkeyed);
	expect((await fetch(new FirefoxRequest(url))).status).toBe(201);
	expect((await fetch(new FirefoxRequest(url, {method: 'DELETE'}))).status).toBe(201);
	expect((await fetch(new FirefoxRequest(url, {method: 'PUT', body: ''}))).status).toBe(201);
});

test('a request that is not keyed may be of a mode that drops headers', async () => {
	const {environment, settings} = watched();
	const {createClientIn} = await import('../../src/ky/client.ts');
	const api = createClientIn(environment, settings);
	expect((await api.get(url, {mode: 'no-cors'})).status).toBe(201);
});
