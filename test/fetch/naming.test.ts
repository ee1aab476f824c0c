import {describe, expect, test} from 'vitest';
import {createFetchIn} from '../../src/fetch.ts';
import type {OperationName} from '../../src/request/identity.ts';
import {fromContent} from '../../src/request/identity.ts';
import {after, lose} from '../support/fake-server.ts';
import {openShop} from '../operation/shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

describe('scope', () => {
	test('another scope never shares a key, a flight or an answer', async () => {
		const {environment, realm, server} = openShop();
		let user = 'ann';
		const {pay} = realm({scope: () => user});
		server.script(after(1000));
		const ann = pay();
		await environment.settle();
		user = 'bob';
		const bob = pay();
		const reports = await environment.finish(Promise.all([ann, bob]));
		expect(new Set(reports.map(({key}) => key)).size).toBe(2);
		expect(server.charges()).toBe(2);
		user = 'eve';
		expect((await environment.finish(pay())).replayed).toBe(false);
	});

	test('an unknown operation of one user is not taken up by the next', async () => {
		const {environment, realm, server} = openShop();
		server.script(lose);
		await environment.finish(realm({scope: 'ann', retry: 0}).pay());
		const bob = realm({scope: 'bob'});
		expect(await unfinished(bob.fetch)).toEqual([]);
		expect((await environment.finish(bob.pay())).key).not.toBe(server.keys()[0]);
	});

	test('is that of the beginning, whoever is there at its end', async () => {
		const {environment, realm, server, store} = openShop();
		let user = 'ann';
		server.script(after(1000));
		const call = realm({scope: () => user}).pay();
		await environment.settle();
		user = 'bob';
		await environment.finish(call);
		user = 'ann';
		expect(await unfinished(realm({scope: () => user}).fetch)).toEqual([]);
		expect(await store.list('')).toEqual([]);
	});

	test('is at rest only as a hash', async () => {
		const {environment, realm, store} = openShop();
		const ids: unknown[] = [];
		const spied = realm(
			{scope: 'ann@example.com'},
			{
				claim(id, claim) {
					ids.push(id);
					return store.claim(id, claim);
				},
			},
		);
		await environment.finish(spied.pay());
		expect(JSON.stringify(ids)).not.toContain('ann');
	});

	test('where one process serves many users a named call without one is a TypeError, and nothing is sent', async () => {
		const {environment, realm, server} = openShop();
		environment.shared = true;
		const {pay, fetch, handle} = realm({scope: () => undefined});
		const {error} = await environment.finish(pay());
		expect(error).toBeInstanceOf(TypeError);
		expect(String(error)).toContain('scope');
		await expect(handle.complete()).rejects.toBeInstanceOf(TypeError);
		await expect(unfinished(fetch)).rejects.toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(0);
	});

	test('null says there that all callers are one; an unnamed call needs none', async () => {
		const {environment, realm, server} = openShop();
		environment.shared = true;
		expect((await environment.finish(realm({scope: null}).pay())).outcome).toBe('succeeded');
		const unnamed = realm({scope: () => undefined}).pay({operation: true});
		expect((await environment.finish(unnamed)).outcome).toBe('succeeded');
		expect(server.charges()).toBe(2);
	});
});

describe('names', () => {
	test.each<[string, unknown]>([
		['undefined', undefined],
		['null', null],
		['an empty string', ''],
		['a missing id', ['checkout', undefined]],
		['NaN', ['checkout', Number.NaN]],
		['an empty part', ['checkout', '']],
		['no part', []],
	])('%s is a TypeError, and nothing is sent', async (_, name) => {
		const {environment, realm, server} = openShop();
		const {error} = await environment.finish(realm().pay({operation: name as OperationName}));
		expect(error).toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(0);
	});

	test('a named GET or HEAD is a TypeError, and nothing is sent', async () => {
		const {environment, server} = openShop();
		const fetch = createFetchIn(environment, {fetch: server.fetch, scope: null});
		for (const method of ['GET', 'get', 'HEAD', undefined]) {
			const init = method === undefined ? {} : {method};
			const call = fetch('https://shop.test/orders', {...init, operation: 'x'});
			await expect(call).rejects.toBeInstanceOf(TypeError);
		}

		expect(server.requests).toHaveLength(0);
	});

	test('different names are different operations, also with the same payload', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		await environment.finish(Promise.all([pay({operation: ['a', 'b']}), pay({operation: 'a/b'}), pay()]));
		expect(new Set(server.keys()).size).toBe(3);
	});

	test('operation: true is an operation of this call alone, retried under one key, and never unfinished', async () => {
		const {environment, realm, server, store} = openShop();
		const {fetch, pay} = realm();
		server.script(lose);
		const [one, two] = await environment.finish(
			Promise.all([pay({operation: true}), pay({operation: true, body: '{"cart":7}'})]),
		);
		expect([one.outcome, two.outcome]).toEqual(['succeeded', 'succeeded']);
		expect(server.requests).toHaveLength(3);
		expect(new Set(server.keys()).size).toBe(2);
		expect(server.charges()).toBe(2);
		expect(await unfinished(fetch)).toEqual([]);
		expect(await store.list('')).toEqual([]);
	});
});

describe('fromContent', () => {
	test('makes equal requests one operation and different ones two', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		const operation = fromContent();
		const other = {operation, body: '{"cart":43}'};
		const reports = await environment.finish(Promise.all([pay({operation}), pay({operation}), pay(other)]));
		expect(reports.map(({outcome}) => outcome)).toEqual(['succeeded', 'succeeded', 'succeeded']);
		expect(server.requests).toHaveLength(2);
		expect((await environment.finish(pay({operation}))).replayed).toBe(true);
	});

	test('is taken up after a reload under the same key', async () => {
		const {environment, realm, server} = openShop();
		const operation = fromContent();
		server.script(lose);
		await environment.finish(realm({retry: 0}).pay({operation}));
		expect((await environment.finish(realm().pay({operation}))).replayed).toBe(true);
		expect(server.charges()).toBe(1);
	});
});
