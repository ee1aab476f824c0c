import type {Page} from 'playwright';
import {expect, test} from 'vitest';
import {gate} from '../http/realm.ts';
import {holdResponse} from '../support/faulty-server.ts';
import {dropLater} from './drop-later.ts';
import {ask, expectAttempts, expectOneCharge, expectStory, press, visit} from './visit.ts';

/** Before the page's own scripts: keeps its connections, so that a test can close them as a browser does. */
function keepConnections(): void {
	const connections = new Set<IDBDatabase>();
	const open = IDBFactory.prototype.open;
	IDBFactory.prototype.open = function (...args) {
		const request = open.apply(this, args);
		request.addEventListener('success', () => connections.add(request.result));
		return request;
	};
	Object.assign(globalThis, {connections});
}

function closeConnections(): void {
	const {connections} = globalThis as typeof globalThis & {readonly connections: Set<IDBDatabase>};
	for (const connection of connections) connection.close();
}

test('a connection that the browser drops in flight is opened again for the outcome', async () => {
	const here = await visit();
	const answer = gate();
	here.server.script([holdResponse(answer.opened)]);
	await here.context.addInitScript(keepConnections);
	const page = await here.open();
	const other = await here.open();
	const told = press(page);
	await expectAttempts(here, 1);
	expect(await ask(other, shop => shop.unfinished())).toMatchObject([{operation: ['checkout', '42'], working: true}]);

	await page.evaluate(closeConnections);
	answer.open();
	expect(await told).toMatchObject({status: 201});
	expect(await ask(page, shop => shop.story())).toEqual(['attempt', 'answer', 'settled']);
	expect(await ask(other, shop => shop.unfinished())).toEqual([]);
	expect(await press(other)).toMatchObject({code: 'ALREADY_SUCCEEDED'});
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

/** As the customer does in the settings: the browser closes every connection, and all is gone. */
async function clearSiteData(page: Page): Promise<void> {
	const devtools = await page.context().newCDPSession(page);
	await devtools.send('Storage.clearDataForOrigin', {origin: new URL(page.url()).origin, storageTypes: 'all'});
}

test('when site data is cleared between two attempts, the second goes under the same key', async () => {
	const here = await visit();
	const loss = gate();
	here.server.script([dropLater(loss.opened)]);
	const page = await here.open();
	const told = press(page);
	await expectAttempts(here, 1);
	await clearSiteData(page);
	loss.open();
	expect(await told).toMatchObject({status: 201});
	expect(await ask(page, shop => shop.story())).toContain('lease-lost');
	expect(await ask(page, shop => shop.unfinished())).toEqual([]);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(2);
});

test('when site data is cleared in flight, the page that was told of its success still knows it', async () => {
	const here = await visit();
	const answer = gate();
	here.server.script([holdResponse(answer.opened)]);
	const page = await here.open();
	const told = press(page);
	await expectAttempts(here, 1);
	await clearSiteData(page);
	answer.open();
	expect(await told).toMatchObject({status: 201});
	expect(await ask(page, shop => shop.unfinished())).toEqual([]);
	expect(await press(page)).toEqual(await told);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('when another tab has upgraded the database, a press is a StoreError in every older one, and nothing is sent', async () => {
	const here = await visit();
	const open = await here.open();
	expect(await ask(open, shop => shop.unfinished())).toEqual([]);
	await ask(await here.open(), shop => shop.upgrade());
	for (const page of [open, await here.open()]) {
		const told = await press(page);
		expect(told).toMatchObject({code: 'STORE_FAILED', attempts: 0});
		expect('message' in told && told.message).toMatch(/version/);
	}

	expect(here.server.requests).toEqual([]);
});

test('when another tab upgrades the database in flight, the answer counts, and this page knows it', async () => {
	const here = await visit();
	const answer = gate();
	here.server.script([holdResponse(answer.opened)]);
	const page = await here.open();
	const told = press(page);
	await expectAttempts(here, 1);
	await ask(await here.open(), shop => shop.upgrade());
	answer.open();
	expect(await told).toMatchObject({status: 201});
	await expectStory(page, 'store-error');
	expect(await press(page)).toEqual(await told);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('a record of a future version is a StoreError, nothing is sent, and the record stays as it is', async () => {
	const here = await visit();
	await press(await here.open());
	const page = await here.open();
	const record = {...(await ask(page, shop => shop.record())), version: 2};
	await page.evaluate(`shop.replaceRecord(${JSON.stringify(record)})`);
	const told = await press(page);
	expect(told).toMatchObject({code: 'STORE_FAILED', attempts: 0});
	expect('message' in told && told.message).toMatch(/version 2/);
	await expect(ask(page, shop => shop.unfinished())).rejects.toThrow('version 2');
	expect(await ask(page, shop => shop.record())).toEqual(record);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});
