import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {contentKey} from '../../src/request/content-key.ts';
import type {KeyFrom} from '../../src/request/key.ts';
import {answer, drop, hang, lose} from '../support/fake-server.ts';
import {OPERATION, openShop} from './shop.ts';

describe('keys', () => {
	test('are bare lower-case UUIDv4', async () => {
		const {environment, realm, server} = openShop();
		await environment.finish(realm().pay());
		expect(server.requests[0]?.headers.get('idempotency-key')).toMatch(
			/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
		);
	});

	// Invariant 2
	test('of two realms that begin at once are one', async () => {
		const {environment, realm, server} = openShop();
		const reports = await environment.finish(Promise.all([realm().pay(), realm().pay(), realm().pay()]));
		expect(new Set(reports.map(({key}) => key)).size).toBe(1);
		expect(server.charges()).toBe(1);
	});
});

describe('keyFrom', () => {
	test('is given the operation, the fingerprint and the last key', async () => {
		const {environment, realm, server} = openShop();
		const given: Array<Parameters<KeyFrom>[0]> = [];
		let count = 0;
		const keyFrom: KeyFrom = input => {
			given.push(input);
			return `key-${++count}`;
		};
		const {pay, handle} = realm({keyFrom, keySenders: 'this-store'});
		const first = await environment.finish(pay());
		await handle.complete();
		const second = await environment.finish(pay());
		expect(given[0]).toMatchObject({operation: OPERATION, previousKey: undefined});
		expect(given.at(-1)).toMatchObject({operation: OPERATION, previousKey: first.key});
		expect(given[0]?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
		expect(server.keys()).toEqual([first.key, second.key]);
	});

	test('contentKey gives two devices the same key, and a freed operation a new one', async () => {
		const [one, other] = [openShop(), openShop()];
		const {pay, handle} = one.realm({keyFrom: contentKey(), keySenders: 'this-store'});
		const {key} = await one.environment.finish(pay());
		expect(
			(await other.environment.finish(other.realm({keyFrom: contentKey(), keySenders: 'this-store'}).pay())).key,
		).toBe(key);
		await handle.complete();
		const again = await one.environment.finish(pay());
		expect(again).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(again.key).not.toBe(key);
		expect(one.server.charges()).toBe(2);
	});

	test('a derived key of a refused operation is another one too', async () => {
		const {environment, realm, server} = openShop({saves: 'errors'});
		server.script(answer(402), answer(402));
		const {pay} = realm({keyFrom: contentKey(), dialect: ietf({saves: 'errors'})});
		await environment.finish(pay());
		await environment.finish(pay());
		await environment.finish(pay());
		expect(new Set(server.keys()).size).toBe(3);
		expect(server.charges()).toBe(1);
	});

	test('that gives a spent key is a TypeError, and nothing is sent', async () => {
		const {environment, realm, server} = openShop();
		const {pay, handle} = realm({keyFrom: () => 'always-the-same', keySenders: 'this-store'});
		await environment.finish(pay());
		await handle.complete();
		expect((await environment.finish(pay())).error).toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(1);
	});

	test.each(['', 'with space', 'é', 'x'.repeat(256)])(
		'that gives %j is a TypeError, and nothing is sent',
		async key => {
			const {environment, realm, server, record} = openShop();
			const {error} = await environment.finish(realm({keyFrom: () => key, keySenders: 'this-store'}).pay());
			expect(error).toBeInstanceOf(TypeError);
			expect(server.requests).toHaveLength(0);
			expect(await record()).toBeUndefined();
		},
	);

	// Invariant 4
	test('the key of a live record wins over the derived one', async () => {
		const {environment, realm, server} = openShop();
		server.script(lose);
		const {key} = await environment.finish(realm({retry: 0}).pay());
		expect((await environment.finish(realm({keyFrom: contentKey(), keySenders: 'this-store'}).pay())).key).toBe(key);
		expect(server.charges()).toBe(1);
	});
});

describe('an own key with a name', () => {
	const own = {idempotencyKey: 'order-42'};

	test('is the key of the operation, over attempts and reloads', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, drop, drop, drop);
		expect((await environment.finish(realm().pay(own))).key).toBe('order-42');
		expect(await environment.finish(realm().pay(own))).toMatchObject({outcome: 'succeeded', key: 'order-42'});
		expect(new Set(server.keys())).toEqual(new Set(['order-42']));
	});

	test('may come as a header, and a call without one goes under it', async () => {
		const {environment, realm, server} = openShop();
		server.script(lose);
		await environment.finish(realm({retry: 0}).pay({headers: {'idempotency-key': 'order-42'}}));
		expect((await environment.finish(realm().pay())).key).toBe('order-42');
		expect(server.charges()).toBe(1);
	});

	test('other than that of a live operation is a TypeError, nothing is sent, and nobody is held up', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(lose);
		const {pay} = realm({retry: 0});
		await environment.finish(pay(own));
		const {error} = await environment.finish(pay({idempotencyKey: 'order-43'}));
		expect(error).toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(1);
		expect(await record()).toMatchObject({key: 'order-42', owner: '', state: {status: 'unknown'}});
		expect(await environment.finish(pay(own))).toMatchObject({outcome: 'succeeded', replayed: true});
	});

	test('other than that of a running flight is a TypeError for the one who joins', async () => {
		const {environment, realm, server} = openShop();
		server.script(hang);
		const {pay} = realm({timeout: 5000});
		const first = pay(own);
		const second = pay({idempotencyKey: 'order-43'});
		expect((await environment.finish(second)).error).toBeInstanceOf(TypeError);
		expect((await environment.finish(first)).key).toBe('order-42');
		expect(new Set(server.keys())).toEqual(new Set(['order-42']));
	});

	test('that a freed record already used is a TypeError, and nothing is sent', async () => {
		const {environment, realm, server} = openShop();
		const {pay, handle} = realm();
		await environment.finish(pay(own));
		await handle.complete();
		expect((await environment.finish(pay(own))).error).toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(1);
		expect((await environment.finish(pay({idempotencyKey: 'order-43'}))).outcome).toBe('succeeded');
	});
});
