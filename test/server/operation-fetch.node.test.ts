import {describe, expect, test} from 'vitest';
import {createFetch, NotSentError, outcomeOf, OutcomeUnknownError} from '../../src/index.ts';
import {operationFetch, type GuardOptions} from '../../src/server/index.ts';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import {serveOn} from './serve.ts';
import {calls, client, dialect, file, orderBy, orderService, paymentService, virtualCalls} from './services.ts';
import {codeOf, gate, guarded, type Pay} from './shop.ts';

const repeat: Partial<GuardOptions<readonly []>> = {reconcile: () => 'repeat'};

describe('the key of a call', () => {
	test('is that of its step: the same at every run of the request', async () => {
		const {url, keys, charges} = await paymentService();
		let told = '';
		let fails = true;
		const order = orderService(
			async (request, operation) => {
				told = operation.key('charge');
				const answer = await orderBy(url)(request, operation);
				if (fails) throw new Error('the process is not well');
				return answer;
			},
			{fetch: calls(), ...repeat},
		);
		await expect(order.pay()).rejects.toThrow('not well');
		fails = false;
		expect((await order.pay()).status).toBe(201);
		expect(new Set(keys())).toEqual(new Set([told]));
		expect([order.runs(), charges()]).toEqual([2, 1]);
	});

	test('is another for another step, payload or key', async () => {
		const {url, keys} = await paymentService();
		const {pay} = orderService(
			async (request, operation) => {
				const again = request.clone();
				await orderBy(url, 'charge')(request, operation);
				return orderBy(url, 'mail')(again, operation);
			},
			{fetch: calls()},
		);
		await pay();
		await pay({key: 'key-2'});
		await pay({key: 'key-3', body: '{"amount":2}'});
		expect(new Set(keys()).size).toBe(6);
	});

	test('of two requests at once is each its own', async () => {
		const {url, keys, charges} = await paymentService();
		const {pay} = orderService(orderBy(url), {fetch: calls()});
		const all = await Promise.all(Array.from({length: 20}, async (_, i) => pay({key: `key-${i}`})));
		expect(all.map(({status}) => status)).toEqual(Array.from({length: 20}, () => 201));
		expect([new Set(keys()).size, charges()]).toEqual([20, 20]);
	});

	test('a call of a safe method has none, and needs no name', async () => {
		const {url, keys} = await paymentService();
		const {pay} = orderService(async (_, operation) => operation.fetch(url), {fetch: calls()});
		await pay();
		expect(keys()).toEqual([null]);
	});

	test('is there in a request without one, too', async () => {
		const {url, keys} = await paymentService();
		const {pay} = orderService(orderBy(url), {fetch: calls(), required: false});
		await pay({key: null});
		expect(keys()[0]).toMatch(/^[\da-f-]{36}$/);
	});
});

describe('a mistake', () => {
	const from = async (handler: Pay, options: Partial<GuardOptions<readonly []>>) =>
		orderService(handler, options).pay();

	test.each([
		['no option fetch', orderBy('http://127.0.0.1:1'), {}, 'needs the option fetch'],
		['no name', async (_, {fetch}) => fetch('http://127.0.0.1:1', {method: 'DELETE'}), {fetch: calls()}, 'its step'],
		['an empty name', orderBy('http://127.0.0.1:1', ''), {fetch: calls()}, 'its step'],
	] as ReadonlyArray<readonly [string, Pay, Partial<GuardOptions<readonly []>>, string]>)(
		'%s is told as one',
		async (_, handler, options, words) => {
			await expect(from(handler, options)).rejects.toThrow(words);
			await expect(from(handler, options)).rejects.toThrow(TypeError);
		},
	);

	test.each([
		['a fetch that is not ours', () => operationFetch(fetch as never), 'takes a fetch of createFetch'],
		['one without a scope', () => operationFetch(createFetch({dialect})), 'has a scope'],
		['one under which no refusal settles', () => operationFetch(createFetch({scope: null})), 'no refusal would settle'],
		['the fetch itself', () => orderService(orderBy(''), {fetch: client() as never}), 'operationFetch('],
	])('%s is told when the guard is made', (_, make, words) => {
		expect(make).toThrow(words);
		expect(make).toThrow(TypeError);
	});
});

describe('what is not known of a call', () => {
	test('is not known of the order, and a repeat has the same key reach the payment', async () => {
		const faults = ['lose-response', 'lose-response'] as const;
		const {url, keys, charges} = await paymentService(undefined, [...faults]);
		const {guard, types} = orderService(orderBy(url), {fetch: calls(), ...repeat});
		const server = await serveOn(guard);
		const buyer = client();
		const press = async () => outcomeOf(buyer(server.url, {method: 'POST', body: '{"amount":1}', operation: 'buy'}));

		const first = await press();
		expect([first.outcome, first.attempts, keys().length]).toEqual(['unknown', 1, 2]);
		expect(types()).toEqual(['doubt']);
		const again = await press();
		expect([again.outcome, again.key, await again.response?.json()]).toEqual(['succeeded', first.key, {paid: true}]);
		expect([new Set(keys()).size, charges()]).toEqual([1, 1]);
		await server.close();
	});

	test('without reconcile stays so, and nothing is sent any more', async () => {
		const {url, keys} = await paymentService(undefined, ['lose-response', 'lose-response']);
		const {pay} = orderService(orderBy(url), {fetch: calls()});
		for (const told of [await pay(), await pay()])
			expect([told.status, await codeOf(told)]).toEqual([409, 'idempotency-outcome-unknown']);

		expect(keys()).toHaveLength(2);
	});

	test('is thrown as it is where all was undone', async () => {
		const {url} = await paymentService(undefined, ['lose-response', 'lose-response']);
		const {pay} = orderService(
			async (request, operation) => {
				try {
					return await orderBy(url)(request, operation);
				} finally {
					operation.undone();
				}
			},
			{fetch: calls()},
		);
		await expect(pay()).rejects.toThrow(OutcomeUnknownError);
	});

	test('is never sent once the service has forgotten its key, by a client that knows nothing of it either', async () => {
		const order = guarded(
			async (_, operation) => operation.fetch('https://pay.test/', {method: 'POST', operation: 'charge'}),
			{fetch: {during: serving => made.during(serving)}, ...repeat},
		);
		const {environment, events} = order;
		let made = virtualCalls(environment);
		const first = order.pay();
		await made.sent;
		expect((await environment.finish(first)).status).toBe(409);
		environment.jump(86_400_000);
		made = virtualCalls(environment);
		expect((await environment.finish(order.pay())).status).toBe(409);
		expect(made.prefers).toEqual([]);
		expect(events.at(-1)).toMatchObject({type: 'doubt', error: {reason: 'expired'}});
	});

	test('what is pending is as good as not known, until it is done', async () => {
		const {url, guard, charges} = await paymentService((_, operation) =>
			operation.pending(new Response(null, {status: 202})),
		);
		const polite: Pay = async (request, operation) => {
			const {status} = await operation.fetch(url, {method: 'POST', body: '1', operation: 'charge'});
			return status === 202 ? operation.pending(new Response(null, {status})) : new Response(null, {status});
		};
		const order = orderService(polite, {fetch: calls({judge: ({status}) => (status === 202 ? 'pending' : undefined)})});
		expect((await order.pay()).status).toBe(202);
		expect((await order.pay()).headers.get('idempotent-replayed')).toBe('true');
		const [entry] = await guard.unsettled();
		expect(await guard.resolve(entry!, new Response(null, {status: 201}))).toBe('resolved');
		expect(charges()).toBe(1);
	});
});

describe('a run in another process', () => {
	/** Its first run ends after the payment and before its answer. */
	async function twice(first: Parameters<typeof calls>[0], second: Parameters<typeof calls>[0]) {
		const service = await paymentService();
		const fails: Pay = async (request, operation) => {
			await orderBy(service.url)(request, operation);
			throw new Error('killed');
		};
		const one = orderService(fails, {fetch: calls(first)});
		await expect(one.pay()).rejects.toThrow('killed');
		const other = orderService(orderBy(service.url), {store: one.store, fetch: calls(second), ...repeat});
		return {...service, answer: await other.pay()};
	}

	test('that knows nothing of it gets the answer of the first from the service', async () => {
		const {answer, keys, charges} = await twice({}, {});
		expect([answer.status, keys()[0] === keys()[1], charges()]).toEqual([201, true, 1]);
	});

	test.each([false, true])('that shares its store gets it too, kept there: %s', async keepResponse => {
		const options = () => ({store: sqliteStore({path}), keySenders: 'this-store', keepResponse}) as const;
		const path = file();
		const {answer, keys, charges} = await twice(options(), options());
		expect([answer.status, keys().length, charges()]).toEqual([201, keepResponse ? 1 : 2, 1]);
	});
});

describe('with marked effects', () => {
	const marked = {effects: 'marked'} as const;
	/** Whether the key of a run that throws after its call is free. */
	async function isFree(url: string, options: Parameters<typeof calls>[0] = {}, before?: Pay): Promise<boolean> {
		const {pay, runs} = orderService(
			async (request, operation) => {
				await before?.(request, operation);
				await orderBy(url)(request, operation);
				throw new Error('thereafter');
			},
			{...marked, fetch: calls(options)},
		);
		await pay({body: '1'}).catch(() => undefined);
		await pay({body: '1'}).catch(() => undefined);
		return runs() === 2;
	}

	const declined: Pay = () => Response.json({error: 'declined'}, {status: 402});
	const nowhere = async () => {
		throw new NotSentError();
	};

	test('the mark is in the store before the call is sent', async () => {
		const seen: unknown[] = [];
		const order = orderService(orderBy('https://pay.test/'), {
			...marked,
			fetch: calls({
				async fetch() {
					seen.push((await order.store.unsettled('', 1))[0]?.entry.mayHaveActed);
					return Response.json({}, {status: 201});
				},
			}),
		});
		expect((await order.pay()).status).toBe(201);
		expect(seen).toEqual([true]);
	});

	test('a call that succeeded has taken effect', async () => {
		expect(await isFree((await paymentService()).url)).toBe(false);
	});

	test('one that is not known may have', async () => {
		expect(await isFree((await paymentService(undefined, ['lose-response', 'lose-response'])).url)).toBe(false);
	});

	test('one that is pending may, whatever its status', async () => {
		const {url} = await paymentService(declined);
		const pending = {...dialect, read: () => 'pending'} as typeof dialect;
		expect(await isFree(url, {dialect: pending})).toBe(false);
	});

	test('one that was refused has not', async () => {
		expect(await isFree((await paymentService(declined)).url)).toBe(true);
	});

	test('one that was not sent has not, where nobody else can have sent it', async () => {
		const known = () => ({store: sqliteStore({path: file()}), keySenders: 'this-store'}) as const;
		expect(await isFree('https://pay.test/', {...known(), fetch: nowhere})).toBe(true);
		expect(await isFree('https://pay.test/', {fetch: nowhere})).toBe(false);
	});

	test('what is refused takes nothing back of what was done before', async () => {
		const {url} = await paymentService(declined);
		const effect: Pay = async (_, operation) => operation.effect(() => new Response());
		expect(await isFree(url, {}, effect)).toBe(false);
		const both = await paymentService();
		expect(await isFree(url, {}, orderBy(both.url, 'first'))).toBe(false);
	});

	test('a safe method is no effect', async () => {
		const {url} = await paymentService();
		const {pay, runs} = orderService(
			async (_, operation) => {
				await operation.fetch(url);
				throw new Error('thereafter');
			},
			{...marked, fetch: calls()},
		);
		await expect(pay()).rejects.toThrow('thereafter');
		await expect(pay()).rejects.toThrow('thereafter');
		expect(runs()).toBe(2);
	});
});

describe('a doubt that is repeated', () => {
	test('stays one for others meanwhile, and belongs to its payload', async () => {
		const bank = gate<Response>();
		let first = true;
		const {pay, store, environment} = guarded(async () => {
			if (!first) return bank.opened;
			first = false;
			throw new Error('hung up');
		}, repeat);
		await expect(pay()).rejects.toThrow('hung up');
		const again = pay();
		await environment.settle();
		expect((await store.unsettled('', 1))[0]?.entry.state).toBe('doubt');
		expect(await codeOf(await pay())).toBe('idempotency-key-in-progress');
		expect(await codeOf(await pay({body: '{"amount":2}'}))).toBe('idempotency-key-reused');
		bank.open(new Response('done', {status: 201}));
		expect([(await again).status, (await pay()).headers.get('idempotent-replayed')]).toEqual([201, 'true']);
	});

	test.each([
		[401, 409],
		[503, 503],
		[500, 500],
	])('stays one after a %i, whatever that says of this run', async (status, told) => {
		for (const effects of ['handler', 'marked'] as const) {
			let first = true;
			const {pay, store} = guarded(
				async (_, operation) => {
					if (!first) return new Response(null, {status});
					first = false;
					return operation.effect(() => {
						throw new Error('hung up');
					});
				},
				{...repeat, effects},
			);
			await expect(pay()).rejects.toThrow('hung up');
			// A 401 would say that nothing was done.
			expect((await pay()).status).toBe(told);
			expect((await store.unsettled('', 1))[0]?.entry).toMatchObject({state: 'doubt', owner: ''});
		}
	});

	test('goes where it says that all is undone', async () => {
		let first = true;
		const {pay, store} = guarded((_, operation) => {
			if (!first) operation.undone();
			first = false;
			throw new Error('hung up');
		}, repeat);
		await expect(pay()).rejects.toThrow('hung up');
		await expect(pay()).rejects.toThrow('hung up');
		expect(await store.unsettled('', 1)).toEqual([]);
	});

	test('is not repeated by one whose lease was lost while it found out', async () => {
		const found = gate<'repeat'>();
		const {pay, store, runs, environment} = guarded(
			() => {
				throw new Error('hung up');
			},
			{lease: 10_000, reconcile: async () => found.opened},
		);
		await expect(pay()).rejects.toThrow('hung up');
		const late = pay();
		await environment.settle();
		const renew = store.renew.bind(store);
		Object.assign(store, {renew: () => ({status: 'lost'})});
		await environment.advance(4_000);
		Object.assign(store, {renew});
		found.open('repeat');
		expect(await codeOf(await late)).toBe('idempotency-outcome-unknown');
		expect(runs()).toBe(1);
	});

	test('is not repeated where there is no request to run', async () => {
		const {pay, guard, runs} = guarded(() => {
			throw new Error('hung up');
		}, repeat);
		await expect(pay()).rejects.toThrow('hung up');
		expect(await guard.reconcileAll()).toBe(0);
		expect([(await guard.unsettled())[0]?.state, runs()]).toEqual(['doubt', 1]);
	});
});

describe('what goes with a call', () => {
	const trace = {traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1'};
	/** The headers of the call, and of the order before it. */
	async function headersOf(headers: Record<string, string>, own: HeadersInit = {}): Promise<Headers> {
		const {url, requests} = await paymentService();
		const {pay} = orderService(
			async (_, operation) => operation.fetch(url, {method: 'POST', operation: 'charge', headers: own}),
			{fetch: calls()},
		);
		await pay({headers});
		return requests[0]!.headers;
	}

	test('the trace of the caller, and nothing else of its', async () => {
		const sent = await headersOf({...trace, baggage: 'user=7', authorization: 'Bearer secret', cookie: 'a=b'});
		expect(Object.fromEntries(sent)).toMatchObject(trace);
		expect(['baggage', 'authorization', 'cookie'].filter(name => sent.has(name))).toEqual([]);
	});

	test('a state is not passed on without its parent, or with another', async () => {
		const own = {traceparent: '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'};
		const sent = await headersOf(trace, own);
		expect([sent.get('traceparent'), sent.get('tracestate')]).toEqual([own.traceparent, null]);
		expect((await headersOf({tracestate: 'a=1'})).has('tracestate')).toBe(false);
	});

	test('none where OpenTelemetry sets it', async () => {
		const api = Symbol.for('opentelemetry.js.api.1');
		Reflect.set(globalThis, api, {propagation: {}});
		const sent = await headersOf(trace).finally(() => Reflect.deleteProperty(globalThis, api));
		expect(sent.has('traceparent')).toBe(false);
	});

	/** What a call says that it waits, and when it gives up, in milliseconds; `spent` after the order came. */
	async function waits(prefer: string | undefined, spent: number, init: object) {
		let after = 0;
		const order = guarded(
			async (_, operation) => {
				await order.environment.advance(spent);
				const call = operation.fetch('https://pay.test/', {method: 'POST', operation: 'charge', ...init});
				return call.finally(() => {
					after = environment.monotonic();
				});
			},
			{fetch: {during: serving => client.during(serving)}},
		);
		const {environment} = order;
		const client = virtualCalls(environment);
		const paying = order.pay(prefer === undefined ? {} : {headers: {prefer}});
		await client.sent;
		const {status} = await environment.finish(paying);
		return {status, said: client.prefers[0], after};
	}

	test.each([
		['as long as its caller waits, less a tenth', 'wait=10', 0, {}, 'wait=9', 9_000],
		['without what is spent already', 'respond-async, wait=10', 5_000, {}, 'wait=4', 9_500],
		['twenty seconds where it does not say so', undefined, 0, {}, 'wait=18', 18_000],
		['no longer than it says itself', 'wait=10', 0, {totalTimeout: 2_000}, 'wait=2', 2_000],
		['as long as it says, where its caller says nothing', undefined, 0, {totalTimeout: 40_000}, 'wait=40', 40_000],
		['never longer than its caller, whatever it says', 'wait=10', 0, {totalTimeout: false}, 'wait=9', 9_000],
		['a second at the least', 'wait=1', 3_000, {}, 'wait=1', 4_000],
		['what it prefers itself', 'wait=10', 0, {headers: {prefer: 'wait=60'}}, 'wait=60', 9_000],
		['an attempt at a time', 'wait=10', 0, {timeout: 3_000}, 'wait=3', 3_000],
	] as const)('%s', async (_, prefer, spent, init, said, after) => {
		expect(await waits(prefer, spent, init)).toEqual({status: 409, said, after});
	});

	test('the signal of the operation, beside its own', async () => {
		const {url} = await paymentService(async () => new Promise(() => undefined));
		const own = new AbortController();
		const aborted = guarded(
			async (_, operation) => {
				const called = operation.fetch(url, {method: 'POST', operation: 'charge', signal: own.signal});
				own.abort(new Error('enough'));
				return called;
			},
			{fetch: calls()},
		);
		await expect(aborted.pay()).rejects.toThrow('enough');
		const lost = guarded(
			async (_, operation) =>
				operation.fetch('https://pay.test/', {
					method: 'POST',
					operation: 'charge',
					signal: new AbortController().signal,
				}),
			{fetch: {during: serving => waiting.during(serving)}, lease: 1_000},
			{renew: () => ({status: 'lost'})},
		);
		const waiting = virtualCalls(lost.environment);
		const paying = lost.pay();
		await waiting.sent;
		await expect(lost.environment.finish(paying)).rejects.toThrow('lost its lease');
	});
});

describe('where there is no limit', () => {
	test.each([
		['and the caller waits for ever', {totalTimeout: false} as const, {}, 'wait=99999999999'],
		['and the caller says what is no number', {totalTimeout: false} as const, {}, `wait=${'9'.repeat(400)}`],
		['for the call itself', {}, {totalTimeout: false} as const, undefined],
	])('%s, the call is made', async (_, options, init, prefer) => {
		const payments = await paymentService();
		const handler: Pay = async (request, operation) => {
			const body = await request.text();
			const payment = await operation.fetch(payments.url, {method: 'POST', body, operation: 'charge', ...init});
			return new Response(null, {status: payment.status});
		};
		const order = orderService(handler, {fetch: calls(options)});
		expect((await order.pay(prefer === undefined ? {} : {headers: {prefer}})).status).toBe(201);
		expect([payments.charges(), order.types()]).toEqual([1, []]);
	});
});
