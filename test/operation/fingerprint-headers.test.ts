import {describe, expect, test} from 'vitest';
import {createClientIn} from '../../src/ky/client.ts';
import type {CallOptions} from '../../src/options.ts';
import {contentKey} from '../../src/request/content-key.ts';
import {fromContent} from '../../src/request/identity.ts';
import {drop} from '../support/fake-server.ts';
import {OPERATION, openShop} from './shop.ts';

const account = ['Stripe-Account'];
const of = (tenant: string): RequestInit & CallOptions => ({headers: {'stripe-account': tenant}});

/** How many operations these calls are, one after the other, when each is named by its content. */
async function operations(options: CallOptions, ...calls: Array<RequestInit & CallOptions>): Promise<number> {
	const {environment, realm, server} = openShop();
	const {pay} = realm(options);
	for (const call of calls) {
		const {outcome} = await environment.finish(pay({operation: fromContent(), ...call}));
		expect(outcome).toBe('succeeded');
	}
	return new Set(server.keys()).size;
}

describe('two tenants’ equal requests', () => {
	test('are one operation, unless the header that tells them apart counts', async () => {
		expect(await operations({}, of('a'), of('b'))).toBe(1);
		expect(await operations({fingerprintHeaders: account}, of('a'), of('b'), of('a'))).toBe(2);
	});

	test('are two when a call says it', async () => {
		expect(
			await operations({}, {...of('a'), fingerprintHeaders: account}, {...of('b'), fingerprintHeaders: account}),
		).toBe(2);
	});

	test('are two also where a fingerprint of their own leaves headers out', async () => {
		const fingerprint = () => 'the same';
		expect(await operations({fingerprint}, of('a'), of('b'))).toBe(1);
		expect(await operations({fingerprint, fingerprintHeaders: account}, of('a'), of('b'))).toBe(2);
	});

	test('under one name are a changed request', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({fingerprintHeaders: account, retry: 0});
		server.script(drop);
		await environment.finish(pay(of('a')));
		const report = await environment.finish(pay(of('b')));
		expect(report.error).toMatchObject({code: 'PAYLOAD_CHANGED'});
		expect(server.requests).toHaveLength(1);
	});

	test('in one flight do not join', async () => {
		const {environment, realm} = openShop();
		const {pay} = realm({fingerprintHeaders: account});
		const [first, second] = await environment.finish(Promise.all([pay(of('a')), pay(of('b'))]));
		expect(first.outcome).toBe('succeeded');
		expect(second.error).toMatchObject({code: 'PAYLOAD_CHANGED'});
	});

	test('have two content keys', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({fingerprintHeaders: account, keyFrom: contentKey(), keySenders: 'anywhere'});
		for (const tenant of ['a', 'b']) await environment.finish(pay({...of(tenant), operation: ['pay', tenant]}));
		const again = openShop();
		await again.environment.finish(
			again
				.realm({fingerprintHeaders: account, keyFrom: contentKey(), keySenders: 'anywhere'})
				.pay({...of('b'), operation: ['pay', 'a']}),
		);
		expect(new Set([...server.keys(), ...again.server.keys()]).size).toBe(3);
	});

	test('are two for a client', async () => {
		const {environment, server, store} = openShop();
		const api = createClientIn(environment, {
			fetch: server.fetch,
			store,
			scope: null,
			fingerprintHeaders: account,
		});
		for (const tenant of ['a', 'b']) {
			const {headers = {}} = of(tenant);
			await environment.finish(
				api.post('https://shop.test/orders', {json: {}, headers, operation: fromContent()}).text(),
			);
		}
		expect(new Set(server.keys()).size).toBe(2);
	});
});

describe('a header that counts', () => {
	const counted = {fingerprintHeaders: ['X-Tenant', 'x-region']};

	test('counts by its name in any case, its order and its form aside', async () => {
		const calls = [
			{headers: {'x-tenant': 'a', 'x-region': 'eu'}},
			{headers: new Headers({'X-Region': 'eu', 'X-TENANT': ' a '})},
			{headers: [['x-region', 'eu'] as [string, string], ['x-tenant', 'a'] as [string, string]]},
			{headers: {'x-tenant': 'a', 'x-region': 'eu'}, fingerprintHeaders: ['x-region', 'X-TENANT', 'x-tenant']},
		];
		expect(await operations(counted, ...calls)).toBe(1);
	});

	test('that is absent is another than an empty one, and the same as one that does not count', async () => {
		expect(await operations(counted, {}, {headers: {'x-tenant': ''}})).toBe(2);
		expect(await operations({}, {}, counted, {fingerprintHeaders: []})).toBe(1);
	});

	test('cannot be taken for another, nor for a part of the body', async () => {
		const calls = [
			{headers: {'x-tenant': 'a', 'x-region': 'b'}},
			{headers: {'x-tenant': 'b', 'x-region': 'a'}},
			{headers: {'x-tenant': 'a'}},
			{headers: {'x-region': 'a'}},
			{headers: {'x-tenant': 'a, b'}},
			{headers: {'x-tenant': 'a"],["x-region","b'}},
			{body: 'headers [["x-tenant","a"]] '},
		];
		expect(await operations(counted, ...calls)).toBe(calls.length);
	});

	test('is not the key that is sent with it', async () => {
		const {environment, realm, server} = openShop();
		const {fetch} = realm({fingerprintHeaders: ['Idempotency-Key']});
		const call = async () => fetch('https://shop.test/orders', {method: 'POST', body: '{}', idempotencyKey: 'mine'});
		const answers = await environment.finish(Promise.all([call(), call()]));
		expect(answers.map(({status}) => status)).toEqual([201, 201]);
		expect(server.requests).toHaveLength(1);
	});

	test('counts in a Request', async () => {
		const {environment, realm, server} = openShop();
		const {fetch} = realm({...counted, retry: 0});
		server.script(drop);
		const request = (tenant: string) =>
			new Request('https://shop.test/orders', {method: 'POST', body: '{}', headers: {'x-tenant': tenant}});
		await environment.finish(fetch(request('a'), {operation: OPERATION}).catch(() => undefined));
		const other = fetch(request('b'), {operation: OPERATION});
		await expect(environment.finish(other)).rejects.toMatchObject({code: 'PAYLOAD_CHANGED'});
	});
});
