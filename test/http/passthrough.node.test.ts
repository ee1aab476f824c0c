import {describe, expect, test, vi} from 'vitest';
import {sendUnkeyed} from '../../src/attempt/unkeyed.ts';
import {environment} from '../../src/environment.ts';
import {createFetchIn} from '../../src/fetch.ts';
import {answerBefore, dropResponse} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {realm} from './realm.ts';

const url = 'https://api.test/pay';

function spy() {
	return vi.fn<(input: RequestInfo | URL, init?: RequestInit) => Promise<Response>>(async () => new Response('ok'));
}

describe('a call that is not keyed passes untouched', () => {
	test.each<[string, RequestInfo | URL, RequestInit | undefined]>([
		['a URL alone', url, undefined],
		['a relative URL, for a fetch that knows it', '/pay', {method: 'POST'}],
		['a URL object and an init', new URL(url), {method: 'POST', body: '1', headers: {a: 'b'}}],
		['a Request', new Request(url, {method: 'POST', body: '1'}), undefined],
		['a GET', url, {method: 'GET', signal: AbortSignal.abort()}],
	])('%s: the very same objects', async (_, input, init) => {
		const fetch = spy();
		const {fetch: ours, store} = realm({fetch});
		await ours(input, init);

		expect(fetch.mock.calls[0]?.[0]).toBe(input);
		expect(fetch.mock.calls[0]?.[1]).toBe(init);
		expect(await store.list('')).toEqual([]);
	});

	test('without options that are ours', async () => {
		const fetch = spy();
		const init = {method: 'POST', body: '1', timeout: 5, retry: 2, keepResponse: true};
		await realm({fetch}).fetch(url, init);

		expect(fetch.mock.calls[0]?.[1]).toEqual({method: 'POST', body: '1'});
		expect(init).toMatchObject({timeout: 5, retry: 2});
	});

	test.each([false, ['PUT'], () => false])('the body of a Request is not read (keyed: %s)', async keyed => {
		const fetch = spy();
		const request = new Request(url, {method: 'POST', body: 'mine'});
		await realm({fetch, keyed}).fetch(request);

		expect(request.bodyUsed).toBe(false);
		expect(await request.text()).toBe('mine');
	});

	test('and its answer is the one of fetch', async () => {
		const answer = new Response('ok');
		const {fetch} = realm({fetch: async () => answer});

		expect(await fetch(url, {method: 'POST'})).toBe(answer);
	});

	test.each([false, true])('headers that can be read once only are left to be read (keyed: %s)', async keyed => {
		const fetch = spy();
		const headers = new Map([['x-tenant', 'a']]).entries() as unknown as HeadersInit;
		await realm({fetch, keyed}).fetch(url, {method: 'POST', headers});

		expect(new Headers(fetch.mock.calls[0]?.[1]?.headers).get('x-tenant')).toBe('a');
	});

	test('a stream as its body is left to fetch', async () => {
		const fetch = spy();
		const body = new ReadableStream();
		await realm({fetch}).fetch(url, {method: 'POST', body, duplex: 'half'} as RequestInit);

		expect(fetch.mock.calls[0]?.[1]?.body).toBe(body);
		expect(body.locked).toBe(false);
	});
});

test('a POST that is not keyed is never retried, and bears no key', async () => {
	await using server = await startIdempotentServer();
	server.script([answerBefore(503), dropResponse]);
	const {fetch} = realm();
	expect((await fetch(`${server.origin}/pay`, {method: 'POST', body: '1'})).status).toBe(503);
	await expect(fetch(`${server.origin}/pay`, {method: 'POST', body: '1'})).rejects.toThrow('fetch failed');

	expect(server.requests).toHaveLength(2);
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual([undefined, undefined]);
});

test('globalThis.fetch is looked up at each call', async () => {
	const {fetch} = realm();
	const late = spy();
	vi.stubGlobal('fetch', late);
	await fetch(url);
	await fetch(url, {method: 'POST', operation: 'pay'});
	vi.unstubAllGlobals();

	expect(late).toHaveBeenCalledTimes(2);
});

test('where idempotent methods are retried, they are so without a key', async () => {
	const fetch = spy().mockRejectedValueOnce(new TypeError('fetch failed'));
	const ours = createFetchIn(environment, {fetch, retry: {delay: () => 1}}, sendUnkeyed);
	const response = await ours(url, {method: 'PUT', body: '1'});

	expect(await response.text()).toBe('ok');
	expect(fetch).toHaveBeenCalledTimes(2);
	expect(new Headers(fetch.mock.calls[0]?.[1]?.headers).has('idempotency-key')).toBe(false);
});

test('a call that is aborted while its body is read sends nothing, whatever fetch makes of signals', async () => {
	const fetch = spy();
	const ours = createFetchIn(environment, {fetch}, sendUnkeyed);
	const controller = new AbortController();
	const call = ours(url, {method: 'PUT', body: new Blob(['1']), signal: controller.signal});
	controller.abort();

	await expect(call).rejects.toMatchObject({name: 'AbortError'});
	expect(fetch).not.toHaveBeenCalled();
});
