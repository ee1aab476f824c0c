import {chromium, type Browser, type Page} from 'playwright';
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import {pageFiles} from '../../examples/checkout/server/page-files.ts';
import {startServices} from '../../examples/services/shop.ts';
import {chromiumOptions} from '../support/chromium.ts';

const files = pageFiles(new URL('../../examples/services/page/', import.meta.url));

let browser: Browser;

beforeAll(async () => {
	browser = await chromium.launch(chromiumOptions);
});

afterAll(async () => {
	await browser.close();
});

/** The services, and somebody before their page. */
async function visit() {
	const shop = await startServices({files: await files, slow: 2_500});
	const page = await browser.newPage();
	page.setDefaultTimeout(30_000);
	onTestFinished(async () => {
		await page.close();
		await shop.close();
	});
	await page.goto(shop.origin);
	return {
		page,
		shop,
		order: async () => page.getByRole('button', {name: 'Order a lock'}).click(),
		told: async (words: string) => page.getByText(words).waitFor(),
		/** Orders, payments, charges and e-mails, as the page shows them. */
		shown: async () =>
			Promise.all(['#orders', '#payments', '#charges', '#mails'].map(async id => page.locator(id).textContent())),
	};
}

const box = (page: Page, name: string) => page.locator(`#${name}`);

test('an order is one payment and one charge, and the next is another', async () => {
	const {order, told, shown} = await visit();
	await order();
	await told('Ordered, and paid once.');
	await expect.poll(shown).toEqual(['1', '1', '1', '1']);
	await order();
	await expect.poll(shown).toEqual(['2', '2', '2', '2']);
});

test.each(['losePayment', 'loseOrder'])(
	'with %s nothing is known, and the next press is the same charge',
	async name => {
		const {page, shop, order, told, shown} = await visit();
		await box(page, name).check();
		await order();
		await told('Not known yet');
		expect(shop.state().counts.charges).toBe(1);
		await order();
		await told('Not known yet');
		await box(page, name).uncheck();
		await order();
		await told('Ordered, and paid once.');
		await expect.poll(shown).toEqual(['1', '1', '1', '1']);
	},
);

test('a payment service that is killed and comes back charges once', async () => {
	const {page, shop, order, told, shown} = await visit();
	await box(page, 'slow').check();
	await order();
	await expect.poll(() => shop.state().counts.charges).toBe(1);
	await box(page, 'killed').check();
	await told('Not known yet');
	await box(page, 'slow').uncheck();
	await order();
	await told('Not known yet');
	await box(page, 'killed').uncheck();
	await expect.poll(() => shop.state().switches.killed).toBe(false);
	await order();
	await told('Ordered, and paid once.');
	await expect.poll(shown).toEqual(['1', '1', '1', '1']);
});

test('an order service that is killed amid an order finishes it', async () => {
	const {page, shop, order, told, shown} = await visit();
	await box(page, 'slow').check();
	await order();
	await expect.poll(() => shop.state().counts.charges).toBe(1);
	await page.getByRole('button', {name: 'Kill it'}).click();
	await box(page, 'slow').uncheck();
	await told('Ordered, and paid once.');
	await expect.poll(shown).toEqual(['1', '1', '1', '1']);
});

test('slow answers are waited for', async () => {
	const {page, order, told, shown} = await visit();
	await box(page, 'slow').check();
	await order();
	await told('Ordering…');
	await box(page, 'slow').uncheck();
	await told('Ordered, and paid once.');
	await expect.poll(shown).toEqual(['1', '1', '1', '1']);
});

test('a message that is delivered again, or whose acknowledgement is lost, is one e-mail', async () => {
	const {page, shop, order, told, shown} = await visit();
	await box(page, 'loseMails').check();
	await order();
	await told('Ordered, and paid once.');
	await expect.poll(() => shop.state().counts.mailsAsked).toBeGreaterThan(3);
	await box(page, 'loseMails').uncheck();
	await order();
	await expect.poll(shown).toEqual(['2', '2', '2', '2']);
	const before = shop.state().counts.mailsAsked;
	await page.getByRole('button', {name: 'Deliver everything again'}).click();
	await expect.poll(() => shop.state().counts.mailsAsked).toBe(before + 2);
	await expect.poll(shown).toEqual(['2', '2', '2', '2']);
});

test('a mail service that is killed amid everything writes what it has missed, once', async () => {
	const {page, shop, order, told, shown} = await visit();
	await box(page, 'loseMails').check();
	await order();
	await told('Ordered, and paid once.');
	await expect.poll(() => shop.state().counts.mails).toBe(1);
	await box(page, 'mailsKilled').check();
	await box(page, 'loseMails').uncheck();
	await order();
	await expect.poll(shown).toEqual(['2', '2', '2', '1']);
	await box(page, 'mailsKilled').uncheck();
	await expect.poll(shown).toEqual(['2', '2', '2', '2']);
});
