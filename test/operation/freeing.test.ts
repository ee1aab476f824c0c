import {describe, expect, test} from 'vitest';
import {after, answer, drop, hang} from '../support/fake-server.ts';
import {OPERATION, openShop, type Shop} from './shop.ts';

async function unknownShop() {
	const shop = openShop();
	shop.server.script(drop);
	const buyer = shop.realm({retry: 0});
	await shop.environment.finish(buyer.pay());
	return {...shop, buyer, key: shop.server.keys()[0]};
}

async function paidShop(options: Parameters<Shop['realm']>[0] = {}) {
	const shop = openShop();
	const buyer = shop.realm(options);
	await shop.environment.finish(buyer.pay());
	return {...shop, buyer, key: shop.server.keys()[0]};
}

describe('complete', () => {
	test('after a success it frees the name: the next call is a new purchase under a new key', async () => {
		const {environment, buyer, server, key} = await paidShop();
		await buyer.handle.complete();
		expect(buyer.handle.state.status).toBe('idle');
		const report = await environment.finish(buyer.pay());
		expect(report).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(report.key).not.toBe(key);
		expect(server.charges()).toBe(2);
	});

	test('in one realm it frees the name in the others too, whatever these remember', async () => {
		const {environment, realm, buyer, server} = await paidShop();
		await realm().handle.complete();
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(server.charges()).toBe(2);
	});

	// Invariant 4
	test('it is refused while the outcome is unknown, and the key stays', async () => {
		const {environment, buyer, server, key} = await unknownShop();
		await expect(buyer.handle.complete()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key, operation: OPERATION});
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'succeeded', key});
		expect(server.charges()).toBe(1);
	});

	// Invariant 4
	test('it is refused while a flight is on its way', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(1000));
		const {pay, handle} = realm();
		const call = pay();
		await environment.settle();
		await expect(handle.complete()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect((await environment.finish(call)).outcome).toBe('succeeded');
	});

	test('it does nothing for an operation that was never begun, was refused, or is completed already', async () => {
		const {environment, realm, server} = openShop();
		const {pay, handle} = realm();
		await expect(handle.complete()).resolves.toBeUndefined();
		server.script(answer(402));
		await environment.finish(pay());
		await expect(handle.complete()).resolves.toBeUndefined();
		await environment.finish(pay());
		await handle.complete();
		await expect(handle.complete()).resolves.toBeUndefined();
	});
});

describe('resolve', () => {
	test('succeeded: the next call is told so, and nothing is sent', async () => {
		const {environment, buyer, server, key} = await unknownShop();
		await buyer.handle.resolve('succeeded');
		expect(buyer.handle.state.status).toBe('succeeded');
		expect((await environment.finish(buyer.pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', key});
		expect(server.requests).toHaveLength(1);
	});

	test('refused: the next call begins anew under a new key', async () => {
		const {environment, buyer, server, key} = await unknownShop();
		await buyer.handle.resolve('refused');
		expect(buyer.handle.state.status).toBe('refused');
		const report = await environment.finish(buyer.pay());
		expect(report.outcome).toBe('succeeded');
		expect(report.key).not.toBe(key);
		expect(server.requests).toHaveLength(2);
	});

	test('it is the way out of a final unknown', async () => {
		const {environment, realm, server} = openShop();
		server.script(answer(500, {'idempotent-replayed': 'true'}));
		const {pay, handle} = realm();
		await environment.finish(pay());
		await handle.resolve('refused');
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
	});

	test.each(['succeeded', 'refused'] as const)('%s is refused while somebody is at it', async outcome => {
		const {environment, realm, server} = openShop();
		server.script(after(5000));
		const owner = realm();
		const call = owner.pay();
		await environment.settle();
		for (const {handle} of [owner, realm()])
			await expect(handle.resolve(outcome)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect((await environment.finish(call)).outcome).toBe('succeeded');
	});

	// Invariant 6
	test('it cannot undo a success', async () => {
		const {buyer, record} = await paidShop();
		await expect(buyer.handle.resolve('refused')).rejects.toBeInstanceOf(TypeError);
		await expect(buyer.handle.resolve('succeeded')).resolves.toBeUndefined();
		expect((await record())?.state.status).toBe('succeeded');
	});

	test('it is a TypeError where there is nothing to resolve', async () => {
		const {realm} = openShop();
		await expect(realm().handle.resolve('succeeded')).rejects.toBeInstanceOf(TypeError);
	});
});

describe('forget', () => {
	// Invariant 4
	test('it is refused while the outcome is unknown or a flight is on its way', async () => {
		const {environment, realm, buyer, server, key} = await unknownShop();
		await expect(buyer.handle.forget()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key});
		server.script(after(1000));
		const call = buyer.pay();
		await environment.settle();
		for (const {handle} of [buyer, realm()])
			await expect(handle.forget()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key});
		expect((await environment.finish(call)).key).toBe(key);
	});

	test('it drops a success and a mismatch', async () => {
		const {environment, buyer, server} = await paidShop();
		await buyer.handle.forget();
		server.script(answer(422, {}, 'idempotency key reused'));
		expect((await environment.finish(buyer.pay())).outcome).toBe('mismatched');
		await buyer.handle.forget();
		expect((await environment.finish(buyer.pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(3);
	});

	test('with force it drops an unknown operation, and the next call may charge twice', async () => {
		const {environment, buyer, server, key} = await unknownShop();
		await buyer.handle.forget({force: true});
		expect(buyer.handle.state.status).toBe('idle');
		expect((await environment.finish(buyer.pay())).key).not.toBe(key);
		expect(server.requests).toHaveLength(2);
	});

	test('with force in the middle of a flight, its late answer does not settle the new operation', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(after(1000), hang);
		const owner = realm();
		const call = owner.pay();
		await environment.settle();
		const other = realm();
		await other.handle.forget({force: true});
		const again = other.pay();
		await environment.advance(1000);
		expect(await call).toMatchObject({outcome: 'succeeded', key: server.keys()[0]});
		expect(await record()).toMatchObject({key: server.keys()[1], state: {status: 'sending'}});
		void again;
	});
});
