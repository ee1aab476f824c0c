import {describe, expect, test} from 'vitest';
import {after, drop, hang, lose, swallow} from '../support/fake-server.ts';
import {gate, openShop} from './shop.ts';

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
	test.each([
		['before anything was sent', 0],
		['after an attempt that failed', 1],
	])('who joins when a flight ends for want of callers, %s, sends', async (_, sent) => {
		const {environment, server, realm, store} = openShop();
		const settling = gate();
		const {pay} = realm(
			{retry: {delay: () => 0}},
			{settle: async (...given) => settling.opened.then(async () => store.settle(...given))},
		);
		if (sent > 0) server.script(after(50, drop));
		const leaving = new AbortController();
		const left = pay({signal: leaving.signal});
		if (sent > 0) await environment.settle();
		leaving.abort();
		await environment.advance(50);
		expect(server.requests).toHaveLength(sent);
		const joined = pay();
		settling.open();
		expect(await environment.finish(joined)).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect((await left).error).toMatchObject({name: 'AbortError'});
		expect(server.requests).toHaveLength(sent + 1);
		expect(new Set(server.keys()).size).toBe(1);
	});

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
