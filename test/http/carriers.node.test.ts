import {describe, expect, test} from 'vitest';
import {defineDialect, inBody, inQuery, inVariable, shopify, square, type Place} from '../../src/dialects/index.ts';
import {keyIn} from '../../src/dialects/answers.ts';
import {unfinished} from '../../src/operation/unfinished.ts';
import type {CallOptions} from '../../src/options.ts';
import {answerBefore, dropRequest, dropResponse, startFaultyServer, type Fault} from '../support/faulty-server.ts';
import {realm, uuid} from './realm.ts';

const dialectOf = (key: Place) => defineDialect({...square.profile, name: 'bank', key});

const carriers = [
	{name: 'a member', dialect: square, body: '{"amount":9007199254740993}'},
	{name: 'a member within another', dialect: dialectOf(inBody('payment.id')), body: '{"payment": {"amount":1}}'},
	{name: 'a GraphQL variable', dialect: shopify, body: '{"query":"mutation { pay }","variables":{"amount":1}}'},
	{name: 'a variable, the first', dialect: dialectOf(inVariable('key')), body: '{"query":"mutation { pay }"}'},
	{name: 'a query parameter', dialect: dialectOf(inQuery('request_id')), body: 'amount=1'},
] as const;

/** Executes once per key, wherever that is. */
async function start({dialect}: (typeof carriers)[number]) {
	const effects = new Map<string | null, number>();
	const server = await startFaultyServer(async request => {
		const body = await request.text();
		const key = keyIn(dialect, request.headers, {url: request.url, body});
		effects.set(key, 1);
		return Response.json({body}, {status: 201});
	});
	return {...server, effects};
}

const faults: Array<[string, readonly Fault[]]> = [
	['the answer is lost', [dropResponse]],
	['the request is lost, then the answer', [dropRequest, dropResponse]],
	['a gateway answers 503', [answerBefore(503)]],
];

describe.each(carriers)('the key as $name', carrier => {
	const {dialect, body} = carrier;
	const post = async (
		{fetch}: ReturnType<typeof realm>,
		origin: string,
		init: RequestInit & CallOptions = {},
		path = '/pay?a=1',
	) => fetch(origin + path, {method: 'POST', body, operation: ['pay', 1], ...init});

	test.each(faults)('%s: one effect, and the same bytes at every attempt', async (_, scripted) => {
		await using server = await start(carrier);
		server.script(scripted);
		expect((await post(realm({dialect}), server.origin)).status).toBe(201);
		expect([...server.effects.keys()]).toEqual([uuid]);
		const bodies = server.requests.map(one => one.body.toString()).filter(text => text !== '');
		expect(new Set(bodies).size).toBe(1);
		expect(new Set(server.requests.map(({url}) => url)).size).toBe(1);
		expect(server.requests.every(({headers}) => headers['idempotency-key'] === undefined)).toBe(true);
	});

	test('another press is the same operation, and another payload is none', async () => {
		await using server = await start(carrier);
		const {fetch, store} = realm({dialect});
		await fetch(`${server.origin}/pay`, {method: 'POST', body, operation: ['pay', 1]});
		const later = realm({dialect, store});
		expect((await post(later, server.origin, {}, '/pay')).status).toBe(201);
		const changed = post(later, server.origin, {body: body.replace(/pay|1|9/, '8')}, '/pay');
		await expect(changed).rejects.toMatchObject({code: 'PAYLOAD_CHANGED'});
		expect(server.requests).toHaveLength(1);
	});

	test('a Request bears it as well', async () => {
		await using server = await start(carrier);
		server.script([dropResponse]);
		const {fetch} = realm({dialect});
		const request = new Request(`${server.origin}/pay`, {method: 'POST', body});
		expect((await fetch(request, {operation: ['pay', 1]})).status).toBe(201);
		expect([...server.effects.keys()]).toEqual([uuid]);
		expect(server.requests).toHaveLength(2);
	});

	test('a request that was kept is resumed with it', async () => {
		await using server = await start(carrier);
		server.script([dropResponse]);
		const realmOf = (store?: ReturnType<typeof realm>['store']) =>
			realm({dialect, keepRequest: true, retry: 0, ...(store && {store})});
		const {fetch, store} = realmOf();
		const url = `${server.origin}/pay`;
		const pressed = fetch(url, {method: 'POST', body, operation: ['pay', 1]});
		await expect(pressed).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		const [open] = await unfinished(realmOf(store).fetch);
		expect((await open?.resume?.())?.status).toBe(201);
		expect(server.effects.size).toBe(1);
		const [first, second] = server.requests;
		expect([second?.url, second?.body.toString()]).toEqual([first?.url, first?.body.toString()]);
	});
});
