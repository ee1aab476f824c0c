import {describe, expect, test} from 'vitest';
import {cancellation} from '../../src/attempt/cancellation.ts';
import type {Sendable} from '../../src/request/prepared-request.ts';
import {send} from '../../src/attempt/send.ts';
import {NotSentError} from '../../src/errors.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';

const sendable: Sendable = {
	url: 'https://shop.test/pay',
	input: 'https://shop.test/pay',
	init: {method: 'POST', redirect: 'manual', headers: {}, body: null},
	key: 'key',
	keyHeader: 'key',
	fetch: async () => new Promise(() => undefined),
};

describe('a fetch of the caller', () => {
	test('that says so has sent nothing', async () => {
		const error = new NotSentError();
		const fetch = async () => Promise.reject(error);

		expect(await send(virtualEnvironment(), {...sendable, fetch}, {headers: {}, ms: 1000}, cancellation())).toEqual({
			error,
			unsent: 'retry',
		});
	});

	test('that says so at once has sent nothing either', async () => {
		const fetch = () => {
			throw new NotSentError();
		};

		expect(
			await send(virtualEnvironment(), {...sendable, fetch}, {headers: {}, ms: 1000}, cancellation()),
		).toMatchObject({
			unsent: 'retry',
		});
	});

	test.each([
		['an error with such a cause', new TypeError('fetch failed', {cause: new NotSentError()})],
		['an error with its code', Object.assign(new Error('not sent'), {code: 'NOT_SENT'})],
		['a failed connection', Object.assign(new TypeError('fetch failed'), {cause: {code: 'ECONNREFUSED'}})],
		['nothing', undefined],
	])('that throws %s may have sent it', async (_, error) => {
		const fetch = async () => Promise.reject(error);

		expect(await send(virtualEnvironment(), {...sendable, fetch}, {headers: {}, ms: 1000}, cancellation())).toEqual({
			error,
			unsent: undefined,
		});
	});

	test.each([
		['of another operation', new NotSentError({operation: ['audit', '1']})],
		['of another key', new NotSentError({key: 'audit-1'})],
	])('that throws a NotSentError %s may have sent it', async (_, error) => {
		const fetch = async () => Promise.reject(error);

		expect(await send(virtualEnvironment(), {...sendable, fetch}, {headers: {}, ms: 1000}, cancellation())).toEqual({
			error,
			unsent: undefined,
		});
	});

	test('whose answer breaks off with a NotSentError has sent it', async () => {
		const broken = new ReadableStream({
			pull() {
				throw new NotSentError();
			},
		});
		const fetch = async () => new Response(broken);
		const exchange = await send(virtualEnvironment(), {...sendable, fetch}, {headers: {}, ms: 1000}, cancellation());

		expect(exchange).toEqual({error: new NotSentError(), unsent: undefined});
	});
});

test('a caller who leaves with a NotSentError says nothing of the attempt', async () => {
	const gone = cancellation();
	const exchange = send(virtualEnvironment(), sendable, {headers: {}, ms: 1000}, gone);
	gone.cancel(new NotSentError());

	expect(await exchange).toMatchObject({error: new NotSentError(), unsent: undefined});
});
