import {expect, test} from 'vitest';
import {gate} from '../http/realm.ts';
import {holdRequest, holdResponse} from '../support/faulty-server.ts';
import {ask, expectAttempts, expectOneCharge, expectStory, press, pressAndLeave, visit} from './visit.ts';

test('a page that has paid comes back from the cache, whatever other tabs pay meanwhile, and knows it', async () => {
	const here = await visit();
	const page = await here.open();
	const told = await press(page);
	expect(await page.evaluate(async () => (await navigator.locks.query()).held)).toEqual([]);
	expectOneCharge(here);

	await page.goto(`${here.origin}/away`);
	// News on an open channel would put the page out of the cache.
	const other = await here.open();
	expect(await ask(other, shop => shop.press(43))).toMatchObject({status: 201});
	await page.goBack({waitUntil: 'commit'});
	expect(await ask(page, shop => shop.restored())).toBe(true);
	expect(await press(page)).toEqual(told);
	expect(here.server.requests).toHaveLength(2);
});

test('a page that is left in flight and come back to is still at it: another press joins', async () => {
	const here = await visit();
	const work = gate();
	here.server.script([holdRequest(work.opened)]);
	const page = await here.open();
	await pressAndLeave(page);
	await expectAttempts(here, 1);
	await page.goto(`${here.origin}/away`);
	await page.goBack({waitUntil: 'commit'});
	expect(await ask(page, shop => shop.restored())).toBe(true);

	const told = press(page);
	await expectStory(page, 'joined');
	work.open();
	expect(await told).toMatchObject({status: 201});
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('an answer that comes while its page is in the cache is not lost', async () => {
	const here = await visit();
	const answer = gate();
	here.server.script([holdResponse(answer.opened)]);
	const page = await here.open();
	await pressAndLeave(page);
	await expectAttempts(here, 1);
	await page.goto(`${here.origin}/away`);
	answer.open();
	await page.goBack({waitUntil: 'commit'});
	expect(await ask(page, shop => shop.restored())).toBe(true);
	expect(await press(page)).toMatchObject({status: 201});
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('the shop opened again over a page in flight takes over at once, and going back charges nothing more', async () => {
	const here = await visit();
	const work = gate();
	here.server.script([holdRequest(work.opened)]);
	const page = await here.open();
	await pressAndLeave(page);
	await expectAttempts(here, 1);

	await page.goto(here.address({retry: {maxRetryAfter: 1_000}}));
	const told = press(page);
	// The page in the cache holds the lock that this one asks for, so the browser drops it.
	await expectStory(page, 'taken-over');
	work.open();
	expect(await told).toMatchObject({status: 201});
	await page.goBack();
	expect(await ask(page, shop => shop.restored())).toBe(false);
	expect(await press(page)).toEqual(await told);
	expectOneCharge(here);
});
