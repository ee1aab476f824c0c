import {describe, expect, test} from 'vitest';
import {outcomeOf} from '../../src/operation/outcome.ts';
import {answer, drop, lose} from '../support/fake-server.ts';
import {json, openClient, operation, uuid, type Order} from './client.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

describe('operations', () => {
	test('two clicks are one charge', async () => {
		const {api, server, finish} = openClient();
		const pay = async () => api.post('orders', {json, operation}).json<Order>();
		const [one, two] = await finish(Promise.all([pay(), pay()]));
		expect(one).toEqual(two);
		expect(server.charges()).toBe(1);
	});

	test('the handle has the outcome after .json()', async () => {
		const {api, server, finish} = openClient();
		server.script(lose);
		await finish(api.post('orders', {json, operation}).json());
		const report = operationOf(api, operation).outcome();
		expect(report).toMatchObject({outcome: 'succeeded', attempts: 2, replayed: true});
		expect(report?.operation).toEqual(['checkout', '42']);
	});

	test('outcomeOf takes a call', async () => {
		const {api, server, finish} = openClient();
		expect(await finish(outcomeOf(api.post('orders', {json, operation})))).toMatchObject({
			outcome: 'succeeded',
			attempts: 1,
			key: expect.stringMatching(uuid),
		});
		await operationOf(api, operation).complete();
		server.script(answer(402));
		const refused = await finish(outcomeOf(api.post('orders', {json, operation})));
		expect(refused).toMatchObject({outcome: 'refused', attempts: 1, operation: ['checkout', '42']});
		expect(refused.response?.status).toBe(402);
	});

	test('unfinished and forgetAll', async () => {
		const {api, server, finish} = openClient();
		server.script(drop);
		await finish(outcomeOf(api.post('orders', {json, operation, retry: 0})));
		expect(await unfinished(api)).toHaveLength(1);
		await forgetAll(api);
		expect(await unfinished(api)).toHaveLength(1);
	});

	test('judge, fingerprint and reconcile reach latchkey', async () => {
		const {api, server, finish} = openClient();
		const judged = outcomeOf(api.post('orders', {json, operation, judge: () => 'refused'}));
		expect((await finish(judged)).outcome).toBe('refused');
		const at = (now: number) => api.post('orders', {json: {now}, operation: 'stamp', fingerprint: () => 'same'});
		await finish(at(1));
		expect((await finish(outcomeOf(at(2)))).outcome).toBe('succeeded');
		server.script(drop);
		const reconciled = api.post('orders', {json, operation: 'lost', retry: 0, reconcile: () => 'succeeded'});
		expect((await finish(outcomeOf(reconciled))).outcome).toBe('succeeded');
	});
});
