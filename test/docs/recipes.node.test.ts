import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {MutationObserver} from '@tanstack/query-core';
import {http, HttpResponse, type HttpResponseResolver} from 'msw';
import {setupServer} from 'msw/node';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import type {LatchkeyFetch} from '../../src/fetch.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {writeSnippets} from './snippets.ts';

// Before anything is imported: the recipes are for pages, which need no scope and have relative URLs.
const PAGE = vi.hoisted(() => {
	const page = 'https://shop.example/cart';
	vi.stubGlobal('document', {baseURI: page});
	return page;
});

// Each recipe loads the library that it is about.

const {idempotentEndpoint} = await import('../../src/msw/index.ts');

const folder = writeSnippets('run');
// Where recipes put their files.
const home = process.cwd();
const place = mkdtempSync(join(tmpdir(), 'latchkey-recipes-'));
const server = setupServer();
let cart = {id: '', items: ['padlock']};
let order = {id: '', amount: 4200, paymentKey: '', keyMadeAt: 0};
let purchases = 0;
const paid: HttpResponseResolver = () => HttpResponse.json({id: 'order-1'}, {status: 201});
const declined: HttpResponseResolver = () => HttpResponse.text('Your card was declined.', {status: 402});
const show = vi.fn<(text: string) => void>();
const renewPaymentKey = vi.fn<(id: string) => Promise<void>>();

beforeAll(() => {
	process.chdir(place);
	server.listen({onUnhandledFrame: 'error'});
	const {fetch} = globalThis;
	vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) =>
		fetch(typeof input === 'string' ? new URL(input, PAGE) : input, init),
	);
	vi.stubGlobal('show', show);
	vi.stubGlobal('session', {userId: 'user-1'});
	vi.stubGlobal('orders', {find: async () => order, renewPaymentKey});
});
beforeEach(() => {
	// All recipes share the store of this process, so each test buys something else.
	purchases++;
	cart = {...cart, id: `cart-${purchases}`};
	order = {...order, id: `order-${purchases}`, paymentKey: `key-${purchases}`, keyMadeAt: Date.now()};
});
afterEach(() => {
	server.resetHandlers();
	vi.clearAllMocks();
});
afterAll(() => {
	server.close();
	vi.unstubAllGlobals();
	process.chdir(home);
	rmSync(place, {recursive: true});
});

/** Loads a named snippet as a page would, and knows no more of it than the test says. */
async function load<T>(page: string, file: string): Promise<T> {
	return (await import(/* @vite-ignore */ new URL(`${page}/${file}`, folder).href)) as T;
}

/** An endpoint that loses its first answer. */
function serve(url: string, resolver = paid, required = true) {
	const endpoint = idempotentEndpoint('POST', new URL(url, PAGE).href, resolver, {faults: ['lose-response'], required});
	server.use(endpoint);
	return endpoint;
}

const once = {attempts: 2, effects: 1};

describe('a lost answer is one charge', () => {
	type Pay = {pay: (of: typeof cart) => Promise<unknown>};

	test('in the snippet of the README', async () => {
		const endpoint = serve('/api/orders');
		const {pay} = await load<Pay>('README', 'pay.ts');
		expect(await pay(cart)).toBe('Paid. Thank you.');
		expect(endpoint).toMatchObject(once);
	});

	test('but not in plain fetch, as the README says', async () => {
		const endpoint = serve('/api/orders', paid, false);
		const {pay} = await load<Pay>('README', 'plain-pay.ts');
		await expect(pay(cart)).rejects.toBeInstanceOf(TypeError);
		expect(await pay(cart)).toBe('Paid. Thank you.');
		expect(endpoint).toMatchObject({attempts: 2, effects: 2});
	});

	test('in a form', async () => {
		const endpoint = serve('/sign-up');
		const {submit} = await load<{submit: (url: string, body: FormData) => Promise<void>}>('recipes', 'form.ts');
		const form = new FormData();
		form.set('draft', cart.id);
		await submit('/sign-up', form);
		expect(show).toHaveBeenLastCalledWith('Welcome.');
		expect(endpoint).toMatchObject(once);
	});

	test('in a server action, under the key of the database', async () => {
		const endpoint = serve('https://bank.example/payments');
		const {payOrder} = await load<{payOrder: (id: string) => Promise<unknown>}>('recipes', 'actions.ts');
		expect(await payOrder(order.id)).toEqual({outcome: 'succeeded', problem: undefined});
		expect(endpoint.keys).toEqual([order.paymentKey, order.paymentKey]);
		expect(endpoint).toMatchObject(once);
		expect(renewPaymentKey).not.toHaveBeenCalled();
	});

	test('in a server action after a restart, whatever is answered in front of the handler', async () => {
		const endpoint = idempotentEndpoint('POST', 'https://bank.example/payments', paid, {
			faults: Array.from({length: 4}, () => 'lose-response' as const),
		});
		server.use(endpoint);
		const {payOrder} = await load<{payOrder: (id: string) => Promise<unknown>}>('recipes', 'actions.ts');
		expect(await payOrder(order.id)).toMatchObject({outcome: 'unknown'});
		vi.resetModules();
		const restarted = await load<{payOrder: (id: string) => Promise<unknown>}>('recipes', 'actions.ts');
		const signedOut = () => new HttpResponse(null, {status: 401});
		server.use(http.post('https://bank.example/payments', signedOut, {once: true}));
		expect(await restarted.payOrder(order.id)).toMatchObject({outcome: 'unknown'});
		expect(await restarted.payOrder(order.id)).toEqual({outcome: 'succeeded', problem: undefined});
		expect(endpoint).toMatchObject({attempts: 5, effects: 1});
		expect(renewPaymentKey).not.toHaveBeenCalled();
	});

	test('in a mutation', async () => {
		const endpoint = serve('/api/orders');
		const {checkout} = await load<{checkout: MutationObserver<unknown, Error, typeof cart>}>('recipes', 'mutation.ts');
		expect(await checkout.mutate(cart)).toEqual({id: 'order-1'});
		expect(endpoint).toMatchObject(once);
	});

	test.each([
		['axios', 'axios.ts', {id: 'order-1'}],
		['openapi-fetch', 'openapi.ts', expect.objectContaining({data: {id: 'order-1'}})],
		['ky', 'ky.ts', 'Order order-1'],
	])('under %s, and two clicks are one exchange', async (_, file, answer) => {
		const endpoint = serve('/api/orders');
		const {pay} = await load<Pay>('recipes', file);
		expect(await Promise.all([pay(cart), pay(cart)])).toEqual([answer, answer]);
		expect(new Set(endpoint.keys).size).toBe(1);
		expect(endpoint).toMatchObject(once);
	});

	test('through a wrapper, which adds a header to each attempt', async () => {
		const endpoint = serve('/api/orders');
		const {fetch} = await load<{fetch: LatchkeyFetch}>('recipes', 'wrapper.ts');
		const debug = vi.spyOn(console, 'debug').mockReturnValue();
		const init = {method: 'POST', body: JSON.stringify(cart), operation: ['checkout', cart.id]} as const;
		expect((await fetch(new URL('/api/orders', PAGE), init)).status).toBe(201);
		expect(debug).toHaveBeenCalledOnce();
		expect(new Set(endpoint.keys).size).toBe(1);
		expect(endpoint).toMatchObject(once);
	});

	test('with a CSRF token in the body, which is another one after a reload', async () => {
		const endpoint = serve('/sign-up');
		const {fetch} = await load<{fetch: LatchkeyFetch}>('recipes', 'csrf-field.ts');
		const submit = async (token: string, name: string) => {
			const body = new FormData();
			body.set('_token', token);
			body.set('name', name);
			return fetch('/sign-up', {method: 'POST', body, operation: ['sign-up', cart.id], retry: 0});
		};
		await expect(submit('one', 'Ann')).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		await expect(submit('two', 'Bob')).rejects.toMatchObject({code: 'PAYLOAD_CHANGED'});
		await submit('two', 'Ann').catch(() => undefined);
		expect(new Set(endpoint.keys).size).toBe(1);
		expect(endpoint).toMatchObject(once);
	});

	test('with a CSRF token in a header, which is renewed when it has run out', async () => {
		vi.stubGlobal('document', {baseURI: PAGE, cookie: 'a=b; XSRF-TOKEN=old%3D'});
		const tokens: Array<string | null> = [];
		server.use(
			http.get(new URL('/sanctum/csrf-cookie', PAGE).href, () => {
				Object.assign(document, {cookie: 'XSRF-TOKEN=new%3D; a=b'});
				return new HttpResponse(null, {status: 204});
			}),
			http.post(new URL('/api/orders', PAGE).href, ({request}) => {
				tokens.push(request.headers.get('x-xsrf-token'));
				return new HttpResponse(null, {status: tokens.length === 1 ? 419 : 201});
			}),
		);
		const {fetch} = await load<{fetch: LatchkeyFetch}>('recipes', 'csrf.ts');
		const init = {method: 'POST', body: JSON.stringify(cart), operation: ['checkout', cart.id]} as const;
		expect((await fetch('/api/orders', init)).status).toBe(201);
		expect(tokens).toEqual(['old=', 'new=']);
	});

	test('through a wrapper that knows when it sends nothing', async () => {
		const tunnel = {isOpen: false};
		vi.stubGlobal('tunnel', tunnel);
		const endpoint = serve('/api/orders');
		const {fetch} = await load<{fetch: LatchkeyFetch}>('recipes', 'tunnel.ts');
		const retry = {limit: 1, delay: () => 1};
		const init = {method: 'POST', body: JSON.stringify(cart), operation: ['checkout', cart.id], retry} as const;
		await expect(fetch('/api/orders', init)).rejects.toMatchObject({operation: init.operation});
		expect(endpoint.attempts).toBe(0);
		tunnel.isOpen = true;
		expect((await fetch('/api/orders', init)).status).toBe(201);
		expect(endpoint).toMatchObject(once);
	});

	test('under Stripe’s SDK', async () => {
		const endpoint = serve('https://api.stripe.com/v1/payment_intents', () => HttpResponse.json({id: 'pi_1'}));
		const {charge} = await load<{charge: (of: typeof order) => Promise<{id: string}>}>('recipes', 'stripe.ts');
		expect((await charge(order)).id).toBe('pi_1');
		expect(endpoint.keys).toEqual([order.paymentKey, order.paymentKey]);
		expect(endpoint).toMatchObject(once);
	});
});

describe('the snippet of the README', () => {
	const at = new URL('/api/orders', PAGE).href;
	const final = () => HttpResponse.json({}, {status: 500, headers: {'idempotent-replayed': 'true'}});
	const reused = () => HttpResponse.json({code: 'idempotency_key_reused'}, {status: 422});

	async function press(of = cart): Promise<string> {
		const {pay} = await load<{pay: (of: typeof cart) => Promise<string>}>('README', 'pay.ts');
		return pay(of);
	}

	test.each<[string, HttpResponseResolver, string]>([
		['a success', paid, 'Paid. Thank you.'],
		['a refusal', declined, 'Not paid. You can try again.'],
		['a mismatch', reused, 'Something is wrong. Please ask us.'],
		['a doubt that no press can end', final, 'Something is wrong. Please ask us.'],
	])('tells %s, and tells it again', async (_, resolver, words) => {
		server.use(http.post(at, resolver));
		expect([await press(), await press()]).toEqual([words, words]);
	});

	test('tells what was not sent', async () => {
		const {NotSentError} = await import('../../src/errors.ts');
		const fetch = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new NotSentError());
		expect(await press()).toBe('No connection. Nothing was sent; press again.');
		fetch.mockRestore();
	});

	test('offers another press while nobody knows, but not with another cart: that would end the same way', async () => {
		const faults = Array.from({length: 4}, () => 'lose-response' as const);
		const endpoint = idempotentEndpoint('POST', at, paid, {faults});
		server.use(endpoint);
		const {id} = cart;
		expect(await press()).toBe('We do not know yet. Pressing Pay again is safe.');
		const changed = 'You pressed Pay before, with another cart. Put it back, or ask us.';
		expect(await press({id, items: []})).toBe(changed);
		expect(await press()).toBe('Paid. Thank you.');
		expect(await press({id, items: []})).toBe(changed);
		expect(endpoint).toMatchObject({attempts: 5, effects: 1});
	});

	test('leaves a mistake to the programmer', async () => {
		await expect(press({...cart, id: undefined as never})).rejects.toThrow('operation[1] is undefined');
	});
});

describe('a refusal', () => {
	function refuse(url: string) {
		const endpoint = idempotentEndpoint('POST', new URL(url, PAGE).href, declined);
		server.use(endpoint);
		return endpoint;
	}

	test('is shown by the form', async () => {
		refuse('/sign-up');
		const {submit} = await load<{submit: (url: string, body: FormData) => Promise<void>}>('recipes', 'form.ts');
		const form = new FormData();
		form.set('draft', cart.id);
		await submit('/sign-up', form);
		expect(show).toHaveBeenLastCalledWith('Your card was declined.');
	});

	test('gets a new key in the server action', async () => {
		refuse('https://bank.example/payments');
		const {payOrder} = await load<{payOrder: (id: string) => Promise<unknown>}>('recipes', 'actions.ts');
		expect(await payOrder(order.id)).toEqual({outcome: 'refused', problem: undefined});
		expect(renewPaymentKey).toHaveBeenCalledWith(order.id);
	});

	test('in front of the handler keeps the key in the server action', async () => {
		const answers = [401, 409, 201];
		const keys: Array<string | null> = [];
		server.use(
			http.post('https://bank.example/payments', ({request}) => {
				keys.push(request.headers.get('idempotency-key'));
				const reason = {title: 'Not now'};
				return HttpResponse.json(reason, {status: answers[keys.length - 1] ?? 500});
			}),
		);
		const {payOrder} = await load<{payOrder: (id: string) => Promise<unknown>}>('recipes', 'actions.ts');
		const outcomes = [await payOrder(order.id), await payOrder(order.id), await payOrder(order.id)];
		expect(outcomes).toMatchObject([{outcome: 'refused'}, {outcome: 'refused'}, {outcome: 'succeeded'}]);
		expect(keys).toEqual([order.paymentKey, order.paymentKey, order.paymentKey]);
		expect(renewPaymentKey).not.toHaveBeenCalled();
	});

	test('is told by the ky client', async () => {
		refuse('/api/orders');
		const {pay} = await load<{pay: (of: typeof cart) => Promise<string>}>('recipes', 'ky.ts');
		expect(await pay(cart)).toBe('Not paid. You can try again.');
	});
});

describe('a press after a reload is a success, without another charge', () => {
	const platform = '../../src/platform/node.ts';

	beforeEach(async () => {
		const records = memoryStore();
		vi.resetModules();
		// Each load of the modules is another page over the same records, with nothing of the last one in its memory.
		vi.doMock(platform, async original => {
			const store = {...records};
			return {...(await original<object>()), defaultStore: () => store};
		});
	});
	afterEach(() => {
		vi.doUnmock(platform);
		vi.resetModules();
	});

	type Press = () => Promise<unknown>;
	const pay = (file: string) => async () => {
		const recipe = await load<{pay: (of: typeof cart) => Promise<unknown>}>('recipes', file);
		return recipe.pay(cart);
	};
	const mutate = async () => {
		const recipe = await load<{checkout: MutationObserver<unknown, Error, typeof cart>}>('recipes', 'mutation.ts');
		return recipe.checkout.mutate(cart);
	};
	const submit = async () => {
		const recipe = await load<{submit: (url: string, body: FormData) => Promise<void>}>('recipes', 'form.ts');
		const form = new FormData();
		form.set('draft', cart.id);
		await recipe.submit('/api/orders', form);
		return show.mock.lastCall;
	};

	test.each<[string, Press, first: unknown, second: unknown]>([
		['a mutation', mutate, {id: 'order-1'}, undefined],
		['axios', pay('axios.ts'), {id: 'order-1'}, undefined],
		['openapi-fetch', pay('openapi.ts'), expect.objectContaining({data: {id: 'order-1'}}), {}],
		['ky', pay('ky.ts'), 'Order order-1', 'Paid before. Thank you.'],
		['a form', submit, ['Welcome.'], ['Welcome.']],
	])('in %s', async (_, press, first, second) => {
		const endpoint = serve('/api/orders');
		expect(await press()).toEqual(first);
		vi.resetModules();
		expect(await press()).toEqual(second);
		vi.resetModules();
		expect(await press()).toEqual(second);
		expect(endpoint).toMatchObject(once);
	});
});
