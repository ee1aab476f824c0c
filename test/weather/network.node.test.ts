import {describe, expect, test} from 'vitest';
import {gate} from '../http/realm.ts';
import {dropResponse} from '../support/faulty-server.ts';
import {dropLater} from './drop-later.ts';
import {ask, expectAttempts, expectOneCharge, expectStory, press, visit} from './visit.ts';

describe('offline', () => {
	test('a press is sent once the network is back', async () => {
		const here = await visit();
		const page = await here.open();
		await here.context.setOffline(true);
		const told = press(page);
		await expectStory(page, 'wait offline');
		expect(here.server.requests).toEqual([]);

		await here.context.setOffline(false);
		expect(await told).toMatchObject({status: 201});
		expectOneCharge(here);
		expect(here.server.requests).toHaveLength(1);
	});

	test('an answer that is lost there is fetched once the network is back', async () => {
		const here = await visit();
		const loss = gate();
		here.server.script([dropLater(loss.opened)]);
		const page = await here.open();
		const told = press(page);
		await expectAttempts(here, 1);
		await here.context.setOffline(true);
		loss.open();
		await expectStory(page, 'wait offline');

		await here.context.setOffline(false);
		expect(await told).toMatchObject({status: 201});
		expectOneCharge(here);
		expect(here.server.requests).toHaveLength(2);
	});
});

test('what the browser sends again by itself goes under the same key', async () => {
	const here = await visit({keepAlive: true});
	const page = await here.open();
	here.server.script([dropResponse]);
	expect(await press(page)).toMatchObject({status: 201});
	expect((await ask(page, shop => shop.story())).filter(event => event === 'attempt')).toHaveLength(1);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(2);
});

describe('a server of another origin', () => {
	const quick = {backoffLimit: 1};

	test('that does not allow the header is told by its name; once it does, the next press is one charge under the same key', async () => {
		const shop = await visit();
		const api = await visit();
		api.gateway.allow('content-type');
		const page = await shop.open({api: api.origin, retry: quick});
		const told = await press(page);
		expect(told).toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			message: expect.stringContaining('request header Idempotency-Key') as unknown,
		});
		expect(await ask(page, shop => shop.suspected())).toEqual(['Idempotency-Key']);
		expect(api.gateway.preflights).toBeGreaterThan(0);
		expect(api.server.requests).toEqual([]);

		api.gateway.allow('content-type, idempotency-key');
		expect(await press(page)).toMatchObject({status: 201});
		expectOneCharge(api);
		expect(api.server.effects).toEqual(new Map([['key' in told && told.key, 1]]));
	});

	test('that allows it, and hides its marker of a replay, is believed when it replays', async () => {
		const shop = await visit();
		const api = await visit();
		api.gateway.allow('content-type, idempotency-key');
		api.server.script([dropResponse]);
		const page = await shop.open({api: api.origin, retry: quick});
		expect(await press(page)).toMatchObject({status: 201});
		expect(await ask(page, shop => shop.suspected())).toEqual(['Idempotency-Key']);
		expectOneCharge(api);
		expect(api.server.requests).toHaveLength(2);
	});
});
