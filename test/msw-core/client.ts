import {HttpResponse, type HttpHandler} from 'msw';
import {HTTPError} from 'ky';
import {afterEach, describe, expect, test} from 'vitest';
import {ietf, memoryStore, outcomeOf, operationOf, unfinished} from '../../src/index.ts';
import {createClient, type ClientOptions} from '../../src/ky/index.ts';
import {idempotentEndpoint, type IdempotentEndpointOptions} from '../../src/msw/index.ts';
import {PAY, charge, order} from './realm.ts';

type Network = {use(...handlers: HttpHandler[]): void; resetHandlers(...initial: HttpHandler[]): void};

const {operation} = order;

/** The same through a client. */
export function itChargesOnceThroughAClient(network: Network): void {
	afterEach(() => {
		network.resetHandlers();
	});

	function serve(options?: IdempotentEndpointOptions, resolver = charge()) {
		const pay = idempotentEndpoint('POST', PAY, resolver, options);
		network.use(pay);
		return pay;
	}

	function client(options: ClientOptions = {}) {
		return createClient({
			prefix: 'https://api.test',
			scope: null,
			store: memoryStore(),
			retry: {delay: () => 1},
			...options,
		});
	}

	test('a lost response is one effect, and gives data', async () => {
		const pay = serve({faults: ['lose-response']});
		const data = await client()
			.post('pay', {json: {amount: 1}, operation})
			.json();

		expect(data).toEqual({charge: 1});
		expect(pay).toMatchObject({effects: 1, attempts: 2});
	});

	test('two clicks are one effect, and each gives data', async () => {
		const pay = serve();
		const api = client();
		const click = async () => api.post('pay', {json: {amount: 1}, operation}).json();

		expect(await Promise.all([click(), click()])).toEqual([{charge: 1}, {charge: 1}]);
		expect(pay.attempts).toBe(1);
	});

	test('a refusal is thrown as ky throws it, with its data, and frees the operation', async () => {
		const statuses = [402, 201];
		const pay = serve({}, () => HttpResponse.json({code: 'declined'}, {status: statuses.shift() ?? 500}));
		const api = client();
		const call = api.post('pay', {json: {card: 1}, operation});

		await expect(call).rejects.toThrow(HTTPError);
		await expect(call).rejects.toMatchObject({data: {code: 'declined'}});
		expect(operationOf(api, operation).outcome()).toMatchObject({outcome: 'refused', attempts: 1});
		await api.post('pay', {json: {card: 2}, operation});
		expect(new Set(pay.keys).size).toBe(2);
	});

	test('an unknown outcome is thrown as such, not as an HTTPError', async () => {
		serve({faults: [{status: 503, when: 'after-effect'}]});
		const call = client({retry: 0}).post('pay', {json: {amount: 1}, operation});

		await expect(call).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', status: 503});
		expect(await outcomeOf(call)).toMatchObject({outcome: 'unknown'});
	});

	describe('a POST without a name', () => {
		const json = {amount: 1};

		test('bears no key, and is not retried', async () => {
			const pay = serve({required: false, faults: [{status: 503, when: 'before-effect'}]});
			await expect(client().post('pay', {json})).rejects.toThrow(HTTPError);

			expect(pay).toMatchObject({attempts: 1, keys: [null]});
		});

		test.each<[string, ClientOptions]>([
			['keyed', {keyed: true}],
			['keyed by method', {keyed: ['post']}],
			['keyed by a predicate', {keyed: ({url}) => url.endsWith('/pay')}],
			['a declared dialect', {dialect: ietf()}],
		])('is keyed and retried with %s', async (_, options) => {
			const pay = serve({faults: ['lose-response']});
			const api = client(options);
			expect(await api.post('pay', {json}).json()).toEqual({charge: 1});
			expect(pay).toMatchObject({effects: 1, attempts: 2});

			await api.post('pay', {json});
			expect(pay.effects).toBe(2);
			expect(await unfinished(api)).toEqual([]);
		});
	});
}
