import {expect, test} from 'vitest';
import {startDemo} from '../../examples/checkout/server/shop.ts';
import {chargesByKey, expectPaid, visit} from './visit.ts';

test.each([320, 1280])('the first press makes the point, beside the button, on a screen %d px wide', async width => {
	const here = await visit(startDemo);
	const page = await here.open();
	await page.setViewportSize({width, height: 568});
	await expect.poll(() => page.getByLabel('Lose the first answer').isChecked()).toBe(true);
	await page.locator('#pay').click();
	await expectPaid(page);
	await expect.poll(() => page.locator('#plain-charges').textContent(), {timeout: 10_000}).toBe('2×');
	expect(await page.locator('#latchkey-charges').textContent()).toBe('1×');

	const pay = await page.locator('#pay').boundingBox();
	for (const name of ['latchkey', 'plain fetch']) {
		const row = page.locator('dl div', {hasText: name});
		const box = await row.boundingBox();
		expect(box!.x).toBeGreaterThanOrEqual(pay!.x + pay!.width);
		expect(box!.x + box!.width).toBeLessThanOrEqual(width);
		expect(box!.y + box!.height).toBeGreaterThan(pay!.y);
		expect(box!.y).toBeLessThan(pay!.y + pay!.height);
	}

	expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
});

test('a double click is one attempt and one charge, and two charges by plain fetch', async () => {
	const here = await visit();
	const page = await here.open();
	await page.locator('#pay').dblclick();
	await expectPaid(page);
	await expect.poll(() => here.shop.tills.plain.charges.length).toBe(2);
	expect(here.shop.tills.latchkey.attempts).toHaveLength(1);
	expect(chargesByKey(here)).toEqual([1]);
	await expect.poll(() => page.locator('#plain-charges').textContent()).toBe('2×');
	expect(await page.locator('#latchkey-charges').textContent()).toBe('1×');
});

test('two clicks in one tick are one attempt and one charge', async () => {
	const here = await visit();
	const page = await here.open();
	await page.evaluate(() => {
		const button = document.getElementById('pay');
		button?.click();
		button?.click();
	});
	await expectPaid(page);
	expect(here.shop.tills.latchkey.attempts).toHaveLength(1);
	expect(chargesByKey(here)).toEqual([1]);
});

test('a success is still one after a reload, however often Pay is pressed', async () => {
	const here = await visit();
	const page = await here.open();
	await page.locator('#pay').click();
	await expectPaid(page);
	await page.reload();
	await expectPaid(page);
	await page.locator('#pay').click();
	await page.getByText('Receipt no. 1.').waitFor();
	expect(chargesByKey(here)).toEqual([1]);
});

test('a cart that changes after its success is told so, and is bought after Buy again', async () => {
	const here = await visit();
	const page = await here.open();
	await page.locator('#pay').click();
	await expectPaid(page);
	await page.getByRole('button', {name: 'One Spare key more'}).click();
	await page.locator('#pay').click();
	await page.getByText('You have paid already, for the cart as it was').waitFor();
	expect(chargesByKey(here)).toEqual([1]);

	await page.getByRole('button', {name: 'Buy again'}).click();
	await page.getByText('Nothing is charged yet').waitFor();
	await page.locator('#pay').click();
	await expectPaid(page);
	expect(chargesByKey(here)).toEqual([1, 1]);
});

test('the keyboard alone pays and buys again', async () => {
	const here = await visit();
	const page = await here.open();
	const tabTo = async (id: string) => {
		for (let stops = 0; stops < 20; stops++) {
			await page.keyboard.press('Tab');
			if (await page.evaluate(wanted => document.activeElement?.id === wanted, id)) return;
		}

		throw new Error(`Tab does not reach #${id}`);
	};
	await tabTo('pay');
	await page.keyboard.press('Enter');
	await expectPaid(page);
	await tabTo('buy-again');
	await page.keyboard.press('Enter');
	await page.getByText('Nothing is charged yet').waitFor();
	expect(chargesByKey(here)).toEqual([1]);
});

test('a visit without faults leaves no error in the console', async () => {
	const here = await visit();
	const page = await here.open();
	await page.locator('#pay').dblclick();
	await expectPaid(page);
	await page.reload();
	await expectPaid(page);
	await page.getByRole('button', {name: 'Buy again'}).click();
	await page.getByText('Nothing is charged yet').waitFor();
	expect(here.errors).toEqual([]);
});

test('nothing is wider than a small phone', async () => {
	const here = await visit();
	const page = await here.open();
	await page.setViewportSize({width: 360, height: 740});
	await page.locator('#pay').click();
	await expectPaid(page);
	expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});
