import {expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {Dialect} from '../../src/dialects/dialect.ts';
import type {FetchOptions} from '../../src/options.ts';
import {scopeId} from '../../src/request/scope.ts';
import type {Store} from '../../src/stores/store.ts';
import {after, answer, type Step} from '../support/fake-server.ts';
import {openShop, type Realm} from './shop.ts';

const POST = 'POST https://shop.test/orders';
const GET = 'GET https://shop.test/payments/1';

const taken = answer(202, {location: '/payments/1'});
const says = (status: string, headers = {}): Step => answer(200, headers, JSON.stringify({status}));

const bank: Dialect = {
	...ietf(),
	read: ({status}) => (status === 202 ? 'pending' : undefined),
	statusRequest: {
		url: ({headers}) => headers.get('location') ?? undefined,
		read({body}) {
			const {status} = JSON.parse(new TextDecoder().decode(body)) as {status: string};
			return status === 'paid' ? 'succeeded' : status === 'declined' ? 'refused' : 'pending';
		},
	},
};

const keeps: FetchOptions = {
	dialect: bank,
	pending: ({headers}) => ({statusUrl: headers.get('location') ?? undefined}),
};

/** A store that tells nobody of what changes, as Redis without its messages. */
const silent: Partial<Store> = {watch: () => () => undefined};

function listen(options: FetchOptions = keeps, over: Partial<Store> = silent, shop = openShop()) {
	const realm = shop.realm(options, over);
	const seen: string[] = [];
	const stop = realm.handle.subscribe(({status}) => seen.push(status));
	const sent = () => shop.server.requests.map(({method, url}) => `${method} ${url}`);
	return {...shop, ...realm, seen, stop, sent};
}

test('a page that was shown before the press asks from then on', async () => {
	const {environment, server, pay, seen, stop, sent} = listen();
	await environment.settle();
	server.script(taken, says('processing'), says('paid'));
	await environment.finish(pay());
	await environment.advance(30_000);
	stop();
	expect(sent()).toEqual([POST, GET, GET]);
	expect(seen.at(-1)).toBe('succeeded');
});

test('a store that fails for a while does not end the asking', async () => {
	const shop = openShop();
	let failing = false;
	const over: Partial<Store> = {
		...silent,
		async list(...asked) {
			if (failing) throw new Error('disk');
			return shop.store.list(...asked);
		},
	};
	const {environment, server, pay, seen, stop} = listen(keeps, over, shop);
	await environment.settle();
	server.script(taken, says('processing'), says('paid'));
	await environment.finish(pay());
	await environment.advance(6000);
	failing = true;
	await environment.advance(10_000);
	failing = false;
	await environment.advance(60_000);
	stop();
	expect(seen.at(-1)).toBe('succeeded');
});

test('a store that does not take the outcome is asked again', async () => {
	const shop = openShop();
	let failing = false;
	const over: Partial<Store> = {
		...silent,
		async settle(...asked) {
			if (failing) throw new Error('disk');
			return shop.store.settle(...asked);
		},
	};
	const {environment, server, pay, seen, stop} = listen(keeps, over, shop);
	await environment.settle();
	server.script(taken, says('paid'), says('paid'), says('paid'));
	await environment.finish(pay());
	failing = true;
	await environment.advance(6000);
	expect(seen.at(-1)).toBe('pending');
	failing = false;
	await environment.advance(60_000);
	stop();
	expect(seen.at(-1)).toBe('succeeded');
});

test('who works on it elsewhere for a moment does not end the asking', async () => {
	const shop = openShop();
	const {environment, server, pay, seen, stop} = listen(keeps, silent, shop);
	await environment.settle();
	server.script(taken, after(8000, says('processing')), says('paid'));
	await environment.finish(pay());
	environment.jump(10_000);
	const other = shop.realm(keeps).pay();
	await environment.advance(5500);
	await environment.finish(other);
	await environment.advance(60_000);
	stop();
	expect(seen.at(-1)).toBe('succeeded');
});

test('what a slow answer says of the payment before is not said of the one after it', async () => {
	const shop = openShop();
	const {server, environment} = shop;
	server.script(taken);
	await environment.finish(shop.realm(keeps).pay());
	environment.jump(10_000);
	server.script(after(15_000, says('declined')), says('declined'), answer(202, {location: '/payments/2'}));
	const {stop} = listen(keeps, silent, shop);
	await environment.advance(1000);
	const second = await environment.finish(shop.realm(keeps).pay());
	expect(second.outcome).toBe('pending');
	await environment.advance(16_000);
	stop();
	expect(await shop.record()).toMatchObject({key: second.key, state: {status: 'pending'}});
});

test('a server that wants to be asked in a year is not asked at once', async () => {
	const {environment, server, pay, stop, sent} = listen();
	const delays: number[] = [];
	const {timer} = environment;
	environment.timer = (callback, ms, holds) => {
		delays.push(ms);
		return timer(callback, ms, holds);
	};
	await environment.settle();
	server.script(answer(202, {location: '/payments/1', 'retry-after': '31536000'}));
	await environment.finish(pay());
	await environment.advance(60_000);
	stop();
	expect(sent()).toEqual([POST]);
	// What is longer, `setTimeout` takes for nothing.
	expect(Math.max(...delays)).toBeLessThan(2 ** 31);
});

test('a clock that is set back does not put the question off', async () => {
	const {environment, server, pay, sent, stop} = listen();
	server.script(taken, says('paid'));
	await environment.finish(pay());
	environment.jump(-86_400_000);
	await environment.advance(10_000);
	await environment.finish(pay());
	stop();
	expect(sent()).toEqual([POST, GET]);
});

test('a status answer without an end is not held open', async () => {
	const {environment, server, pay, stop} = listen();
	server.script(taken, answer(200, {'content-type': 'text/event-stream'}, 'data: 1\n\n'), says('paid'));
	await environment.finish(pay());
	environment.jump(10_000);
	expect((await environment.finish(pay())).outcome).toBe('pending');
	stop();
	expect(server.requests[1]?.signal?.aborted).toBe(true);
});

test('mounted twice at once, it asks once', async () => {
	const {environment, server, pay, handle, stop, sent} = listen();
	server.script(taken);
	await environment.finish(pay());
	stop();
	environment.jump(10_000);
	server.script(after(500, says('processing')), after(500, says('processing')));
	handle.subscribe(() => undefined)();
	const end = handle.subscribe(() => undefined);
	await environment.advance(200);
	environment.restore();
	await environment.advance(3000);
	end();
	expect(sent()).toEqual([POST, GET]);
	await environment.settle();
	expect(environment.timers()).toBe(0);
});

test('what a store did not take, the handle has all the same', async () => {
	const settle = async () => {
		throw new Error('full');
	};
	const {environment, server, pay, handle, stop, sent} = listen(keeps, {...silent, settle});
	server.script(taken);
	await environment.finish(pay());
	const details = handle.pending();
	expect(await environment.finish(details)).toEqual({statusUrl: 'https://shop.test/payments/1'});
	expect((await environment.finish(pay())).outcome).toBe('pending');
	stop();
	expect(sent()).toEqual([POST]);
});

test('who signs in while the application is asked is not believed', async () => {
	let user = 'ann';
	const shop = openShop();
	const options: FetchOptions = {
		...keeps,
		scope: () => user,
		async reconcile() {
			user = 'bob';
			return 'refused' as const;
		},
	};
	shop.server.script(taken);
	const {pay} = shop.realm(options);
	await shop.environment.finish(pay());
	await shop.environment.finish(pay());
	expect((await shop.record(await scopeId('ann')))?.state.status).toBe('pending');
	expect(shop.server.requests).toHaveLength(1);
});

test.each<[string, (on: Store) => Partial<Store>]>([
	['takes no outcome', () => ({settle: failing})],
	[
		'fails at everything after the press',
		({claim, list}) => ({settle: failing, claim: first(claim), list: first(list)}),
	],
])('where it goes on while a store that %s, it asks, and sends nothing twice', async (_, over) => {
	const shop = openShop();
	const {environment, server, pay, handle, stop, sent} = listen(
		{...keeps, onStoreError: 'degrade'},
		{...silent, ...over(shop.store)},
		shop,
	);
	server.script(taken, says('processing'), says('paid'));
	expect((await environment.finish(pay())).outcome).toBe('pending');
	stop();
	environment.jump(10_000);
	expect((await environment.finish(pay())).outcome).toBe('pending');
	environment.jump(10_000);
	expect((await environment.finish(pay())).outcome).toBe('succeeded');
	expect((await environment.finish(pay())).outcome).toBe('succeeded');
	expect(sent()).toEqual([POST, GET, GET]);
	expect(handle.state.status).toBe('succeeded');
});

async function failing(): Promise<never> {
	throw new Error('disk');
}

function first<Given extends unknown[], T>(step: (...given: Given) => T): (...given: Given) => T {
	let calls = 0;
	return (...given) => {
		if (calls++ > 1) throw new Error('disk');
		return step(...given);
	};
}

test.each<[string, (realm: ReturnType<typeof listen>, other: Realm) => Promise<unknown>]>([
	['by asking', async ({environment}) => environment.advance(10_000)],
	['by a word', async ({handle}) => handle.resolve('succeeded')],
	[
		'elsewhere',
		async ({environment}, other) => {
			await other.handle.resolve('succeeded');
			environment.restore();
			await environment.settle();
		},
	],
])('settled %s, nothing is left here of the first answer, which may hold a secret', async (_, settled) => {
	const shop = openShop();
	const realm = listen(keeps, silent, shop);
	shop.server.script(taken, says('paid'));
	await shop.environment.finish(realm.pay());
	expect(realm.handle.outcome()?.outcome).toBe('pending');
	await settled(realm, shop.realm(keeps));
	realm.stop();
	expect(realm.handle.state.status).toBe('succeeded');
	expect(realm.handle.outcome()).toBeUndefined();
	expect(await realm.handle.pending()).toBeUndefined();
});

test.each([429, 503])('a %i of the status request says when to ask again, too', async status => {
	const {environment, server, pay, stop, sent} = listen();
	server.script(taken, answer(status, {'retry-after': '60'}), says('paid'));
	await environment.finish(pay());
	await environment.advance(60_000);
	expect(sent()).toEqual([POST, GET]);
	await environment.advance(10_000);
	stop();
	expect(sent()).toEqual([POST, GET, GET]);
});
