import type {Page} from 'playwright';
import {expect, test} from 'vitest';
import {gate} from '../http/realm.ts';
import {holdRequest} from '../support/faulty-server.ts';
import {ask, expectAttempts, expectOneCharge, expectStory, press, pressAndLeave, visit} from './visit.ts';

test('a tab that pays what another is paying waits, and is told the same', async () => {
	const here = await visit();
	const work = gate();
	here.server.script([holdRequest(work.opened)]);
	const [one, other] = [await here.open(), await here.open()];
	const first = press(one);
	await expectAttempts(here, 1);
	const second = press(other);
	await expectStory(other, 'waiting-elsewhere');
	expect(await ask(other, shop => shop.unfinished())).toMatchObject([{operation: ['checkout', '42'], working: true}]);

	work.open();
	const told = await first;
	expect(told).toMatchObject({status: 201});
	expect(await second).toEqual(told);
	expect(await ask(other, shop => shop.unfinished())).toEqual([]);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

test('a card that is refused in one tab is refused in the other that waits, and asked once', async () => {
	const work = gate();
	const here = await visit({resolver: () => Response.json({error: 'card declined'}, {status: 402})});
	here.server.script([holdRequest(work.opened)]);
	const [one, other] = [await here.open(), await here.open()];
	const first = press(one);
	await expectAttempts(here, 1);
	const second = press(other);
	await expectStory(other, 'waiting-elsewhere');

	work.open();
	expect(await first).toEqual({status: 402, body: '{"error":"card declined"}'});
	expect(await second).toEqual(await first);
	expect(here.server.requests).toHaveLength(1);
	expect(here.server.effects).toEqual(new Map());
});

const crash = async (page: Page) => {
	const crashed = page.waitForEvent('crash');
	const devtools = await page.context().newCDPSession(page);
	void devtools.send('Page.crash').catch(() => undefined);
	await crashed;
};

test.each([
	['is closed', (page: Page) => page.close()],
	['crashes', crash],
])('when a tab %s in flight, the one that waits takes over at once, under the same key', async (_, end) => {
	const here = await visit();
	const work = gate();
	here.server.script([holdRequest(work.opened)]);
	const [one, other] = [await here.open(), await here.open()];
	await pressAndLeave(one);
	await expectAttempts(here, 1);
	const told = press(other);
	await expectStory(other, 'waiting-elsewhere');

	await end(one);
	// The lease of the other lasts longer than this waits.
	await expectAttempts(here, 2);
	work.open();
	expect(await told).toMatchObject({status: 201});
	expect(await ask(other, shop => shop.story())).toContain('taken-over');
	expectOneCharge(here);
});
