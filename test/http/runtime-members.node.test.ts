import {Agent, fetch as undiciFetch, Request as UndiciRequest, type Dispatcher} from 'undici';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {environment} from '../../src/environment.ts';
import type {LatchkeyFetch} from '../../src/fetch.ts';
import {createClientIn} from '../../src/ky/client.ts';
import type {FetchOptions} from '../../src/options.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {dropResponse} from '../support/faulty-server.ts';
import {startIdempotentServer, type IdempotentServer} from '../support/idempotent-server.ts';
import {keysOf, realm, uuid} from './realm.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

/** As an agent with a client certificate or a proxy: what goes another way is not what was meant. */
class RecordingAgent extends Agent {
	dispatched = 0;

	override dispatch(...parameters: Parameters<Agent['dispatch']>): boolean {
		this.dispatched++;
		return super.dispatch(...parameters);
	}
}

let agent: RecordingAgent;
let server: IdempotentServer;

beforeEach(async () => {
	agent = new RecordingAgent();
	server = await startIdempotentServer();
	server.script([dropResponse]);
});
afterEach(async () => {
	await server.close();
	await agent.close();
});

/** What `fetch` of Node takes, and its types do not know. */
type Init = RequestInit & {dispatcher?: Dispatcher};

const post = {method: 'POST', body: '{"cart":42}'};
const init = (members: object): Init => ({...post, ...members});

class PlainInit {
	readonly method = 'POST';
	readonly body = '{"cart":42}';
	get dispatcher(): Dispatcher {
		return agent;
	}
}

class InitWithSecret extends PlainInit {
	readonly #agent: Dispatcher = agent;
	override get dispatcher(): Dispatcher {
		return this.#agent;
	}
}

const inits: Array<[string, () => Init]> = [
	['own', () => init({dispatcher: agent})],
	['on its prototype', () => Object.assign(Object.create({dispatcher: agent}), post) as Init],
	['two prototypes away', () => Object.assign(Object.create(Object.create({dispatcher: agent})), post) as Init],
	['a getter of its class', () => new PlainInit()],
	['a getter of a private field', () => new InitWithSecret()],
	['not enumerable', () => Object.defineProperty(init({}), 'dispatcher', {value: agent})],
	['on an object without a prototype', () => Object.assign(Object.create(null), {...post, dispatcher: agent}) as Init],
];

describe('a dispatcher takes every attempt', () => {
	test.each(inits)('of init: %s', async (_, make) => {
		await realm().fetch(`${server.origin}/pay`, Object.defineProperty(make(), 'operation', {value: 'pay'}));
		expect(agent.dispatched).toBe(2);
		expect(keysOf(server)).toEqual([uuid, keysOf(server)[0]]);
		expect(server.requests.map(({body}) => body.toString())).toEqual([post.body, post.body]);
	});

	test.each(inits)('of init, through a handle: %s', async (_, make) => {
		await operationOf(realm().fetch, 'pay').fetch(`${server.origin}/pay`, make());
		expect(agent.dispatched).toBe(2);
	});

	test.each(inits)('of init, when it is not keyed but has an option of ours: %s', async (_, make) => {
		await realm()
			.fetch(`${server.origin}/pay`, Object.defineProperty(make(), 'timeout', {value: 5000}))
			.catch(() => undefined);
		expect(agent.dispatched).toBe(1);
	});

	test.each<[string, RequestInit, string]>([
		['with a body', {method: 'POST', body: '{"cart":42}'}, '{"cart":42}'],
		['with an empty body', {method: 'POST', body: ''}, ''],
		['without a body', {method: 'POST'}, ''],
		['with bytes', {method: 'PUT', body: Uint8Array.of(65, 66)}, 'AB'],
		['with a form', {method: 'POST', body: new URLSearchParams({a: 'b'})}, 'a=b'],
	])('of a Request %s', async (_, own, body) => {
		const headers = {'x-tenant': 'a'};
		const request = new Request(`${server.origin}/pay`, {...own, headers, dispatcher: agent} as Init);
		await realm().fetch(request, {operation: 'pay'});

		expect(agent.dispatched).toBe(2);
		expect(keysOf(server)).toEqual([uuid, keysOf(server)[0]]);
		const sent = {method: own.method, headers};
		expect(server.requests).toMatchObject([sent, sent]);
		expect(server.requests.map(it => it.body.toString())).toEqual([body, body]);
	});

	test('of a Request whose body and method init replaces', async () => {
		const request = new Request(`${server.origin}/pay`, {method: 'PUT', body: 'old', dispatcher: agent} as Init);
		await realm().fetch(request, {method: 'POST', body: 'new', headers: {'x-other': 'b'}, operation: 'pay'});

		expect(agent.dispatched).toBe(2);
		expect(server.requests.map(({method, body}) => [method, body.toString()])).toEqual([
			['POST', 'new'],
			['POST', 'new'],
		]);
	});

	test('of a Request, through a wrapper and a copy of the Request', async () => {
		const wrapper: FetchOptions['fetch'] = async (input, sent) => fetch(new Request(input, sent));
		const request = new Request(`${server.origin}/pay`, init({dispatcher: agent}));
		await realm({fetch: wrapper}).fetch(request, {operation: 'pay'});
		expect(agent.dispatched).toBe(2);
		expect(keysOf(server)).toEqual([uuid, keysOf(server)[0]]);
	});

	test('of a Request and a fetch of another undici', async () => {
		const request = new UndiciRequest(`${server.origin}/pay`, {...post, dispatcher: agent});
		const {fetch} = realm({fetch: undiciFetch as unknown as LatchkeyFetch});
		await fetch(request as unknown as Request, {operation: 'pay'});
		expect(agent.dispatched).toBe(2);
	});

	test('of the init of a resumed request', async () => {
		const store = memoryStore();
		const options = {store, keepRequest: true};
		await realm({...options, retry: 0})
			.fetch(`${server.origin}/pay`, {...post, operation: 'pay'})
			.catch(() => undefined);
		const [open] = await unfinished(realm(options).fetch);
		await open?.resume?.(Object.create({dispatcher: agent}) as RequestInit);
		expect(agent.dispatched).toBe(1);
		expect(keysOf(server)).toEqual([uuid, keysOf(server)[0]]);
	});

	test('of a client, its options, its call or its Request', async () => {
		const own = {store: memoryStore(), scope: null, retry: {delay: () => 1}};
		await createClientIn(environment, {...own, dispatcher: agent} as typeof own).post(`${server.origin}/pay`, {
			json: 1,
			operation: 'one',
		});
		expect(agent.dispatched).toBe(2);
		server.script([dropResponse]);
		const api = createClientIn(environment, own);
		await api.post(`${server.origin}/pay`, {json: 1, operation: 'two', dispatcher: agent} as object);
		expect(agent.dispatched).toBe(4);
		server.script([dropResponse]);
		const request = new Request(`${server.origin}/pay`, init({dispatcher: agent}));
		await api.post(request, {operation: 'three'});
		expect(agent.dispatched).toBe(6);
	});
});

describe('what else a runtime reads stays', () => {
	function spied() {
		const fetch = vi.fn<NonNullable<FetchOptions['fetch']>>(async () => new Response(null, {status: 201}));
		const sent = () => fetch.mock.calls[0]?.[1];
		return {fetch: realm({fetch}).fetch, sent, input: () => fetch.mock.calls[0]?.[0]};
	}

	const members = {cf: {cacheTtl: 0}, next: {revalidate: 0}, priority: 'high', duplex: 'half', tls: {ca: 'x'}};

	test('of init', async () => {
		const {fetch, sent} = spied();
		await fetch('https://api.test/pay', {...init(members), operation: 'pay'});
		expect(sent()).toMatchObject(members);
	});

	test('of a Request that has it as properties', async () => {
		const {fetch, sent, input} = spied();
		const request = Object.assign(new Request('https://api.test/pay', post), {cf: members.cf, next: members.next});
		await fetch(request, {operation: 'pay'});
		expect(sent()).toMatchObject({cf: members.cf, next: members.next});
		expect(Object.values(sent()!).filter(value => typeof value === 'function')).toEqual([]);
		expect(input()).toMatchObject({cf: members.cf, next: members.next});
	});

	test('of a class of Requests, some of whose getters throw', async () => {
		class FrameworkRequest extends Request {
			get cf() {
				return members.cf;
			}

			get page(): never {
				throw new Error('removed');
			}
		}
		const {fetch, sent} = spied();
		await fetch(new FrameworkRequest('https://api.test/pay', post), {operation: 'pay'});
		expect(sent()).toMatchObject({cf: members.cf, body: new TextEncoder().encode(post.body)});
	});

	test('of a Request that is given as init', async () => {
		const {fetch, sent} = spied();
		const given = new Request('https://other.test/', {...post, credentials: 'omit', headers: {'x-tenant': 'a'}});
		await fetch('https://api.test/pay', Object.defineProperty(given, 'operation', {value: 'pay'}));
		expect(sent()).toMatchObject({method: 'POST', credentials: 'omit', headers: {'x-tenant': 'a'}});
		expect(new TextDecoder().decode(sent()?.body as Uint8Array)).toBe(post.body);
	});

	test('and a polyfill is never given its own Request, which it would not take again', async () => {
		const {fetch, input} = spied();
		const polyfill = {url: 'https://api.test/pay', method: 'POST', headers: new Headers(), body: null, bodyUsed: false};
		await fetch(polyfill as unknown as Request, {operation: 'pay'});
		expect(input()).toBe('https://api.test/pay');
	});
});
