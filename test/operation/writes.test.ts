import {describe, expect, test} from 'vitest';
import type {OperationRecord} from '../../src/operation/record.ts';
import {gate, openShop} from './shop.ts';

const never = async () => new Promise<never>(() => undefined);
const broken = async () => Promise.reject(new Error('disk full'));

describe('the steps of a happy call', () => {
	test('are two writes, no more', async () => {
		const {environment, realm, store} = openShop();
		const steps: string[] = [];
		const spied = Object.fromEntries(
			Object.entries(store).map(([name, step]) => [
				name,
				(...given: never[]) => {
					steps.push(name);
					return (step as (...given: never[]) => unknown)(...given);
				},
			]),
		);
		const {pay} = realm({}, spied);
		await environment.finish(pay({operation: 'the first in an hour'}));
		expect(steps).toEqual(['claim', 'settle', 'sweep']);
		steps.length = 0;
		await environment.finish(pay());
		expect(steps).toEqual(['claim', 'settle']);
	});

	test('a store is swept once an hour, in a process that lives long too', async () => {
		const {environment, realm, store} = openShop();
		let sweeps = 0;
		const {pay} = realm(
			{},
			{
				sweep() {
					sweeps++;
					return store.sweep();
				},
			},
		);
		await environment.finish(pay());
		await environment.finish(pay());
		expect(sweeps).toBe(1);
		await environment.advance(3_600_000);
		await environment.finish(pay());
		await environment.settle();
		expect(sweeps).toBe(2);
	});

	// Invariant 1
	test('nothing is sent before the claim is durable, and then under the key that is written', async () => {
		const {environment, realm, server, store, record} = openShop();
		const durable = gate();
		const {pay} = realm(
			{},
			{
				async claim(id, claim) {
					const result = await store.claim(id, claim);
					await durable.opened;
					return result;
				},
			},
		);
		let written: OperationRecord | undefined;
		server.script(async ({serve}) => {
			written = await record();
			return serve();
		});
		const call = pay();
		await environment.settle();
		expect(server.requests).toHaveLength(0);
		durable.open();
		const {key} = await environment.finish(call);
		expect(server.keys()).toEqual([key]);
		expect(written).toMatchObject({key, state: {status: 'sending'}});
	});

	test.each([
		['fails', broken],
		['hangs', never],
	])('go on where presence %s: the lease bounds the rest', async (_, hold) => {
		const {environment, realm, server} = openShop();
		const report = await environment.finish(realm({}, {presence: {hold, gone: never}}).pay());
		expect(report).toMatchObject({outcome: 'succeeded', error: undefined});
		expect(server.requests).toHaveLength(1);
	});
});
