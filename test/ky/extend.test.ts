import ky, {replaceOption, type Options} from 'ky';
import {describe, expect, test} from 'vitest';
import type {Client} from '../../src/ky/client.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import {drop, fakeServer, hang} from '../support/fake-server.ts';
import {START} from '../support/virtual-environment.ts';
import {json, openClient, operation, uuid, type Order} from './client.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

describe('extend and create', () => {
	test.each<[string, (api: Client) => Client]>([
		['extend', api => api.extend({headers: {'x-app': '1'}})],
		['extend with a function', api => api.extend(parent => ({...parent, headers: {'x-app': '1'}}))],
		['extend, twice', api => api.extend({headers: {'x-app': '1'}}).extend({timeout: 60_000})],
		[
			'extend that takes the init hooks away',
			api => api.extend({headers: {'x-app': '1'}, hooks: {init: undefined} as object}),
		],
		['extend that replaces the hooks', api => api.extend({headers: {'x-app': '1'}, hooks: replaceOption({})})],
		['create', api => api.create({prefix: 'https://shop.test/api', headers: {'x-app': '1'}})],
	])('%s keeps operations, retries and the store', async (_, derive) => {
		const {api, server, finish} = openClient({retry: {delay: () => 20}});
		const derived = derive(api);
		server.script(drop);
		const order = await finish(derived.post('orders', {json, operation}).json<Order>());
		expect(server.requests.map(({at, headers}) => [at - START, headers.get('x-app')])).toEqual([
			[0, '1'],
			[20, '1'],
		]);
		expect(server.keys()).toEqual([order.key, order.key]);
		expect(operationOf(derived, operation).outcome()?.key).toBe(order.key);
		expect(operationOf(api, operation).outcome()?.key).toBe(order.key);
		expect(await unfinished(derived)).toEqual([]);
		await forgetAll(derived);
	});

	test('a call that replaces its hooks is still sent by latchkey', async () => {
		const {api, server, finish} = openClient();
		const hooks = replaceOption({});
		await finish(api.post('orders', {json, operation, hooks}));
		await finish(api.create().post('https://shop.test/orders', {json, operation: 'other', hooks}));
		expect(server.keys()).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid)]);
	});

	test('create begins with new defaults', async () => {
		const {api, server, finish} = openClient({headers: {'x-app': '1'}});
		await finish(api.create().post('https://shop.test/orders', {json, operation}));
		expect(server.requests[0]?.headers.has('x-app')).toBe(false);
	});

	test('an init hook of an extension still counts for time-outs', async () => {
		const {api, server, finish} = openClient();
		server.script(hang);
		const hook = (options: Options) => {
			options.timeout = 300;
		};
		await finish(api.extend({hooks: {init: [hook]}}).post('orders', {json, operation, retry: {delay: () => 1}}));
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 301]);
	});

	test('a client’s fetch, an extension’s and a call’s: the nearest sends', async () => {
		const {api, server, environment, finish} = openClient();
		const other = fakeServer(environment);
		const third = fakeServer(environment);
		const extended = api.extend({fetch: other.fetch});
		await finish(extended.post('orders', {json, operation}));
		await finish(extended.post('orders', {json, operation: 'other', fetch: third.fetch}));
		await finish(api.get('orders'));
		expect([server, other, third].map(({requests}) => requests.length)).toEqual([1, 1, 1]);
		expect(third.keys()).toEqual([expect.stringMatching(uuid)]);
		expect((await finish(outcomeOf(api.post('orders', {json, operation})))).replayed).toBe(true);
	});

	test('has all that a ky instance has', () => {
		const {api} = openClient();
		expect(Object.keys(api)).toEqual(expect.arrayContaining(Object.keys(ky)));
	});
});
