import {describe, expect, test} from 'vitest';
import {storeUnavailable} from '../../src/stores/store-failure.ts';
import {answer, lose, unreachable, type Step} from '../support/fake-server.ts';
import {openShop} from './shop.ts';

const broken = async () => Promise.reject(new Error('disk full'));

describe('a store that cannot be opened', () => {
	const claim = async () => Promise.reject(storeUnavailable('no IndexedDB here'));

	// Invariant 12
	test('is replaced by memory, with an event', async () => {
		const {environment, realm, server} = openShop();
		const {pay, events} = realm({}, {claim, settle: claim, renew: claim});
		server.script(lose);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', attempts: 2});
		const error = expect.objectContaining({message: 'no IndexedDB here'}) as unknown;
		expect(events).toContainEqual(expect.objectContaining({type: 'degraded', error}));
		expect(new Set(server.keys()).size).toBe(1);
	});

	// Invariant 2
	test('still gives one operation one key in this realm', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({retry: 0}, {claim, settle: claim});
		server.script(lose);
		await environment.finish(pay());
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});
});

describe("onStoreError: 'degrade'", () => {
	// Invariants 2 and 12
	test('goes on under the key that it offered, with an event, and offers the same key again', async () => {
		const {environment, realm, server} = openShop();
		const offered: string[] = [];
		const {pay, types} = realm(
			{onStoreError: 'degrade', retry: 0},
			{
				async claim(_, {key}) {
					offered.push(key);
					throw new Error('disk full');
				},
			},
		);
		server.script(lose);
		expect((await environment.finish(pay())).outcome).toBe('unknown');
		expect(types()).toContain('degraded');
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(new Set([...offered, ...server.keys()]).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	// Invariant 5
	test('a refusal of the second call settles nothing', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({onStoreError: 'degrade', retry: 0}, {claim: broken});
		server.script(lose, async () => new Response(null, {status: 402}));
		await environment.finish(pay());
		expect((await environment.finish(pay())).outcome).toBe('unknown');
	});

	test('what it did reaches the store once that works again', async () => {
		const {environment, realm, server, store, record} = openShop();
		let works = false;
		const {pay} = realm(
			{onStoreError: 'degrade'},
			{claim: async (id, claim) => (works ? store.claim(id, claim) : broken())},
		);
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(await record()).toBeUndefined();
		works = true;
		await environment.advance(500);
		expect(await record()).toMatchObject({key: server.keys()[0], state: {status: 'succeeded'}});
		expect((await environment.finish(pay())).replayed).toBe(true);
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 11
	test.each<[string, Step, object]>([
		['a 401', answer(401, {}, 'who?'), {outcome: 'refused', error: undefined, response: {status: 401}}],
		['what was not sent', unreachable, {outcome: 'not-sent', error: {code: 'NOT_SENT'}}],
	])('%s is told as it is, though the store that works again takes it for a doubt', async (_, step, told) => {
		const {environment, realm, server, store, record} = openShop();
		let works = false;
		const {pay} = realm(
			{onStoreError: 'degrade', retry: 0},
			{claim: async (id, claim) => (works ? store.claim(id, claim) : broken())},
		);
		server.script(async exchange => {
			works = true;
			return step(exchange);
		});
		const report = await environment.finish(pay());
		expect(report).toMatchObject({...told, keyKept: true});
		expect(await record()).toMatchObject({key: report.key, state: {status: 'unknown'}, ambiguous: true});
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', key: report.key});
	});

	// Invariant 11
	test('a success is remembered by this realm, though the store never takes it', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({onStoreError: 'degrade'}, {claim: broken});
		await environment.finish(pay());
		await environment.advance(60_000);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.requests).toHaveLength(1);
	});
});
