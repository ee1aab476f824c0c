import {describe, expect, test} from 'vitest';
import {inBody, inQuery, inVariable} from '../../src/dialects/carriers.ts';
import {defineDialect} from '../../src/dialects/define.ts';
import {shopify, square} from '../../src/dialects/providers.ts';
import {contentKey} from '../../src/request/content-key.ts';
import type {CallOptions} from '../../src/options.ts';
import {OPERATION, openShop, type Shop} from '../operation/shop.ts';

const url = 'https://shop.test/orders';
const key = '8e03978e-40d5-43e8-bc93-6894a57f9324';

/** Presses Pay, and throws what that throws. */
async function press({environment, realm}: Shop, init: RequestInit & CallOptions = {}, options = {}) {
	const call = {method: 'POST', body: '{"cart":42}', operation: OPERATION, ...init};
	return environment.finish(realm(options).fetch(url, call));
}

const at = (body: string | undefined, on = url) => ({url: on, body});
const written = (carrier: ReturnType<typeof inBody>['carrier'], body: string) => carrier.write(at(body), key, key).body;

describe('a member of the JSON body', () => {
	const {carrier} = inBody('idempotency_key');

	test.each([
		['{}', `{"idempotency_key":"${key}"}`],
		['{"amount":1}', `{"idempotency_key":"${key}","amount":1}`],
		[' {\n\t"amount" : 9007199254740993 }', ` {"idempotency_key":"${key}",\n\t"amount" : 9007199254740993 }`],
		['{"a":"\\u00e9\\"{","__proto__":1}', `{"idempotency_key":"${key}","a":"\\u00e9\\"{","__proto__":1}`],
	])('is written in front of %s, whose bytes stay', (body, expected) => {
		expect(written(carrier, body)).toBe(expected);
		expect(carrier.read(at(expected))).toBe(key);
		expect(carrier.write(at(expected), undefined, key).body).toBe(body);
		expect(carrier.write(at(expected), key, key).body).toBe(expected);
	});

	test.each([
		[`{"amount":1,"idempotency_key":"${key}"}`, '{"amount":1}'],
		[`{"amount":1 , "idempotency_key" : "${key}" }`, '{"amount":1  }'],
		[`{"idempotency_key":"${key}"}`, '{}'],
		[`{"a":{"idempotency_key":"x"},"idempotency_key":"${key}","b":2}`, '{"a":{"idempotency_key":"x"},"b":2}'],
	])('that the caller has set goes, and nothing else: %s', (body, expected) => {
		expect(carrier.read(at(body))).toBe(key);
		expect(carrier.write(at(body), undefined, key).body).toBe(expected);
	});

	test.each(['', 'amount=1', '[]', '"text"', 'null', '{"amount":', undefined])('cannot be written into %j', body => {
		expect(carrier.read(at(body))).toBeUndefined();
		expect(() => carrier.write(at(body), key, key)).toThrow(TypeError);
		expect(() => carrier.write(at(body), undefined, undefined)).toThrow(
			/idempotency_key of a JSON body; nothing was sent/,
		);
	});
});

describe('a member within another', () => {
	const {carrier} = inBody('payment.request.id');

	test.each([
		['{"a":{"payment":{}},"payment":{"b":1}}', `{"a":{"payment":{}},"payment":{"request":{"id":"${key}"},"b":1}}`],
		['{"payment":{"request":{"x":[1,{"id":2}]}}}', `{"payment":{"request":{"id":"${key}","x":[1,{"id":2}]}}}`],
		['{"b":"{\\"payment\\":{"}', `{"payment":{"request":{"id":"${key}"}},"b":"{\\"payment\\":{"}`],
	])('is written where it belongs in %s', (body, expected) => {
		expect(written(carrier, body)).toBe(expected);
		expect(carrier.read(at(expected))).toBe(key);
	});

	test.each(['{"payment":5}', '{"payment":null}', '{"payment":[{"request":{}}]}'])(
		'cannot be written where its place is taken: %s',
		body => {
			expect(() => carrier.write(at(body), key, key)).toThrow(TypeError);
		},
	);

	test('of a GraphQL request is a variable', () => {
		const variable = inVariable('key').carrier;
		expect(written(variable, '{"query":"mutation { a }"}')).toBe(
			`{"variables":{"key":"${key}"},"query":"mutation { a }"}`,
		);
		expect(written(variable, '{"query":"{","variables":{"a":1}}')).toBe(
			`{"query":"{","variables":{"key":"${key}","a":1}}`,
		);
	});
});

describe('a query parameter', () => {
	const {carrier} = inQuery('request id');

	test.each([
		[url, `${url}?request%20id=${key}`],
		[`${url}?a=1%20&b#part`, `${url}?a=1%20&b&request%20id=${key}#part`],
		[`${url}?a=?&`, `${url}?a=?&request%20id=${key}`],
	])('is added to %s', (from, to) => {
		expect(carrier.write(at('x', from), key, key)).toEqual(at('x', to));
		expect(carrier.read(at('x', to))).toBe(key);
		expect(carrier.write(at('x', to), key, key).url).toBe(to);
		expect(carrier.read(at('x', from))).toBeUndefined();
	});
});

describe('a call under a dialect whose key is in the body', () => {
	const open = (options = {}) => {
		const shop = openShop();
		return {...shop, realm: (more = {}) => shop.realm({dialect: square, ...options, ...more})};
	};
	const sent = ({server}: ReturnType<typeof open>) => server.requests.map(({body}) => body);

	test('sends the same bytes at each attempt and after a reload, with the key and without a header', async () => {
		const shop = open();
		shop.server.script(
			async () => Promise.reject(new TypeError('fetch failed')),
			async () => new Response('', {status: 500}),
		);
		const report = await shop.environment.finish(shop.realm().pay({retry: 1}));
		expect(report).toMatchObject({outcome: 'unknown', attempts: 2});
		const later = await shop.environment.finish(shop.realm().pay());
		expect(later).toMatchObject({outcome: 'succeeded', key: report.key});
		expect(sent(shop)).toEqual(Array.from({length: 3}, () => `{"idempotency_key":"${report.key}","cart":42}`));
		expect(shop.server.requests.map(({headers}) => headers.get('idempotency-key'))).toEqual([null, null, null]);
	});

	test('is one operation whatever the key, and another payload is another', async () => {
		const shop = open();
		const [one, other] = [shop.realm(), shop.realm()];
		expect(await shop.environment.finish(one.pay())).toMatchObject({outcome: 'succeeded'});
		expect(await shop.environment.finish(other.pay())).toMatchObject({outcome: 'succeeded', attempts: 0});
		const changed = await shop.environment.finish(other.pay({body: '{"cart":43}'}));
		expect(changed).toMatchObject({error: {code: 'PAYLOAD_CHANGED'}});
		expect(sent(shop)).toHaveLength(1);
	});

	test.each<[string, RequestInit]>([
		['text', {body: 'cart=42'}],
		['a form', {body: new URLSearchParams({cart: '42'})}],
		['multipart', {body: new FormData()}],
		['no body', {body: null}],
		['a list', {body: '[42]'}],
	])('refuses %s before anything is written or sent', async (_, init) => {
		const shop = open();
		await expect(press(shop, init)).rejects.toThrow(
			/writes the key into idempotency_key of a JSON body; nothing was sent/,
		);
		expect(sent(shop)).toEqual([]);
		expect(await shop.record()).toBeUndefined();
	});

	test.each([
		['text', '{"idempotency_key":"mine-1","cart":42}'],
		['bytes', new TextEncoder().encode('{"cart":42,"idempotency_key":"mine-1"}')],
	])('takes the key that the body has as its own: %s', async (_, body) => {
		const shop = open();
		const realm = shop.realm();
		const report = await shop.environment.finish(realm.pay({body}));
		expect(report).toMatchObject({outcome: 'succeeded', key: 'mine-1'});
		const [first] = sent(shop);
		expect(
			new TextDecoder().decode(typeof first === 'string' ? new TextEncoder().encode(first) : (first as Uint8Array)),
		).toBe('{"idempotency_key":"mine-1","cart":42}');
	});

	test('keys a call without a name by the key in its body', async () => {
		const shop = open();
		const call = shop.realm().fetch(url, {method: 'POST', body: '{"idempotency_key":"mine-1"}'});
		await shop.environment.finish(call);
		expect(sent(shop)).toEqual(['{"idempotency_key":"mine-1"}']);
	});

	test.each<[string, RequestInit & {idempotencyKey?: string}]>([
		['idempotencyKey', {body: '{"idempotency_key":"mine-1"}', idempotencyKey: 'mine-2'}],
		['a header', {body: '{"idempotency_key":"mine-1"}', headers: {'idempotency-key': 'mine-2'}}],
	])('refuses a body with another key than its %s', async (_, init) => {
		const shop = open();
		await expect(press(shop, init)).rejects.toThrow(TypeError);
		expect(sent(shop)).toEqual([]);
		expect(await shop.record()).toBeUndefined();
	});

	test('refuses a Request with a key in its body that only the body tells', async () => {
		const shop = open();
		const body = '{"idempotency_key":"mine-1"}';
		const call = async (init: object) =>
			shop.environment.finish(
				shop.realm().fetch(new Request(url, {method: 'POST', body}), {operation: 'pay', ...init}),
			);
		await expect(call({})).rejects.toThrow(/another idempotency key than its call/);
		expect(sent(shop)).toEqual([]);
		expect((await call({idempotencyKey: 'mine-1'})).ok).toBe(true);
	});

	test.each([null, 5, '', 'a b'])('refuses %j for a key in the body', async it => {
		const shop = open();
		const body = JSON.stringify({idempotency_key: it});
		await expect(press(shop, {body})).rejects.toThrow(/visible ASCII/);
		expect(sent(shop)).toEqual([]);
	});

	test('passes other calls untouched, whatever their body', async () => {
		const shop = open();
		await shop.environment.finish(shop.realm().fetch(url, {method: 'POST', body: 'cart=42'}));
		expect(sent(shop)).toEqual(['cart=42']);
	});

	test('gives a fingerprint function the request without a key', async () => {
		const seen: string[] = [];
		const fingerprint = async (request: Request) => {
			seen.push(await request.text());
			return 'same';
		};
		const shop = open({fingerprint});
		await shop.environment.finish(shop.realm().pay());
		expect(seen).toEqual(['{"cart":42}']);
	});
});

test('a GraphQL call bears its key as a variable', async () => {
	const {environment, realm, server} = openShop();
	const body = JSON.stringify({query: 'mutation ($idempotencyKey: String!) { … }', variables: {amount: 1}});
	const {key: minted} = await environment.finish(realm({dialect: shopify}).pay({body}));
	expect(JSON.parse(String(server.requests[0]?.body))).toMatchObject({
		variables: {idempotencyKey: minted, amount: 1},
	});
});

const limited = defineDialect({
	name: 'bank',
	key: {header: 'X-Key', min: 4, max: 40},
	methods: ['POST'],
	otherwise: 'words',
	exchanges: [],
	read: '2026-11',
});

describe('what the server wants of a key', () => {
	const strict = defineDialect({...limited.profile, key: {header: 'X-Key', format: 'uuid4'}});

	test.each([
		['abc', 'at least 4 characters', limited],
		['x'.repeat(41), 'at most 40 characters', limited],
		['order-42', 'a UUIDv4', strict],
		['8e03978e-40d5-73e8-bc93-6894a57f9324', 'a UUIDv4', strict],
	])('%s: %s', async (given, wanted, dialect) => {
		const shop = openShop();
		const {server, record} = shop;
		const message = `latchkey: the key for bank has to be ${wanted}`;
		const calls = [
			async () => press(shop, {idempotencyKey: given}, {dialect}),
			async () => press(shop, {headers: {'x-key': given}}, {dialect}),
			async () => press(shop, {}, {dialect, keyFrom: () => given, keySenders: 'this-store'}),
		];
		for (const call of calls) {
			await expect(call()).rejects.toThrow(new TypeError(message));
		}

		expect(server.requests).toEqual([]);
		expect(await record()).toBeUndefined();
	});

	test('is told when the dialect is declared, if no key of ours would do', () => {
		const long = defineDialect({...limited.profile, key: {header: 'X-Key', min: 64}});
		const {realm} = openShop();
		expect(() => realm({dialect: long})).toThrow(/for bank has to be at least 64 characters/);
		expect(realm({dialect: long, keyFrom: () => 'k'.repeat(64), keySenders: 'this-store'})).toBeTruthy();
	});

	test('contentKey() makes no UUIDv4', async () => {
		const options = {dialect: strict, keyFrom: contentKey(), keySenders: 'this-store'};
		await expect(press(openShop(), {}, options)).rejects.toThrow(/UUIDv4/);
	});
});
