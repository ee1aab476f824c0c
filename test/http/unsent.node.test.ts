import {connect} from 'node:net';
import nodeFetch from 'node-fetch';
import {Agent, getGlobalDispatcher, interceptors, MockAgent, Pool, RetryAgent, setGlobalDispatcher} from 'undici';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {createClient} from '../../src/ky/index.ts';
import {NotSentError, type FetchOptions, type LatchkeyEvent} from '../../src/index.ts';
import {watch} from '../../src/platform/node.ts';
import type {Fault} from '../support/faulty-server.ts';
import {startIdempotentServer, type IdempotentServer} from '../support/idempotent-server.ts';
import {realm} from './realm.ts';

const order = {method: 'POST', body: '1', operation: 'pay'} as const;
const unknown = {code: 'OUTCOME_UNKNOWN', outcome: 'unknown'};
const own = globalThis.fetch;

type Fetch = NonNullable<FetchOptions['fetch']>;

afterEach(() => {
	vi.unstubAllGlobals();
});

async function closedPort(): Promise<string> {
	const server = await startIdempotentServer();
	await server.close();
	return new URL(server.origin).port;
}

/** The work is done, and then there is nobody any more. */
function thenGone(server: IdempotentServer): Fault {
	return async ({serve}) => {
		await serve();
		await server.close();
	};
}

const repeating = {methods: ['POST' as const], maxRetries: 2, minTimeout: 1, maxTimeout: 1};

describe('a fetch that fails at something else after the effect', () => {
	async function thenLogs(first: Fetch): Promise<Fetch> {
		const log = `http://127.0.0.1:${await closedPort()}/log`;
		return async (input, init) => {
			const response = await first(input, init);
			await own(log, {method: 'POST', redirect: 'manual'});
			return response;
		};
	}

	const wrap: ReadonlyArray<[string, (wrapper: Fetch) => Fetch]> = [
		['a function', wrapper => wrapper],
		['a function called fetch', wrapper => ({fetch: async (...call: Parameters<Fetch>) => wrapper(...call)}).fetch],
		['bound', wrapper => wrapper.bind(undefined)],
		['a Proxy of it', wrapper => new Proxy(wrapper, {})],
		[
			'a Proxy of the own fetch',
			wrapper => new Proxy(own, {apply: async (_, __, call: Parameters<Fetch>) => wrapper(...call)}),
		],
	];

	test.each(wrap)('as the option: %s', async (_, wrapped) => {
		await using server = await startIdempotentServer();
		const {fetch} = realm({retry: 0, fetch: wrapped(await thenLogs(own))});

		await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({
			...unknown,
			cause: {cause: {code: 'ECONNREFUSED'}},
		});
		expect([...server.effects.values()]).toEqual([1]);
	});

	test.each(wrap)('as the patched global: %s', async (_, wrapped) => {
		await using server = await startIdempotentServer();
		vi.stubGlobal('fetch', wrapped(await thenLogs(own)));
		const {fetch} = realm({retry: 0});

		await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject(unknown);
		expect([...server.effects.values()]).toEqual([1]);
	});

	test('as the patched global: sent by other means, and once more by the own fetch when its answer was lost', async () => {
		await using server = await startIdempotentServer();
		server.script([thenGone(server)]);
		vi.stubGlobal('fetch', async (...[url, init]: Parameters<Fetch>) => {
			try {
				// No channel of undici tells of it.
				return await (nodeFetch as unknown as Fetch)(url, init);
			} catch {
				return own(url, init);
			}
		});
		const {fetch} = realm({retry: 0});

		await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject(unknown);
		expect([...server.effects.values()]).toEqual([1]);
	});

	test('node-fetch, to a server that is not there: nobody vouches for what it did', async () => {
		const {fetch} = realm({retry: 0, fetch: nodeFetch as unknown as Fetch});

		await expect(fetch(`http://127.0.0.1:${await closedPort()}/pay`, order)).rejects.toMatchObject({
			...unknown,
			cause: {code: 'ECONNREFUSED'},
		});
	});
});

describe('a dispatcher that repeats by itself after the effect', () => {
	const repeaters: ReadonlyArray<[string, () => object]> = [
		['RetryAgent', () => new RetryAgent(new Agent(), repeating)],
		['compose', () => new Agent().compose(interceptors.retry(repeating))],
		['a factory', () => new Agent({factory: origin => new RetryAgent(new Pool(origin), repeating)})],
		[
			'a subclass',
			() => {
				const repeater = new RetryAgent(new Agent(), repeating);
				return new (class extends Agent {
					override dispatch(...call: Parameters<Agent['dispatch']>) {
						return repeater.dispatch(...call);
					}
				})();
			},
		],
		[
			'a method of its own',
			() => {
				const repeater = new RetryAgent(new Agent(), repeating);
				return Object.assign(new Agent(), {dispatch: repeater.dispatch.bind(repeater)});
			},
		],
	];

	test.each(repeaters)('in a call: %s', async (name, make) => {
		await using server = await startIdempotentServer();
		server.script([thenGone(server)]);
		const {fetch} = realm({retry: 0});
		const call = fetch(`${server.origin}/pay`, {...order, dispatcher: make()} as RequestInit);

		await expect(call).rejects.toMatchObject(unknown);
		expect([...server.effects.values()]).toEqual([1]);
	});

	test.each(repeaters)('for all calls: %s', async (_, make) => {
		await using server = await startIdempotentServer();
		server.script([thenGone(server)]);
		const {fetch} = realm({retry: 0});
		const before = getGlobalDispatcher();
		setGlobalDispatcher(make() as never);
		try {
			await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject(unknown);
		} finally {
			setGlobalDispatcher(before);
		}

		expect([...server.effects.values()]).toEqual([1]);
	});

	test.each(repeaters)('hidden in a Request: %s', async (_, make) => {
		await using server = await startIdempotentServer();
		server.script([thenGone(server)]);
		const url = `${server.origin}/pay`;
		const headers = {'idempotency-key': 'key-of-a-request'};
		const request = new Request(url, {...order, headers, redirect: 'manual', dispatcher: make()} as RequestInit);
		const witness = watch(own, url, {method: 'POST', redirect: 'manual'}, 'key-of-a-request');
		const error: unknown = await own(request).catch((reason: unknown) => reason);

		expect(error).toMatchObject({cause: {code: 'ECONNREFUSED'}});
		expect(witness?.proves(error)).toBe(undefined);
		witness?.stop();
		expect([...server.effects.values()]).toEqual([1]);
	});
});

describe('nothing was sent, and that is proven', () => {
	const dispatchers: ReadonlyArray<[string, () => object | undefined]> = [
		['no dispatcher', () => undefined],
		["undici's Agent", () => new Agent()],
		["undici's Agent of one connection", () => new Agent({connections: 1, connectTimeout: 60_000})],
	];

	test.each(dispatchers)('with %s', async (_, make) => {
		const {fetch, events} = realm({retry: {limit: 1, delay: () => 1}});
		const init = {...order, dispatcher: make()} as RequestInit;

		await expect(fetch(`http://127.0.0.1:${await closedPort()}/pay`, init)).rejects.toMatchObject({
			code: 'NOT_SENT',
			attempts: 2,
			cause: {cause: {code: 'ECONNREFUSED'}},
		});
		expect(verdicts(events)).toEqual(['not-sent', 'not-sent']);
	});

	test('with such an Agent for all calls', async () => {
		const before = getGlobalDispatcher();
		setGlobalDispatcher(new Agent());
		try {
			const {fetch} = realm({retry: 0});
			const call = fetch(`http://127.0.0.1:${await closedPort()}/pay`, order);
			await expect(call).rejects.toMatchObject({code: 'NOT_SENT'});
		} finally {
			setGlobalDispatcher(before);
		}
	});

	test.each(['a URL', 'a Request'])('by a client that is given %s', async given => {
		const api = createClient({scope: null, retry: 0});
		const url = `http://127.0.0.1:${await closedPort()}/pay`;
		const call = api.post(given === 'a URL' ? url : new Request(url), {json: {}, operation: 'pay'});

		await expect(call).rejects.toMatchObject({code: 'NOT_SENT', cause: {cause: {code: 'ECONNREFUSED'}}});
	});

	test.each([new Agent(), new RetryAgent(new Agent(), repeating)])(
		'by what a Request hides (%o), as undici tells what it does',
		async dispatcher => {
			const url = `http://127.0.0.1:${await closedPort()}/pay`;
			const request = new Request(url, {method: 'POST', redirect: 'manual', dispatcher} as RequestInit);
			const witness = watch(own, url, {method: 'POST', redirect: 'manual'}, 'another-key');
			const error: unknown = await own(request).catch((reason: unknown) => reason);

			expect(witness?.proves(error)).toBe('retry');
			witness?.stop();
		},
	);

	test.each(['POST', 'PUT'])('by a fetch of your own that says so (%s)', async method => {
		const cause = new Error('the tunnel is closed');
		const {fetch, events} = realm({
			retry: {limit: 1, delay: () => 1},
			fetch: async () => {
				throw new NotSentError({cause});
			},
		});

		await expect(fetch('https://shop.test/pay', {...order, method})).rejects.toMatchObject({
			code: 'NOT_SENT',
			operation: ['pay'],
			attempts: 2,
			cause: {code: 'NOT_SENT', cause},
		});
		expect(verdicts(events)).toEqual(['not-sent', 'not-sent']);
	});
});

describe('what does not prove that nothing was sent', () => {
	test.each<[string, () => object]>([
		['repeats', () => new RetryAgent(new Agent(), repeating)],
		['is made by a factory', () => new Agent({factory: origin => new Pool(origin)})],
		['is composed', () => new Agent().compose(dispatch => (options, handler) => dispatch(options, handler))],
		['is patched', () => Object.assign(new Agent(), {dispatch: Agent.prototype.dispatch.bind(new Agent())})],
		['only has its name', () => new {Agent: class extends Agent {}}.Agent()],
		['is no Agent', () => new Pool('http://127.0.0.1')],
	])('a failed connection of another dispatcher, that %s', async (_, make) => {
		const {fetch} = realm({retry: 0});
		const init = {...order, dispatcher: make()} as RequestInit;

		await expect(fetch(`http://127.0.0.1:${await closedPort()}/pay`, init)).rejects.toMatchObject(unknown);
	});

	test("the runtime's own fetch, where it is the option: whoever sets it answers for it", async () => {
		const {fetch} = realm({retry: 0, fetch: own});
		const call = fetch(`http://127.0.0.1:${await closedPort()}/pay`, order);

		await expect(call).rejects.toMatchObject(unknown);
	});

	test('an error that a mock makes up', async () => {
		const dispatcher = new MockAgent();
		const refused = Object.assign(new Error('refused'), {code: 'ECONNREFUSED', syscall: 'connect'});
		dispatcher.get('http://shop.test').intercept({path: '/pay', method: 'POST'}).replyWithError(refused);
		const {fetch} = realm({retry: 0});
		const call = fetch('http://shop.test/pay', {...order, dispatcher} as unknown as RequestInit);

		await expect(call).rejects.toMatchObject({...unknown, cause: {cause: refused}});
	});

	test('one that a Request hides', async () => {
		const dispatcher = new MockAgent();
		const refused = Object.assign(new Error('refused'), {code: 'ECONNREFUSED', syscall: 'connect'});
		dispatcher.get('http://shop.test').intercept({path: '/pay', method: 'POST'}).replyWithError(refused);
		const url = 'http://shop.test/pay';
		const init: RequestInit = {method: 'POST', redirect: 'manual'};
		const witness = watch(own, url, init, 'key-of-a-mock');
		const request = new Request(url, {...init, dispatcher} as unknown as RequestInit);
		const error: unknown = await own(request).catch((reason: unknown) => reason);

		expect(error).toMatchObject({cause: refused});
		expect(witness?.proves(error)).toBe(undefined);
		witness?.stop();
	});

	test('a connection to another port that failed: that of a proxy', async () => {
		const proxy = Number(await closedPort());
		const dispatcher = new Agent({
			connect(_, done) {
				connect(proxy, '127.0.0.1').on('error', error => {
					done(error, null);
				});
			},
		});
		const {fetch} = realm({retry: 0});
		const call = fetch(`http://127.0.0.1:${await closedPort()}/pay`, {...order, dispatcher} as RequestInit);

		await expect(call).rejects.toMatchObject({...unknown, cause: {cause: {code: 'ECONNREFUSED', port: proxy}}});
	});

	test.each<[string, unknown]>([
		['no list of failures', new AggregateError([])],
		['an error that only looks like one', {code: 'ECONNREFUSED', syscall: 'connect'}],
		['a NotSentError behind another error', new NotSentError()],
	])('%s, thrown by a fetch of your own', async (_, cause) => {
		const {fetch} = realm({
			retry: 0,
			fetch: async () => {
				throw new TypeError('fetch failed', {cause});
			},
		});

		await expect(fetch('https://shop.test/pay', order)).rejects.toMatchObject(unknown);
	});
});

function verdicts(events: readonly LatchkeyEvent[]): string[] {
	return events.flatMap(event => (event.type === 'answer' ? event.verdict : []));
}
