import {expect, test} from 'vitest';
import {chargesByKey, expectAttempts, expectPaid, visit} from './visit.ts';

test('a reload in flight, then another press, is one charge under one key', async () => {
	const here = await visit();
	const page = await here.open();
	await page.getByLabel('Take four seconds').check();
	await page.locator('#pay').click();
	await expectAttempts(here, 1);

	await page.reload();
	await page.getByRole('button', {name: 'Finish your payment'}).click();
	await expectAttempts(here, 2);
	here.finishWork();
	await expectPaid(page);
	expect(new Set(here.shop.tills.latchkey.attempts.map(({key}) => key)).size).toBe(1);
	expect(chargesByKey(here)).toEqual([1]);
});

test('a plug pulled in flight and put back is one charge and a success', async () => {
	const here = await visit();
	const page = await here.open();
	await page.getByLabel('Take four seconds').check();
	await page.locator('#pay').click();
	await expectAttempts(here, 1);

	await page.getByLabel('Pull the plug').check();
	await page.getByText('Making sure that you are charged once').waitFor();
	await page.getByText(/Trying again in \d s, 1 of 3/).waitFor();
	here.finishWork();
	await expect.poll(() => here.shop.tills.latchkey.charges.length).toBe(1);
	await page.getByLabel('Pull the plug').uncheck();
	await expectPaid(page);
	expect(chargesByKey(here)).toEqual([1]);
});

test('a plug that stays out ends as not known, and the next press is one charge', async () => {
	const here = await visit();
	await here.context.clock.install();
	const page = await here.open();
	here.shop.desk.flip('plug', true);
	await page.locator('#pay').click();
	for (const wait of ['1.0', '3.0', '5.0']) {
		await page.locator('#latchkey-timeline').getByText(`Waits ${wait} s`).waitFor();
		await page.clock.fastForward(5_000);
	}

	await page.getByText('We do not know yet').waitFor();
	here.shop.desk.flip('plug', false);
	await page.getByRole('button', {name: 'Press again, it is safe'}).click();
	await expectPaid(page);
	expect(chargesByKey(here)).toEqual([1]);
});

test('a cart that changes while the outcome is not known sends nothing, and can be put back', async () => {
	const here = await visit();
	const page = await here.open();
	await page.getByLabel('Take four seconds').check();
	await page.locator('#pay').click();
	await expectAttempts(here, 1);
	await page.reload();

	await page.getByRole('button', {name: 'One Spare key more'}).click();
	await page.locator('#pay').click();
	await page.getByText('The cart has changed since you pressed Pay').waitFor();
	expect(here.shop.tills.latchkey.attempts).toHaveLength(1);

	here.finishWork();
	await page.getByRole('button', {name: 'Put the cart back'}).click();
	await page.locator('#pay').click();
	await expectPaid(page);
	expect(here.shop.tills.latchkey.charges).toMatchObject([{amount: 3_000}]);
});

test('a declined card is not charged, and another card is, under a key of its own', async () => {
	const here = await visit();
	const page = await here.open();
	await page.getByLabel('Visa ending in 0002').check();
	await page.locator('#pay').click();
	await page.getByText('The bank refused this card. You were not charged.').waitFor();
	await page.getByLabel('Visa ending in 4242').check();
	await page.locator('#pay').click();
	await expectPaid(page);
	expect(new Set(here.shop.tills.latchkey.attempts.map(({key}) => key)).size).toBe(2);
	expect(chargesByKey(here)).toEqual([1]);
});

test('a press while offline is sent once the network is back', async () => {
	const here = await visit();
	const page = await here.open();
	await here.context.setOffline(true);
	await page.locator('#pay').click();
	await page.getByText('Offline: waits for the network').waitFor();
	expect(here.shop.tills.latchkey.attempts).toHaveLength(0);
	await here.context.setOffline(false);
	await expectPaid(page);
	expect(chargesByKey(here)).toEqual([1]);
});
