import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import type {ClaimResult, OperationId, Renewal, Store} from '../../src/stores/store.ts';
import {answer, drop} from '../support/fake-server.ts';
import {openShop, OPERATION} from './shop.ts';
import {operationOf} from '../../src/operation/handle.ts';

// A rejection that nobody handles fails the run.
const rejects = async () => Promise.reject(new Error('a callback failed'));
const throws = () => {
	throw new Error('a callback failed');
};
const wrong = (value: unknown) => value as never;

/** Right for the key that it is tried with when a client is made. */
const rejectsLater = () => (key: string) => (key.startsWith('0000') ? key : rejects());

describe('listeners harm nothing', () => {
	test.each([
		['that throw', throws],
		['whose promise rejects', wrong(rejects)],
	])('%s', async (_, listener) => {
		const {environment, realm} = openShop();
		const {pay, handle} = realm({onEvent: listener});
		const stop = handle.subscribe(listener);
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		stop();
	});
});

describe('a callback that answers with a promise where a value is asked for', () => {
	const values: Array<[string, FetchOptions]> = [
		['scope', {scope: wrong(rejects)}],
		['keyFrom', {keyFrom: wrong(rejects), keySenders: 'this-store'}],
	];
	test.each(values)('%s: a TypeError, and nothing is sent', async (_, own) => {
		const {environment, realm, server, record} = openShop();
		expect((await environment.finish(realm(own).pay())).error).toBeInstanceOf(TypeError);
		expect([server.requests.length, await record()]).toEqual([0, undefined]);
	});

	const harmless: Array<[string, FetchOptions]> = [
		['retry.delay', {retry: {delay: wrong(rejects)}}],
		['isReplay of the dialect', {dialect: {...ietf(), isReplay: wrong(rejects)}}],
		['read of the dialect', {dialect: {...ietf(), read: wrong(rejects)}}],
		['saves of the dialect', {dialect: {...ietf(), saves: wrong(rejects)}}],
	];
	test.each(harmless)('%s: it settles nothing, and ends no process', async (_, own) => {
		const {environment, realm, server} = openShop();
		server.script(drop, answer(402));
		expect((await environment.finish(realm(own).pay())).outcome).toBe('unknown');
	});
});

test.each([undefined, 42, {}, rejects])('a formatKey that gives %o is a TypeError at once', given => {
	const formatKey = () => wrong(typeof given === 'function' ? given() : given);
	expect(() => openShop().realm({dialect: {...ietf(), formatKey: wrong(formatKey)}})).toThrow(TypeError);
});

test('a formatKey whose promise rejects sends nothing, and leaves the operation to be pressed again', async () => {
	const {environment, realm, server, record} = openShop();
	const {error} = await environment.finish(realm({dialect: {...ietf(), formatKey: wrong(rejectsLater())}}).pay());
	expect(error).toBeInstanceOf(TypeError);
	expect([server.requests.length, (await record())?.state.status]).toEqual([0, 'unprocessed']);
});

test('a formatKey whose promise rejects about a key header of the call is a TypeError, and nothing is sent', async () => {
	const {environment, realm, server} = openShop();
	const {fetch} = realm({dialect: {...ietf(), formatKey: wrong(rejectsLater())}});
	const call = fetch('/pay', {method: 'POST', body: '1', headers: {'idempotency-key': '"abc"'}});
	await expect(environment.finish(call)).rejects.toBeInstanceOf(TypeError);
	expect(server.requests).toHaveLength(0);
});

test.each([rejects, async () => Promise.resolve(false)])('a keyed that gives a promise is a TypeError', async keyed => {
	const {environment, realm, server} = openShop();
	const call = realm({keyed: wrong(keyed)}).fetch('/pay', {method: 'POST', body: '1'});
	await expect(environment.finish(call)).rejects.toThrow(/^latchkey: keyed .* promise$/);
	expect(server.requests).toHaveLength(0);
});

test.each([{id: 1}, 42, undefined, null])('a fingerprint of %o is a TypeError, and nothing is sent', async print => {
	const {environment, realm, server, record} = openShop();
	const {error} = await environment.finish(realm({fingerprint: async () => wrong(print)}).pay());
	expect(String(error)).toMatch(/^TypeError: latchkey: fingerprint gave .*, and no string$/);
	expect([server.requests.length, await record()]).toEqual([0, undefined]);
});

test('what a scope is, no message tells', async () => {
	const {environment, realm} = openShop();
	const {error} = await environment.finish(realm({scope: () => wrong(1_234_567)}).pay());
	expect(String(error)).not.toContain('1234567');
});

test('many handles with subscribers are shown without asking the store again and again', async () => {
	const {environment, realm, store} = openShop();
	let lists = 0;
	const {fetch} = realm({}, {list: (...given) => (lists++, store.list(...given))});
	const handles = Array.from({length: 150}, (_, i) => operationOf(fetch, ['checkout', i]));
	const states: string[] = [];
	const stops = handles.map(handle => handle.subscribe(({status}) => states.push(status)));
	await environment.advance(60_000);
	for (const handle of handles) expect(handle.state.status).toBe('idle');
	expect(lists).toBe(150);
	for (const stop of stops) stop();
});

test('a state that is read more often than a slow store answers asks it once, and is told', async () => {
	const {environment, realm, store} = openShop();
	let lists = 0;
	const list: Store['list'] = async (...given) => {
		lists++;
		await new Promise<void>(resolve => environment.timer(resolve, 50));
		return store.list(...given);
	};
	const {handle} = realm({}, {list});
	for (let frame = 0; frame < 10; frame++) {
		void handle.state;
		await environment.advance(16);
	}

	expect([handle.state.status, lists]).toEqual(['idle', 1]);
});

test('a fingerprint that never ends holds the name of a call that has left no longer', async () => {
	const {environment, realm, store} = openShop();
	let calls = 0;
	const fingerprint = async () => (++calls === 2 ? new Promise<string>(() => undefined) : 'the same');
	const breaks = () => {
		throw new Error('the store fails');
	};
	const {pay} = realm({fingerprint, onStoreError: 'degrade'}, {claim: breaks, list: (...of) => store.list(...of)});
	const {key} = await environment.finish(pay());
	expect((await environment.finish(pay())).outcome).toBe('unknown');
	await environment.advance(1_000);
	expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', key});
});

test('a store that calls every key used is a StoreError', async () => {
	const {environment, realm, server} = openShop();
	let asked = 0;
	const claim = async (): Promise<ClaimResult> => {
		asked++;
		return {status: 'key-used', previousKey: 'key', now: environment.now()};
	};
	const {error} = await environment.finish(realm({}, {claim}).pay());
	expect(error).toMatchObject({code: 'STORE_FAILED', operation: OPERATION});
	expect([server.requests.length, asked <= 25]).toEqual([0, true]);
});

describe('a store that grants claims and takes them back', () => {
	const lost = {status: 'lost'} as const;
	const ways: Array<[string, number, (store: Store, turn: () => boolean) => Partial<Store>]> = [
		['each time', 1, () => ({renew: () => lost})],
		['every other time', 6, (store, turn) => ({renew: (id, asked) => (turn() ? lost : store.renew(id, asked))})],
		[
			'when they are settled',
			30,
			store => ({
				settle: () => lost,
				claim: (id, asked) => store.claim(id, {...asked, owner: 'one'}),
				renew: done(store),
			}),
		],
	];
	const done = (store: Store) => (id: OperationId, asked: Renewal) => store.renew(id, {...asked, owner: 'one'});

	test.each(ways)('%s neither holds the process up nor sends without end', async (_, most, way) => {
		const {environment, realm, server, store} = openShop();
		server.script(...Array.from({length: 1_000}, () => drop));
		let turns = 0;
		let steps = 0;
		const over = way(store, () => ++turns % 2 === 1);
		const claim = over.claim ?? store.claim;
		const counted: Partial<Store> = {
			...over,
			claim(id, asked) {
				// Where it goes on for ever, no time passes any more.
				if (++steps > 1_000) throw new Error('asked for ever');
				return claim(id, asked);
			},
		};
		expect((await environment.finish(realm({}, counted).pay())).outcome).toBe('unknown');
		expect(server.requests.length).toBeLessThanOrEqual(most);
		expect(steps).toBeLessThanOrEqual(60);
	});
});
