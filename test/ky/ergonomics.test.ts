import {HTTPError, isHTTPError, SchemaValidationError} from 'ky';
import {describe, expect, test} from 'vitest';
import {isLatchkeyError} from '../../src/errors.ts';
import {answer, drop, hang, lose} from '../support/fake-server.ts';
import {json, openClient, operation, type Order} from './client.ts';
import {operationOf} from '../../src/operation/handle.ts';

describe('ky’s ergonomics', () => {
	test('json, prefix and searchParams', async () => {
		const {api, server, finish} = openClient();
		const order = await finish(api.post('orders', {json, searchParams: {draft: false}, operation}).json<Order>());
		expect(order.charges).toBe(1);
		const [request] = server.requests;
		expect(request).toMatchObject({method: 'POST', url: 'https://shop.test/api/orders?draft=false', key: order.key});
		expect(request?.headers.get('content-type')).toBe('application/json');
		expect(await new Response(request?.body as BodyInit).json()).toEqual(json);
	});

	test('hooks run once a call, whatever the number of attempts', async () => {
		const calls: string[] = [];
		const {api, server, finish} = openClient({
			hooks: {
				beforeRequest: [
					({request}) => {
						calls.push('beforeRequest');
						request.headers.set('authorization', 'Bearer t');
					},
				],
				beforeRetry: [() => void calls.push('beforeRetry')],
				afterResponse: [({response}) => void calls.push(`afterResponse ${response.status}`)],
				beforeError: [({error}) => (calls.push('beforeError'), error)],
			},
		});
		server.script(lose, answer(503));
		await finish(api.post('orders', {json, operation}));
		expect(calls).toEqual(['beforeRequest', 'afterResponse 201']);
		expect(server.requests.map(({headers}) => headers.get('authorization'))).toEqual(Array(3).fill('Bearer t'));
	});

	test('beforeError sees what latchkey throws', async () => {
		const errors: Error[] = [];
		const {api, server, finish} = openClient({
			hooks: {beforeError: [({error}) => (errors.push(error), error)]},
		});
		server.script(drop);
		const call = finish(api.post('orders', {json, operation, retry: 0}).json());
		await expect(call).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect(errors).toHaveLength(1);
		expect(isLatchkeyError(errors[0], 'OUTCOME_UNKNOWN')).toBe(true);
	});

	test('a Standard Schema validates the answer', async () => {
		const schema = {
			'~standard': {
				version: 1,
				vendor: 'test',
				validate: (value: unknown) =>
					(value as Order).charges === 1 ? {value: 'charged once' as const} : {issues: [{message: 'charged twice'}]},
			},
		} as const;
		const {api, finish} = openClient();
		const charged: 'charged once' = await finish(api.post('orders', {json, operation}).json(schema));
		expect(charged).toBe('charged once');
		const wrong = openClient({}, {resolver: () => Response.json({charges: 2})});
		const call = wrong.finish(wrong.api.post('orders', {json, operation}).json(schema));
		await expect(call).rejects.toBeInstanceOf(SchemaValidationError);
		expect(operationOf(wrong.api, operation).outcome()?.outcome).toBe('succeeded');
	});

	test('a refusal is an HTTPError with its data', async () => {
		const {api, server, finish} = openClient();
		server.script(answer(402, {'content-type': 'application/json'}, '{"code":"card_declined"}'));
		const error: unknown = await finish(
			api
				.post('orders', {json, operation})
				.json()
				.catch((it: unknown) => it),
		);
		expect(error).toBeInstanceOf(HTTPError);
		expect(isHTTPError(error) && error.data).toEqual({code: 'card_declined'});
		expect(server.requests).toHaveLength(1);
	});

	test('throwHttpErrors: false returns the refusal', async () => {
		const {api, server, finish} = openClient();
		server.script(answer(402));
		const response = await finish(api.post('orders', {json, operation, throwHttpErrors: false}));
		expect(response.status).toBe(402);
	});

	test('an abort ends the call', async () => {
		const {api, server, environment} = openClient();
		server.script(hang);
		const leaving = new AbortController();
		const call = api.post('orders', {json, operation, signal: leaving.signal});
		await environment.advance(10);
		leaving.abort(new Error('closed'));
		await expect(call).rejects.toThrow('closed');
	});
});
