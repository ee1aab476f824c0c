import {expect, test} from 'vitest';
import {gate} from '../http/realm.ts';
import {holdRequest, holdResponse, none, type Fault} from '../support/faulty-server.ts';
import {dropLater} from './drop-later.ts';
import {passTime} from './pass-time.ts';
import {rawTabs, type RawTab} from './raw-tabs.ts';
import {expectAttempts, expectOneCharge, visit, type Visit} from './visit.ts';

/** A tab that was frozen after its first attempt has begun, and another that waits for it. Leases of eleven seconds. */
async function frozenInFlight(faults: readonly Fault[]) {
	const here = await visit();
	here.server.script(faults);
	const open = await rawTabs(here.context.browser()!);
	const address = here.address({timeout: 5_000, retry: {maxRetryAfter: 1_000}});
	const frozen = await open(address);
	const first = frozen.ask(shop => shop.press());
	await expectAttempts(here, 1);

	const other = await open(address);
	await other.show();
	await frozen.freeze();
	const second = other.ask(shop => shop.press());
	await expectStory(other, 'waiting-elsewhere');
	return {here, frozen, other, first, second};
}

async function expectStory(tab: RawTab, event: string): Promise<void> {
	await expect.poll(async () => tab.ask(shop => shop.story())).toContain(event);
}

test('the other tab waits for one that is frozen in flight, and is answered when that wakes up', async () => {
	const answer = gate();
	const {here, frozen, other, first, second} = await frozenInFlight([holdResponse(answer.opened)]);
	answer.open();
	expect(await frozen.ask(shop => shop.story())).toEqual(['attempt']);
	expect(await other.ask(shop => shop.unfinished())).toMatchObject([{operation: ['checkout', '42'], working: true}]);
	expect(await other.ask(shop => shop.story())).toEqual(['waiting-elsewhere']);

	await frozen.wake();
	expect(await first).toMatchObject({status: 201});
	expect(await second).toEqual(await first);
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(1);
});

async function lapse(here: Visit, other: RawTab): Promise<void> {
	expect(here.server.requests).toHaveLength(1);
	await other.evaluate(`(${passTime.toString()})(12_000)`);
	await expectStory(other, 'taken-over');
}

test('after its lease the other tab takes over, and the frozen one wakes up to the same answer', async () => {
	const work = gate();
	const {here, frozen, other, first, second} = await frozenInFlight([holdRequest(work.opened)]);
	await lapse(here, other);
	work.open();
	expect(await second).toMatchObject({status: 201});
	await frozen.wake();
	expect(await first).toEqual(await second);
	expectOneCharge(here);
});

test('a frozen tab whose answer was lost looks before it repeats: it wakes up to what the other was told', async () => {
	const loss = gate();
	const {here, frozen, other, first, second} = await frozenInFlight([dropLater(loss.opened), none]);
	await lapse(here, other);
	expect(await second).toMatchObject({status: 201});
	loss.open();
	await frozen.wake();
	expect(await first).toEqual(await second);
	expect(await frozen.ask(shop => shop.story())).toContain('lease-lost');
	expectOneCharge(here);
	expect(here.server.requests).toHaveLength(2);
});
