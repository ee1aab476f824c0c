import {describe, expect, test} from 'vitest';
import type {Dialect} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {answer, drop, type Step} from '../support/fake-server.ts';
import {openShop} from './shop.ts';

const json = {'content-type': 'application/json'};
const PAYMENT = 'https://shop.test/payments/1';

/** Says under which key it was made, as GoCardless does. */
const bank: Dialect = {
	...ietf(),
	name: 'bank',
	read({status, body}, key) {
		if (status !== 409) return undefined;
		const {madeUnder, at} = JSON.parse(new TextDecoder().decode(body)) as {madeUnder: string; at?: string};
		return {reading: 'already-done', sameKey: madeUnder === 'this' || madeUnder === key, resource: at};
	},
};

const exists = (madeUnder: string, at?: string): Step => answer(409, json, JSON.stringify({madeUnder, at}));
const payment = answer(200, json, '{"id":1,"cart":42}');

async function pay(
	steps: readonly Step[],
	options: FetchOptions = {dialect: bank},
	init: CallOptions & RequestInit = {},
) {
	const shop = openShop();
	shop.server.script(...steps);
	const realm = shop.realm(options);
	const report = await shop.environment.finish(realm.pay(init));
	return {...shop, ...realm, report, sent: shop.server.requests.map(({method, url}) => `${method} ${url}`)};
}

describe('a 409 that says that it was made under this very key', () => {
	test.each<[string, readonly Step[]]>([
		['on the first attempt: a proxy has repeated it unseen', []],
		['after a lost answer', [drop]],
	])('is a success whose resource is fetched, %s', async (_, before) => {
		const {report, sent, record} = await pay([...before, exists('this', '/payments/1'), payment]);
		expect(report).toMatchObject({outcome: 'succeeded', error: undefined, replayed: true});
		expect(await report.response?.json()).toEqual({id: 1, cart: 42});
		expect(sent.at(-1)).toBe(`GET ${PAYMENT}`);
		expect((await record())?.state.status).toBe('succeeded');
	});

	test.each<[string, string | undefined, readonly Step[]]>([
		['nowhere', undefined, []],
		['lost', '/payments/1', [drop]],
		['forbidden', '/payments/1', [answer(403)]],
		['elsewhere', 'https://other.test/payments/1', []],
	])('is a success without an answer where the resource is %s', async (_, at, steps) => {
		const {report, environment, pay: again, server} = await pay([exists('this', at), ...steps]);
		expect(report.outcome).toBe('succeeded');
		expect(report.error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		const before = server.requests.length;
		expect((await environment.finish(again())).outcome).toBe('succeeded');
		expect(server.requests).toHaveLength(before);
	});

	test('without a name, too', async () => {
		const {report} = await pay([exists('this', '/payments/1'), payment], {dialect: bank}, {operation: true});
		expect(report).toMatchObject({outcome: 'succeeded', error: undefined});
		expect(await report.response?.json()).toEqual({id: 1, cart: 42});
	});

	test('is unknown under a key that others may have sent', async () => {
		const {report} = await pay([exists('this', '/payments/1')], {dialect: bank}, {idempotencyKey: 'order-42'});
		expect(report.outcome).toBe('unknown');
	});

	test('is unknown for other bytes than the first under it', async () => {
		const options: FetchOptions = {dialect: bank, fingerprint: () => 'cart 42', retry: 0};
		const {report, environment, pay: again, server} = await pay([drop], options);
		expect(report.outcome).toBe('unknown');
		server.script(exists('this', '/payments/1'));
		expect((await environment.finish(again({body: '{"cart":42,"note":"x"}'}))).outcome).toBe('unknown');
	});
});

describe('a 409 that says that it was made under another key, or does not say', () => {
	test('is unknown, with the link, on the first attempt as well', async () => {
		const {report, sent, record} = await pay([exists('other', '/payments/1')]);
		expect(report.error).toMatchObject({code: 'OUTCOME_UNKNOWN', resource: PAYMENT, reason: undefined, status: 409});
		expect(sent).toHaveLength(1);
		expect((await record())?.state).toEqual({status: 'unknown'});
	});

	test.each(['javascript:alert(1)', 'data:text/html,x', 'mailto:a@b.test'])('has no link to %s', async at => {
		const {report} = await pay([exists('other', at)]);
		expect(report.error).toMatchObject({code: 'OUTCOME_UNKNOWN', resource: undefined});
	});

	test('is a success without its answer where that is too large to be kept', async () => {
		const large = answer(200, json, `"${'x'.repeat(2_000_000)}"`);
		const {report, server} = await pay([exists('this', '/payments/1'), large]);
		expect(report.error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests[1]?.signal?.aborted).toBe(true);
	});

	test('has succeeded once `matches` says that it is what was asked for', async () => {
		const matches: FetchOptions['matches'] = async resource => ((await resource.json()) as {cart: number}).cart === 42;
		const {report, record} = await pay([exists('other', '/payments/1'), payment], {dialect: bank, matches});
		expect(report).toMatchObject({outcome: 'succeeded', error: undefined, replayed: true});
		expect(await report.response?.json()).toEqual({id: 1, cart: 42});
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
	});

	test.each<[string, FetchOptions['matches']]>([
		['says no', () => false],
		['says something else', () => 'yes' as unknown as boolean],
		[
			'throws',
			() => {
				throw new Error('no');
			},
		],
		['never answers', async () => new Promise(() => undefined)],
	])('stays unknown where `matches` %s', async (_, matches) => {
		const {report} = await pay([exists('other', '/payments/1'), payment], {dialect: bank, matches: matches!});
		expect(report.outcome).toBe('unknown');
	});

	test('stays unknown where there is nothing to look at, and `matches` is not asked', async () => {
		const matches = () => true;
		const reports = await Promise.all([
			pay([exists('other')], {dialect: bank, matches}),
			pay([exists('other', '/payments/1'), answer(404)], {dialect: bank, matches}),
			pay([exists('other', 'https://evil.test/1')], {dialect: bank, matches}),
		]);
		expect(reports.map(({report}) => report.outcome)).toEqual(['unknown', 'unknown', 'unknown']);
		expect(reports[2]?.sent).toHaveLength(1);
	});
});

describe('the words of a server without a profile', () => {
	test('a 409 that speaks of the key, and is not understood, is unknown', async () => {
		const created = answer(409, json, '{"error":{"errors":[{"reason":"idempotent_creation_conflict"}]}}');
		const {report, sent} = await pay([created, created, created, created], {});
		expect(report.error).toMatchObject({code: 'OUTCOME_UNKNOWN', reason: undefined});
		expect(sent).toHaveLength(4);
	});

	test.each<[number, unknown]>([
		[409, {code: 'email_exists'}],
		[409, {email: 'is already registered'}],
		[409, {title: 'Conflict', detail: 'A customer with this e-mail already exists'}],
		[409, {error: 'duplicate key value violates unique constraint "orders_number_key"'}],
		[422, {errors: {email: ['has already been taken']}}],
		[400, {message: 'Order 42 was already paid'}],
	])('%i %j is unknown, never refused', async (status, body) => {
		const {report} = await pay([answer(status, {...json, location: '/orders/7'}, JSON.stringify(body))], {});
		expect(report.error).toMatchObject({code: 'OUTCOME_UNKNOWN', resource: 'https://shop.test/orders/7'});
	});

	test.each<[number, unknown]>([
		[409, {code: 'sold_out'}],
		[409, {message: 'The coupon does not exist'}],
		[409, {message: 'No such customer exists'}],
		[422, {errors: {email: ['is invalid']}}],
		[404, {message: 'already gone'}],
		[402, {message: 'card declined'}],
	])('%i %j is refused', async (status, body) => {
		const {report} = await pay([answer(status, json, JSON.stringify(body))], {});
		expect(report.outcome).toBe('refused');
	});
});
