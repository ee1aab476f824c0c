import {expect, test} from 'vitest';
import {chargesByKey, expectAttempts, expectPaid, visit} from './visit.ts';

test('two tabs that press at the same moment are one charge, and both show the success', async () => {
	const here = await visit();
	const one = await here.open();
	const other = await here.open();
	await one.getByLabel('Take four seconds').check();
	await Promise.all([one.locator('#pay').click(), other.locator('#pay').click()]);
	await Promise.race([one, other].map(page => page.getByText('Another tab is paying').waitFor()));
	here.finishWork();
	await Promise.all([one, other].map(expectPaid));
	expect(here.shop.tills.latchkey.attempts).toHaveLength(1);
	expect(chargesByKey(here)).toEqual([1]);
	for (const page of [one, other]) await page.getByText('Receipt no. 1.').waitFor();
});

test('a tab that only watches shows the success of another', async () => {
	const here = await visit();
	const watching = await here.open();
	const paying = await here.open();
	await paying.locator('#pay').click();
	await Promise.all([watching, paying].map(expectPaid));
	expect(chargesByKey(here)).toEqual([1]);
});

test('when a tab is closed in flight, the one that waits takes over at once, under the same key', async () => {
	const here = await visit();
	const closed = await here.open();
	const waiting = await here.open();
	await closed.getByLabel('Take four seconds').check();
	await closed.locator('#pay').click();
	await expectAttempts(here, 1);
	await waiting.locator('#pay').click();
	await waiting.getByText('Another tab is paying').waitFor();

	await closed.close();
	// Its lease lasts longer than this waits.
	await expectAttempts(here, 2);
	const [first, second] = here.shop.tills.latchkey.attempts;
	expect(second?.key).toBe(first?.key);

	here.finishWork();
	await expectPaid(waiting);
	expect(chargesByKey(here)).toEqual([1]);
});
