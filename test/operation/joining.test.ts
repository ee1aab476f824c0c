import {describe, expect, test} from 'vitest';
import {after, hang, lose, swallow} from '../support/fake-server.ts';
import {gate, OPERATION, openShop} from './shop.ts';

describe('joining a flight', () => {
	// Invariant 2
	test('two clicks in the same tick are one exchange, each with its own readable Response', async () => {
		const {environment, realm, server} = openShop();
		const {pay, types} = realm();
		const [one, two] = await environment.finish(Promise.all([pay(), pay()]));
		expect(server.requests).toHaveLength(1);
		expect(one.response).not.toBe(two.response);
		expect(await one.response?.json()).toEqual({key: one.key, charges: 1});
		expect(await two.response?.json()).toEqual({key: one.key, charges: 1});
		expect(types()).toContain('joined');
	});

	// Invariant 2
	test('a click joins even when its body and scope take time to read', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({scope: 'ann'});
		const body = () => new Blob(['{"cart":42}']).stream();
		const slow = {duplex: 'half'} as RequestInit;
		const reports = await environment.finish(
			Promise.all([pay({...slow, body: body()}), pay({...slow, body: body()}), pay({...slow, body: body()})]),
		);
		expect(reports.map(({outcome}) => outcome)).toEqual(['succeeded', 'succeeded', 'succeeded']);
		expect(server.charges()).toBe(1);
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 9
	test('a joiner with another payload gets PayloadChangedError, and nothing of its own is sent', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		const [one, two] = await environment.finish(Promise.all([pay(), pay({body: '{"cart":43}'})]));
		expect(one.outcome).toBe('succeeded');
		expect(two.error).toMatchObject({code: 'PAYLOAD_CHANGED', operation: OPERATION});
		expect(server.requests).toHaveLength(1);
	});

	test('an abort detaches its caller only', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		server.script(after(1000));
		const leaving = new AbortController();
		const reason = new Error('closed the dialog');
		const left = pay({signal: leaving.signal});
		const stayed = pay();
		await environment.advance(500);
		leaving.abort(reason);
		expect((await environment.finish(left)).error).toBe(reason);
		expect((await environment.finish(stayed)).outcome).toBe('succeeded');
		expect(server.requests).toHaveLength(1);
	});

	test('a time-out detaches its caller only, who is told that the outcome is unknown', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		server.script(after(5000));
		const hasty = pay({totalTimeout: 1000});
		const patient = pay();
		const told = await environment.finish(hasty);
		expect(told.error).toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 1, key: server.keys()[0]});
		expect((await environment.finish(patient)).outcome).toBe('succeeded');
	});

	test('an abort before the call sends and writes nothing', async () => {
		const {environment, realm, server, record} = openShop();
		const report = await environment.finish(realm().pay({signal: AbortSignal.abort(new Error('no'))}));
		expect(report.error).toMatchObject({message: 'no'});
		expect(server.requests).toHaveLength(0);
		expect(await record()).toBeUndefined();
	});

	test('when the first caller has left, its request still goes on for those who joined', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		server.script(lose);
		const leaving = new AbortController();
		void pay({signal: leaving.signal});
		const stayed = pay();
		await environment.settle();
		leaving.abort();
		const report = await environment.finish(stayed);
		expect(report).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});

	test('when the first body cannot be had, the next caller is promoted', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		const broken = new ReadableStream({
			pull() {
				throw new Error('the disk is gone');
			},
		});
		const first = pay({body: broken, duplex: 'half'} as RequestInit);
		const second = pay();
		const [one, two] = await environment.finish(Promise.all([first, second]));
		expect(String(one.error)).toContain('the disk is gone');
		expect(two.outcome).toBe('succeeded');
		expect(server.requests).toHaveLength(1);
	});

	test('when no body can be had, nothing is sent and the next call begins anew', async () => {
		const {environment, realm, server, record} = openShop();
		const {pay} = realm();
		const broken = () =>
			new ReadableStream({
				pull() {
					throw new Error('the disk is gone');
				},
			});
		const report = await environment.finish(pay({body: broken(), duplex: 'half'} as RequestInit));
		expect(String(report.error)).toContain('the disk is gone');
		expect(server.requests).toHaveLength(0);
		expect(await record()).toBeUndefined();
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
	});
});

describe('when everybody has left', () => {
	test('the exchange is aborted after 100 ms and no further attempt starts', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(hang);
		const leaving = new AbortController();
		void realm().pay({signal: leaving.signal});
		await environment.settle();
		leaving.abort();
		await environment.advance(99);
		expect(server.requests[0]?.signal?.aborted).toBe(false);
		await environment.advance(1);
		expect(server.requests[0]?.signal?.aborted).toBe(true);
		await environment.advance(60_000);
		expect(server.requests).toHaveLength(1);
		expect((await record())?.state.status).toBe('unknown');
	});

	test('no further attempt starts within the linger either', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(50, lose));
		const leaving = new AbortController();
		void realm({retry: {delay: () => 0}}).pay({signal: leaving.signal});
		await environment.settle();
		leaving.abort();
		await environment.advance(60_000);
		expect(server.requests).toHaveLength(1);
	});

	test('a call within the linger joins: React mounts twice, and pays once', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm();
		server.script(after(500));
		const leaving = new AbortController();
		void pay({signal: leaving.signal});
		await environment.settle();
		leaving.abort();
		await environment.advance(99);
		const again = await environment.finish(pay());
		expect(again).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(server.requests).toHaveLength(1);
		expect(server.requests[0]?.signal?.aborted).toBe(false);
	});

	// Invariant 4
	test('a call after the linger waits for the settle, then goes as unknown under the same key', async () => {
		const {environment, realm, server, store} = openShop();
		const settling = gate();
		const {pay, types} = realm(
			{},
			{
				async settle(id, settlement) {
					await settling.opened;
					return store.settle(id, settlement);
				},
			},
		);
		server.script(swallow);
		const leaving = new AbortController();
		void pay({signal: leaving.signal});
		await environment.settle();
		leaving.abort();
		await environment.advance(100);
		const again = pay();
		await environment.advance(1000);
		expect(server.requests).toHaveLength(1);
		settling.open();
		const report = await environment.finish(again);
		expect(report).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(types()).toContain('taken-over');
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});
});
