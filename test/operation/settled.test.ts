import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import {answer, drop, lose, type Step} from '../support/fake-server.ts';
import {openShop, type Shop} from './shop.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const declared = ietf({retention: DAY});

async function paid({environment, realm}: Shop) {
	const buyer = realm();
	return {buyer, report: await environment.finish(buyer.pay())};
}

describe('after a success', () => {
	// Invariant 6
	test('the same realm answers from memory, and nothing is sent', async () => {
		const shop = openShop();
		const {environment, server} = shop;
		const {buyer, report} = await paid(shop);
		const again = await environment.finish(buyer.pay());
		expect(again).toMatchObject({outcome: 'succeeded', key: report.key, replayed: true, attempts: 0});
		expect(await again.response?.json()).toEqual({key: report.key, charges: 1});
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 6
	test('after a reload, with no retention declared, it is AlreadySucceededError and nothing is sent', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		await paid(shop);
		const settledAt = environment.now();
		await environment.advance(5000);
		const {outcome, error} = await environment.finish(realm().pay());
		expect(outcome).toBe('succeeded');
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED', status: 201, at: settledAt, attempts: 0});
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 6
	test('after a reload, with a declared retention, the answer is fetched again under the same key', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const {report} = await paid(shop);
		const again = await environment.finish(realm({dialect: declared}).pay());
		expect(again).toMatchObject({outcome: 'succeeded', key: report.key, replayed: true});
		expect(await again.response?.json()).toEqual({key: report.key, charges: 1});
		expect(server.keys()).toEqual([report.key, report.key]);
		expect(server.charges()).toBe(1);
	});

	// Invariant 7
	test('past the declared retention it is not fetched again', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const buyer = realm({dialect: declared});
		await environment.finish(buyer.pay());
		environment.jump(DAY);
		expect((await environment.finish(realm({dialect: declared}).pay())).error).toMatchObject({
			code: 'ALREADY_SUCCEEDED',
		});
		expect(server.requests).toHaveLength(1);
	});

	const ownKeys: Array<[string, FetchOptions]> = [
		['idempotencyKey', {}],
		['keyFrom', {keyFrom: () => 'order-42', keySenders: 'anywhere'}],
	];
	test.each(ownKeys)('of a key from %s, whose age nobody knows, it is never fetched again', async (_, own) => {
		const {environment, realm, server} = openShop();
		const pay = async () => {
			const {pay: press} = realm({dialect: declared, ...own});
			return environment.finish(press(own.keyFrom ? {} : {idempotencyKey: 'order-42'}));
		};
		await pay();
		for (const ms of [0, 25 * HOUR]) {
			environment.jump(ms);
			expect((await pay()).error).toMatchObject({code: 'ALREADY_SUCCEEDED', key: 'order-42', attempts: 0});
		}
		expect(server.requests).toHaveLength(1);
	});

	test.each<[string, FetchOptions, boolean]>([
		['says when it was made', {}, true],
		['is sent from this store alone', {keySenders: 'this-store'}, false],
	])('of an own key that %s, it is fetched again while that lives', async (_, own, dated) => {
		const {environment, realm, server} = openShop();
		const since = environment.now();
		const pay = async () => {
			const idempotencyKey = dated ? {key: 'order-42', since} : 'order-42';
			return environment.finish(realm({dialect: declared, ...own}).pay({idempotencyKey}));
		};
		await pay();
		expect(await pay()).toMatchObject({outcome: 'succeeded', replayed: true, attempts: 1});
		environment.jump(25 * HOUR);
		expect((await pay()).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.keys()).toEqual(['order-42', 'order-42']);
	});

	// Invariant 6
	test.each<[string, Step]>([
		['fails', drop],
		['is refused', answer(401)],
		['is told that the key was reused', answer(422, {}, 'idempotency key reused')],
	])('a repeat that %s does not undo it', async (_, step) => {
		const shop = openShop();
		const {environment, realm, server, record} = shop;
		await paid(shop);
		server.script(step);
		const {outcome, error} = await environment.finish(realm({dialect: declared, retry: 0}).pay());
		expect(outcome).toBe('succeeded');
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED', status: 201});
		expect((await record())?.state).toEqual({status: 'succeeded', httpStatus: 201});
	});

	// Invariant 9
	test('another payload is PayloadChangedError, and nothing is sent', async () => {
		const shop = openShop();
		const {environment, realm, server} = shop;
		const {buyer} = await paid(shop);
		for (const {pay} of [buyer, realm()]) {
			const {error} = await environment.finish(pay({body: '{"cart":43}'}));
			expect(error).toMatchObject({code: 'PAYLOAD_CHANGED', attempts: 0});
		}

		expect(server.requests).toHaveLength(1);
	});

	test('keepResponse keeps the answer at rest, so that a reload has it without the server', async () => {
		const {environment, realm, server} = openShop({
			resolver: () => new Response('{"paid":true}', {status: 201, headers: {'x-order': '7', 'set-cookie': 'a=b'}}),
		});
		const first = await environment.finish(realm({keepResponse: true}).pay());
		await environment.advance(30 * DAY);
		const {outcome, response, key} = await environment.finish(realm().pay());
		expect({outcome, key}).toEqual({outcome: 'succeeded', key: first.key});
		expect(response?.status).toBe(201);
		expect(response?.headers.get('x-order')).toBe('7');
		expect(await response?.json()).toEqual({paid: true});
		expect(server.requests).toHaveLength(1);
	});

	test('keepResponse keeps answers over 64 KiB too', async () => {
		const {environment, realm, server} = openShop({resolver: () => new Response('x'.repeat(100_000))});
		await environment.finish(realm({keepResponse: true}).pay());
		const {response} = await environment.finish(realm().pay());
		expect(await response?.text()).toHaveLength(100_000);
		expect(server.requests).toHaveLength(1);
	});

	test('cookies are no part of an answer at rest', async () => {
		const {environment, realm, record, server} = openShop();
		server.script(async () => {
			const headers = new Headers({'x-order': '7'});
			const response = new Response(null, {status: 200});
			const pairs: Array<[string, string]> = [...headers, ['set-cookie', 'session=secret']];
			return Object.defineProperty(response, 'headers', {
				value: Object.assign(headers, {[Symbol.iterator]: () => pairs[Symbol.iterator]()}),
			});
		});
		await environment.finish(realm({keepResponse: true}).pay());
		expect((await record())?.answer?.headers).toEqual([['x-order', '7']]);
	});

	test('a lost answer is recovered by the next attempt under the same key', async () => {
		const {environment, realm, server} = openShop();
		server.script(lose, lose);
		const report = await environment.finish(realm().pay());
		expect(report).toMatchObject({outcome: 'succeeded', attempts: 3, replayed: true});
		expect(new Set(server.keys())).toEqual(new Set([report.key]));
		expect(server.charges()).toBe(1);
	});
});

describe('after a refusal', () => {
	test('the same call begins anew under a new key', async () => {
		const {environment, realm, server} = openShop();
		server.script(answer(402));
		const {pay} = realm();
		expect(await environment.finish(pay())).toMatchObject({outcome: 'refused', error: undefined});
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(2);
	});

	test('another payload begins anew too', async () => {
		const {environment, realm, server} = openShop();
		server.script(answer(402));
		const {pay} = realm();
		await environment.finish(pay());
		expect((await environment.finish(pay({body: '{"cart":43}'}))).outcome).toBe('succeeded');
	});
});

describe('after a mismatch', () => {
	const reused = answer(422, {'content-type': 'application/json'}, '{"code":"idempotency_key_reused"}');

	// Invariant 9
	test('told on the first attempt it is KeyReuseError, then and later, and nothing more is sent', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(reused);
		const {pay} = realm();
		const {outcome, error} = await environment.finish(pay());
		expect(outcome).toBe('mismatched');
		expect(error).toMatchObject({code: 'KEY_REUSED', status: 422, key: server.keys()[0]});
		// It is the answer, and no failure that went before it.
		expect((error as Error).cause).toBeUndefined();
		expect((await record())?.state).toEqual({status: 'mismatched', httpStatus: 422});
		for (const again of [pay, realm().pay])
			expect((await environment.finish(again())).error).toMatchObject({code: 'KEY_REUSED', status: 422});
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 9
	test('told of our own repeat it is unknown, not mismatched', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(drop, reused);
		const {outcome, error} = await environment.finish(realm().pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', status: 422});
		expect((await record())?.state.status).toBe('unknown');
	});

	test('another payload gets the same answer, and nothing is sent', async () => {
		const {environment, realm, server} = openShop();
		server.script(reused);
		const {pay} = realm();
		await environment.finish(pay());
		expect((await environment.finish(pay({body: '{"cart":43}'}))).error).toMatchObject({code: 'KEY_REUSED'});
		expect(server.requests).toHaveLength(1);
	});
});

describe('the answer of a success is fetched again up to the end of its key, and not at it', () => {
	/** Kept for ten seconds, of which five count. */
	const brief: FetchOptions = {dialect: ietf({retention: 10_000}), retry: {limit: 3, delay: () => 0}};

	test.each([
		[4_999, 1],
		[5_000, 0],
	])('%d ms after it was first sent', async (ms, refetched) => {
		const {environment, realm, server} = openShop();
		await environment.finish(realm(brief).pay());
		await environment.advance(ms);
		const {outcome, attempts} = await environment.finish(realm(brief).pay());
		expect({outcome, attempts}).toEqual({outcome: 'succeeded', attempts: refetched});
		expect(server.requests).toHaveLength(1 + refetched);
	});

	test.each([
		[999, 2],
		[1_000, 1],
	])('that is repeated %d ms before that end', async (wait, attempts) => {
		const {environment, realm, server} = openShop();
		await environment.finish(realm(brief).pay());
		await environment.advance(4_000);
		server.script(drop);
		const again = realm({...brief, retry: {limit: 1, delay: () => wait}}).pay();
		expect(await environment.finish(again)).toMatchObject({outcome: 'succeeded', attempts});
		expect(server.requests).toHaveLength(1 + attempts);
	});
});
