import {describe, expect, test} from 'vitest';
import {after, lose} from '../support/fake-server.ts';
import {OPERATION, openShop} from './shop.ts';

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
		const streamed = () => {
			const body = new ReadableStream({
				start(controller) {
					controller.enqueue(new TextEncoder().encode('{"cart":42}'));
					controller.close();
				},
			});
			return pay({body, duplex: 'half'} as RequestInit);
		};
		const reports = await environment.finish(Promise.all([streamed(), streamed(), streamed()]));
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

	test('a joiner without a key of its own is not told that the key of the first caller cannot be used', async () => {
		const {environment, realm, server} = openShop();
		await environment.finish(realm().pay({idempotencyKey: 'order-42'}));
		const {pay} = realm();
		const [first, joiner] = await environment.finish(Promise.all([pay({idempotencyKey: 'order-43'}), pay()]));
		expect(first.error).toMatchObject({name: 'TypeError', message: expect.stringContaining('another key') as string});
		expect(joiner).toMatchObject({outcome: 'succeeded', key: 'order-42'});
		expect(server.charges()).toBe(1);
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
		const {pay, handle} = realm();
		const broken = new ReadableStream({
			pull() {
				throw new Error('the disk is gone');
			},
		});
		const first = pay({body: broken, duplex: 'half'} as RequestInit);
		const second = pay();
		const seen = new Set<string>();
		handle.subscribe(({status}) => seen.add(status));
		const [one, two] = await environment.finish(Promise.all([first, second]));
		expect([...seen]).toEqual(['working', 'succeeded']);
		expect(one.error).toMatchObject({code: 'BODY_NOT_REPLAYABLE', cause: {message: 'the disk is gone'}});
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
		expect(report).toMatchObject({outcome: 'not-sent', error: {cause: {message: 'the disk is gone'}}});
		expect(server.requests).toHaveLength(0);
		expect(await record()).toBeUndefined();
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
	});
});
