import type {Page} from 'playwright';
import {expect, test} from 'vitest';
import {gate} from '../http/realm.ts';
import {holdRequest} from '../support/faulty-server.ts';
import {passTime} from './pass-time.ts';
import {ask, expectAttempts, expectOneCharge, expectStory, press, pressAndLeave, visit} from './visit.ts';

const host = 'shop.test';

/** What a page on http:// has, and what it lacks. */
async function expectInsecure(page: Page): Promise<void> {
	const has = await page.evaluate(() => [
		isSecureContext,
		'locks' in navigator,
		'subtle' in crypto,
		'indexedDB' in globalThis,
	]);
	expect(has).toEqual([false, false, false, true]);
}

test('a double click on an http:// page is one charge, hashed by what is loaded only there', async () => {
	const here = await visit();
	const scripts: string[] = [];
	here.context.on('request', request => {
		if (request.url().endsWith('.js')) scripts.push(new URL(request.url()).pathname);
	});
	const page = await here.open({host});
	await expectInsecure(page);
	const before = scripts.length;
	const [one, other] = await ask(page, shop => shop.pressTwice());
	expect(one).toMatchObject({status: 201});
	expect(other).toEqual(one);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
	expect(scripts.slice(before).filter(path => path.includes('hash-fallback'))).toHaveLength(1);

	scripts.length = 0;
	const secure = await here.open();
	expect(await ask(secure, shop => shop.press(43))).toMatchObject({status: 201});
	expect(scripts).not.toContainEqual(expect.stringContaining('hash-fallback'));
});

test('where that cannot be loaded, nothing is sent or written, and the error says what to do', async () => {
	const here = await visit();
	const page = await here.open({host});
	await page.route('**/hash-fallback*', async route => route.abort());
	const told = await press(page);
	expect(told).toMatchObject({code: 'NOT_SENT', outcome: 'not-sent'});
	expect(told.message).toMatch(/safe to try again.*reload it, or serve it over https\.$/);
	expect(here.server.requests).toEqual([]);
	expect(await ask(page, shop => shop.record())).toBeUndefined();
});

test('two tabs on http:// are told the same, and one of them pays', async () => {
	const here = await visit();
	const work = gate();
	here.server.script([holdRequest(work.opened)]);
	const [one, other] = [await here.open({host}), await here.open({host})];
	await expectInsecure(other);
	const first = press(one);
	await expectAttempts(here, 1);
	const second = press(other);
	await expectStory(other, 'waiting-elsewhere');
	work.open();
	expect(await first).toMatchObject({status: 201});
	expect(await second).toEqual(await first);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('a reload in flight on http://, then another press, waits for the lease to end, and is one charge', async () => {
	const here = await visit();
	const work = gate();
	here.server.script([holdRequest(work.opened)]);
	// A lease of eleven seconds.
	const page = await here.open({host, timeout: 5_000, retry: {maxRetryAfter: 1_000}});
	await pressAndLeave(page);
	await expectAttempts(here, 1);
	await page.reload();
	await expectInsecure(page);
	const told = press(page);
	await expectStory(page, 'waiting-elsewhere');
	expect(here.server.requests).toHaveLength(1);

	await page.evaluate(passTime, 12_000);
	await expectAttempts(here, 2);
	work.open();
	expect(await told).toMatchObject({status: 201});
	expect(await ask(page, shop => shop.story())).toContain('taken-over');
	expectOneCharge(here);
});

test('a page on http:// that wakes up in the cache after it was taken over charges nothing more', async () => {
	const here = await visit();
	const work = gate();
	here.server.script([holdRequest(work.opened)]);
	const patient = {host, timeout: 5_000, retry: {maxRetryAfter: 1_000}};
	const page = await here.open(patient);
	await pressAndLeave(page);
	await expectAttempts(here, 1);
	await page.goto(`${here.origin}/away`);

	const other = await here.open(patient);
	await other.evaluate(passTime, 12_000);
	const told = press(other);
	await expectAttempts(here, 2);
	work.open();
	expect(await told).toMatchObject({status: 201});

	await page.goBack({waitUntil: 'commit'});
	expect(await ask(page, shop => shop.restored())).toBe(true);
	expect(await press(page)).toEqual(await told);
	expectOneCharge(here);
});
