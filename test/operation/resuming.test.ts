import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {Unfinished} from '../../src/operation/unfinished.ts';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {after, answer, hang, swallow} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {openShop, OPERATION, type Shop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const OPTIONS: FetchOptions = {keepRequest: true, scope: null};
const HOUR = 3_600_000;

/** A process that dies while its request is on the way. What is left is found an hour later. */
async function crashed(shop: Shop, init: RequestInit & CallOptions, options: FetchOptions = OPTIONS) {
	const time = virtualEnvironment(2);
	shop.server.script(swallow);
	const {pay} = shop.realm(options, {}, time);
	void pay({headers: {authorization: 'Bearer secret', 'content-type': 'application/json'}, ...init});
	await time.settle();
	shop.environment.jump(HOUR);
	const {fetch} = shop.realm(options);
	const [found] = await unfinished(fetch);
	if (found === undefined) throw new Error('nothing is unfinished');
	return found;
}

async function resumed({resume}: Unfinished, init?: Parameters<NonNullable<Unfinished['resume']>>[0]) {
	if (resume === undefined) throw new Error('it is not offered');
	return resume(init);
}

async function sentBody(body: unknown): Promise<string> {
	return new Response(body as BodyInit).text();
}

describe('resume', () => {
	test('sends the same bytes again under the same key, with fresh headers', async () => {
		const shop = openShop();
		const found = await crashed(shop, {body: '{"cart":42,"note":"ü"}'});
		const response = await shop.environment.finish(resumed(found, {headers: {authorization: 'Bearer fresh'}}));
		expect(response.headers.get('idempotent-replayed')).toBe('true');
		const [first, second] = shop.server.requests;
		expect(await sentBody(second?.body)).toBe('{"cart":42,"note":"ü"}');
		expect([second?.method, second?.url, second?.key]).toEqual([first?.method, first?.url, found.key]);
		expect(second?.headers.get('authorization')).toBe('Bearer fresh');
		expect(second?.headers.get('content-type')).toBe('application/json');
		expect(shop.server.charges()).toBe(1);
		expect((await shop.record())?.state.status).toBe('succeeded');
	});

	test('no header but the content type is at rest, and the request goes once the outcome is known', async () => {
		const shop = openShop();
		const found = await crashed(shop, {});
		const stored = await shop.record();
		expect(stored?.request).toMatchObject({method: 'POST', contentType: 'application/json'});
		expect(JSON.stringify(stored)).not.toContain('secret');
		await shop.environment.finish(resumed(found));
		expect((await shop.record())?.request).toBeUndefined();
	});

	const tenants: FetchOptions = {...OPTIONS, fingerprintHeaders: ['X-Tenant']};
	const ofTenant = {headers: {'x-tenant': 'a', authorization: 'Bearer secret'}};

	test('sends the headers that make it this request, and keeps no others', async () => {
		const shop = openShop();
		const found = await crashed(shop, ofTenant, tenants);
		expect((await shop.record())?.request?.headers).toEqual([['x-tenant', 'a']]);
		await shop.environment.finish(resumed(found));
		const sent = shop.server.requests.map(({headers}) => [headers.get('x-tenant'), headers.get('authorization')]);
		expect(sent).toEqual([
			['a', 'Bearer secret'],
			['a', null],
		]);
		expect(shop.server.charges()).toBe(1);
	});

	test('takes those headers, and refuses any other value of them', async () => {
		const shop = openShop();
		const found = await crashed(shop, ofTenant, tenants);
		await expect(resumed(found, {headers: {'X-Tenant': 'b'}})).rejects.toThrow(/another x-tenant/i);
		expect(shop.server.requests).toHaveLength(1);
		expect((await shop.environment.finish(resumed(found, {headers: {'X-Tenant': 'a'}}))).status).toBe(201);
	});

	test('is not offered where nothing was kept', async () => {
		const shop = openShop();
		const found = await crashed(shop, {}, {scope: null});
		expect(found).toMatchObject({operation: OPERATION, working: false});
		expect(found.resume).toBeUndefined();
		expect((await shop.record())?.request).toBeUndefined();
	});

	test('is not offered while somebody is at it, nor once the key has expired', async () => {
		const {environment, realm, server} = openShop();
		server.script(hang);
		const {pay, fetch} = realm(OPTIONS);
		void pay();
		await environment.settle();
		expect(await unfinished(fetch)).toMatchObject([{working: true}]);
		expect((await unfinished(fetch))[0]?.resume).toBeUndefined();
		environment.jump(25 * HOUR);
		expect(await unfinished(fetch)).toMatchObject([{working: false, expired: true}]);
		expect((await unfinished(fetch))[0]?.resume).toBeUndefined();
	});

	test('is not offered while somebody elsewhere is at it', async () => {
		const {environment, realm, server} = openShop();
		server.script(hang);
		void realm(OPTIONS).pay();
		await environment.settle();
		const [found] = await unfinished(realm(OPTIONS).fetch);
		expect(found).toMatchObject({operation: OPERATION, working: true});
		expect(found?.resume).toBeUndefined();
	});

	test('who waits reads its body once, however often it asks', async () => {
		const {environment, realm, server, store} = openShop();
		server.script(after(20_000));
		const call = realm({...OPTIONS, timeout: 30_000}).pay();
		await environment.settle();
		const asked: unknown[] = [];
		const waiting = realm(OPTIONS, {
			claim(id, claim) {
				asked.push(claim.request);
				return store.claim(id, claim);
			},
		});
		await environment.finish(Promise.all([call, waiting.pay()]));
		expect(asked.length).toBeGreaterThan(5);
		expect(new Set(asked).size).toBe(1);
	});

	test('a form goes as the very bytes that it was', async () => {
		const shop = openShop();
		const form = new FormData();
		form.set('cart', '42');
		form.set('photo', new File([Uint8Array.of(0, 255, 10)], 'p.png', {type: 'image/png'}));
		const found = await crashed(shop, {body: form, headers: {}});
		await shop.environment.finish(resumed(found, {headers: {'content-type': 'text/plain'}}));
		const [first, second] = shop.server.requests;
		expect(second?.headers.get('content-type')).toBe(first?.headers.get('content-type'));
		expect(await sentBody(second?.body)).toBe(await sentBody(first?.body));
		expect(shop.server.charges()).toBe(1);
	});

	test('a request without a body has none again', async () => {
		const shop = openShop();
		const found = await crashed(shop, {method: 'DELETE', body: null, headers: {}});
		await shop.environment.finish(resumed(found));
		expect(shop.server.requests.map(({method, body}) => [method, body])).toEqual([
			['DELETE', null],
			['DELETE', null],
		]);
	});

	test('a function that makes the fingerprint is not asked again', async () => {
		const shop = openShop();
		let asked = 0;
		const found = await crashed(shop, {}, {...OPTIONS, fingerprint: () => `version ${++asked}`});
		const response = await shop.environment.finish(resumed(found));
		expect([response.ok, asked]).toEqual([true, 1]);
	});

	test('twice at once is one exchange', async () => {
		const shop = openShop();
		const found = await crashed(shop, {});
		const both = await shop.environment.finish(Promise.all([resumed(found), resumed(found)]));
		expect(both.map(({ok}) => ok)).toEqual([true, true]);
		expect(shop.server.requests).toHaveLength(2);
	});

	// Invariant 2
	test('sends nothing when the operation has been freed since, or begun anew', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const found = await crashed(shop, {});
		const {handle, pay} = realm();
		await handle.forget({force: true});
		const refusal = {code: 'OUTCOME_UNKNOWN', message: expect.stringContaining('forgotten') as string};
		await expect(environment.finish(resumed(found))).rejects.toMatchObject(refusal);
		server.script(answer(402));
		expect((await environment.finish(pay())).outcome).toBe('refused');
		await expect(environment.finish(resumed(found))).rejects.toMatchObject(refusal);
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		await expect(environment.finish(resumed(found))).rejects.toThrow(/another key/);
		expect(server.requests).toHaveLength(3);
	});

	// Invariant 7
	test('sends nothing once its key has expired, though the record may be gone', async () => {
		const shop = openShop();
		const found = await crashed(shop, {});
		shop.environment.jump(25 * HOUR);
		await expect(resumed(found)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', expired: true});
		expect(shop.server.requests).toHaveLength(1);
	});

	// Invariant 5
	test('is a repeat, also where the record has vanished: a refusal settles nothing', async () => {
		const shop = openShop();
		await crashed(shop, {});
		const emptied = openShop();
		const {claim, settle} = emptied.store;
		const [found] = await unfinished(shop.realm(OPTIONS, {claim, settle}).fetch);
		if (found === undefined) throw new Error('nothing is unfinished');
		shop.server.script(answer(402));
		const refusal = {code: 'OUTCOME_UNKNOWN', status: 402, key: found.key};
		await expect(shop.environment.finish(resumed(found))).rejects.toMatchObject(refusal);
		expect(await emptied.record()).toMatchObject({key: found.key, ambiguous: true, state: {status: 'unknown'}});
	});

	test('begins nothing anew when it is found out to have been refused', async () => {
		const shop = openShop();
		const found = await crashed(shop, {});
		const resuming = resumed(found, {reconcile: () => 'refused', retry: 0});
		shop.server.script(answer(503));
		await expect(shop.environment.finish(resuming)).rejects.toMatchObject({code: 'REFUSED'});
		expect(shop.server.requests).toHaveLength(2);
	});

	test('tells the outcome that somebody else has brought about since', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const found = await crashed(shop, {headers: {}});
		expect((await environment.finish(realm().pay())).outcome).toBe('succeeded');
		await expect(environment.finish(resumed(found))).rejects.toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests).toHaveLength(2);
	});

	test('belongs to who was signed in when it was offered: nobody else sends it, with their own credentials', async () => {
		const shop = openShop();
		let user = 'ann';
		const found = await crashed(shop, {}, {...OPTIONS, scope: () => user});
		user = 'bob';
		await expect(shop.environment.finish(resumed(found))).rejects.toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			message: expect.stringContaining('user (scope) changed') as unknown,
		});
		expect(shop.server.requests).toHaveLength(1);
		user = 'ann';
		expect((await shop.environment.finish(resumed(found))).ok).toBe(true);
		expect(new Set(shop.server.keys()).size).toBe(1);
	});

	test('its own options are checked before anything is sent', async () => {
		const shop = openShop();
		const found = await crashed(shop, {});
		await expect(resumed(found, {timeout: -1})).rejects.toThrow(/timeout/);
		expect(shop.server.requests).toHaveLength(1);
	});
});

describe('a redirect, by a resumed request', () => {
	test.each<[string, FetchOptions, RequestInit['redirect'], RequestInit]>([
		['is not followed', {}, 'manual', {}],
		['is not followed, though the first call said so', {}, 'manual', {redirect: 'follow'}],
		['is followed where the dialect says that it settles', {dialect: {...ietf(), redirects: 'settle'}}, undefined, {}],
	])('%s', async (_, own, redirect, init) => {
		const shop = openShop();
		const given: Array<RequestInit['redirect']> = [];
		const fetch: FetchOptions['fetch'] = async (input, sent) => {
			given.push(sent?.redirect);
			return shop.server.fetch(input, sent);
		};
		const found = await crashed(shop, init, {...OPTIONS, ...own, fetch});
		expect(given).toEqual([init.redirect ?? redirect]);
		await shop.environment.finish(resumed(found));
		expect(given.slice(1)).toEqual([redirect]);
	});

	test('settles nothing', async () => {
		const shop = openShop();
		const found = await crashed(shop, {});
		shop.server.script(answer(302, {location: '/login'}));
		await expect(shop.environment.finish(resumed(found))).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', status: 302});
		expect((await shop.record())?.state).toEqual({status: 'unknown'});
	});
});
