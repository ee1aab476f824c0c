import type {Options} from 'ky';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {outcomeOf} from '../../src/operation/outcome.ts';
import {after, drop, hang} from '../support/fake-server.ts';
import {START} from '../support/virtual-environment.ts';
import {json, openClient, operation} from './client.ts';

describe('time-outs and retries are latchkey’s', () => {
	test('timeout is for one attempt, and the key stays', async () => {
		const {api, server, finish} = openClient();
		server.script(hang);
		await finish(api.post('orders', {json, operation, timeout: 1000, retry: {delay: () => 10}}));
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 1010]);
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('totalTimeout is for the whole call', async () => {
		const {api, server, environment} = openClient();
		server.script(hang, hang);
		const call = outcomeOf(api.post('orders', {json, operation, totalTimeout: 1500}));
		expect(await environment.finish(call)).toMatchObject({outcome: 'unknown', attempts: 1});
		expect(environment.now() - START).toBe(1500);
	});

	test('no timer of ky’s runs, whatever time-outs there are', async () => {
		vi.useFakeTimers({toFake: ['setTimeout']});
		onTestFinished(() => void vi.useRealTimers());
		const {api, server, environment, finish} = openClient();
		server.script(hang);
		const call = api.post('orders', {json, operation, timeout: 1000, totalTimeout: 5000});
		await environment.advance(10);
		expect(server.requests).toHaveLength(1);
		expect(vi.getTimerCount()).toBe(0);
		expect((await finish(call)).ok).toBe(true);
	});

	test('without time-outs it waits for as long as it takes', async () => {
		const {api, server, environment, finish} = openClient();
		server.script(after(3_600_000));
		await finish(api.post('orders', {json, operation, timeout: false, totalTimeout: false}));
		expect(environment.now() - START).toBe(3_600_000);
	});

	test('totalTimeout and the signal end a call whose body never does', async () => {
		const {api, server, environment} = openClient();
		const body = () => new ReadableStream();
		const late = outcomeOf(api.put('orders/7', {body: body(), totalTimeout: 1500}));
		expect((await environment.finish(late)).error).toMatchObject({name: 'TimeoutError'});
		expect(environment.now() - START).toBe(1500);
		const controller = new AbortController();
		const aborted = outcomeOf(api.put('orders/7', {body: body(), totalTimeout: false, signal: controller.signal}));
		await environment.settle();
		controller.abort();
		expect((await environment.finish(aborted)).error).toMatchObject({name: 'AbortError'});
		expect(server.requests).toHaveLength(0);
	});

	test.each([
		['a number', 1, 2],
		['a limit', {limit: 2}, 3],
		['none', 0, 1],
	])('retry is %s', async (_, retry, attempts) => {
		const {api, server, finish} = openClient();
		server.script(drop, drop, drop, drop, drop);
		const report = await finish(outcomeOf(api.post('orders', {json, operation, retry})));
		expect(report).toMatchObject({outcome: 'unknown', attempts});
		expect(server.requests).toHaveLength(attempts);
	});

	test('the client’s defaults and those of extend are merged with the call’s', async () => {
		const {api, server, finish} = openClient({retry: {limit: 1}, timeout: 500});
		server.script(hang, drop, hang, drop);
		await finish(outcomeOf(api.extend({retry: {delay: () => 7}}).post('orders', {json, operation})));
		expect(server.requests.map(({at}) => at - START)).toEqual([0, 507]);
	});

	test.each(['methods', 'statusCodes', 'shouldRetry', 'jitter'])(
		'retry.%s is a TypeError: it is not ky that retries',
		field => {
			const {api, server} = openClient();
			const retry = {[field]: []} as Options['retry'];
			expect(() => api.post('orders', {json, operation, retry: retry!})).toThrow(
				new RegExp(`leave out retry\\.${field}`),
			);
			expect(server.requests).toHaveLength(0);
		},
	);

	test('a wrong option rejects with its name', async () => {
		const {api} = openClient();
		await expect(api.post('orders', {json, operation, timeout: -1})).rejects.toThrow(/^latchkey: timeout/);
		expect(() => openClient({totalTimeout: -1})).toThrow(/^latchkey: totalTimeout/);
	});
});
