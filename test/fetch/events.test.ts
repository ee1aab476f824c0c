import {expect, test} from 'vitest';
import {lose} from '../support/fake-server.ts';
import {OPERATION, openShop} from '../operation/shop.ts';

test('events tell the whole way of a call, each with its operation, key and time', async () => {
	const {environment, realm, server} = openShop();
	server.script(lose);
	const {pay, events, types} = realm();
	const {key} = await environment.finish(pay());
	expect(types()).toEqual(['attempt', 'answer', 'wait', 'attempt', 'answer', 'settled']);
	for (const event of events) expect(event).toMatchObject({operation: OPERATION, key});
	expect(events[1]).toMatchObject({verdict: 'failed', status: undefined, error: new TypeError('fetch failed')});
	expect(events[2]).toMatchObject({why: 'retry'});
	expect(events[4]).toMatchObject({verdict: 'succeeded', status: 201, replayed: true});
	expect(events[5]).toMatchObject({outcome: 'succeeded', status: 201, attempts: 2, replayed: true});
});

test('a listener that throws harms nothing', async () => {
	const {environment, realm, server} = openShop();
	server.script(lose);
	const onEvent = () => {
		throw new Error('in the logger');
	};
	expect((await environment.finish(realm({onEvent}).pay())).outcome).toBe('succeeded');
	expect(server.charges()).toBe(1);
});
