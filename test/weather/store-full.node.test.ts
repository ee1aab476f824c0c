import type {Page} from 'playwright';
import {expect, test} from 'vitest';
import {gate} from '../http/realm.ts';
import {holdResponse} from '../support/faulty-server.ts';
import {
	ask,
	expectAttempts,
	expectOneCharge,
	expectStory,
	press,
	visit,
	type PageOptions,
	type Visit,
} from './visit.ts';

/** From now on the browser gives this origin so much room, in bytes; without a number, as much as ever. */
async function giveRoom(page: Page, quotaSize?: number): Promise<void> {
	const devtools = await page.context().newCDPSession(page);
	const {origin} = new URL(page.url());
	await devtools.send('Storage.overrideQuotaForOrigin', {origin, ...(quotaSize !== undefined && {quotaSize})});
}

/** A shop that has its database already, in a browser that gives it little room. */
async function openSmall(here: Visit, options?: PageOptions): Promise<Page> {
	const page = await here.open(options);
	await giveRoom(page, 100_000);
	expect(await ask(page, shop => shop.unfinished())).toEqual([]);
	return page;
}

/** Takes all room, also what the browser has promised before. */
async function fill(page: Page): Promise<void> {
	await giveRoom(page, 1);
	await ask(page, shop => shop.fill());
}

async function expectWritten(page: Page, status: string): Promise<void> {
	await expect.poll(async () => (await ask(page, shop => shop.record()))?.state.status).toBe(status);
}

test('where storage is full nothing is sent, and the message says why; with room again it is one charge', async () => {
	const here = await visit();
	const page = await openSmall(here);
	await fill(page);
	const told = await press(page);
	expect(told).toMatchObject({code: 'STORE_FAILED', attempts: 0});
	expect('message' in told && told.message).toMatch(/quota/i);
	expect(here.server.requests).toEqual([]);

	await giveRoom(page);
	expect(await press(page)).toMatchObject({status: 201});
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('where storage is full and the shop prefers to go on, it is one charge, and is written once there is room', async () => {
	const here = await visit();
	const page = await openSmall(here, {onStoreError: 'degrade'});
	await fill(page);
	const [one, other] = await ask(page, shop => shop.pressTwice());
	expect(one).toMatchObject({status: 201});
	expect(other).toEqual(one);
	expect(await ask(page, shop => shop.story())).toContain('degraded');
	expect(await press(page)).toEqual(one);

	await giveRoom(page);
	await expectWritten(page, 'succeeded');
	expect(await press(await here.open())).toMatchObject({code: 'ALREADY_SUCCEEDED'});
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('storage that fills up in flight takes nothing from the customer, and is written once there is room', async () => {
	const here = await visit();
	const answer = gate();
	here.server.script([holdResponse(answer.opened)]);
	const page = await openSmall(here);
	const told = press(page);
	await expectAttempts(here, 1);
	await fill(page);
	answer.open();
	expect(await told).toMatchObject({status: 201});
	await expectStory(page, 'store-error');
	expect(await press(page)).toEqual(await told);
	await expectWritten(page, 'sending');

	await giveRoom(page);
	await expectWritten(page, 'succeeded');
	expect(await press(await here.open())).toMatchObject({code: 'ALREADY_SUCCEEDED'});
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});
