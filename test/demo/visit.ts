import {chromium, type Browser, type BrowserContext, type Page} from 'playwright';
import {afterAll, beforeAll, expect, onTestFinished} from 'vitest';
import {pageFiles} from '../../examples/checkout/server/page-files.ts';
import {startShop, type Shop, type startDemo} from '../../examples/checkout/server/shop.ts';
import {chromiumOptions} from '../support/chromium.ts';

/** A machine may be busy. What a test waits for is named before its own time is over. */
const TIMEOUT = 30_000;
const files = pageFiles();

let browser: Browser;

beforeAll(async () => {
	browser = await chromium.launch(chromiumOptions);
});

afterAll(async () => {
	await browser.close();
});

export type Visit = {
	readonly shop: Shop;
	readonly context: BrowserContext;
	/** Opens the checkout in a tab, once it says that nothing is charged or where the purchase stands. */
	readonly open: () => Promise<Page>;
	/** Lets the slow charges of the shop end. */
	readonly finishWork: () => void;
	/** What any tab has logged as an error, or thrown. */
	readonly errors: readonly string[];
};

/**
 * A shop and a profile of the browser of their own. With the switch `slow`, a charge lasts until `finishWork`. Nothing is
 * broken at first, but with `startDemo`.
 */
export async function visit(start: typeof startDemo = startShop): Promise<Visit> {
	let finishWork = () => {};
	const finished = new Promise<void>(resolve => {
		finishWork = resolve;
	});
	const shop = await start({files: await files, pause: async ms => (ms > 0 ? finished : undefined)});
	const context = await browser.newContext();
	context.setDefaultTimeout(TIMEOUT);
	onTestFinished(async () => {
		await context.close();
		await shop.close();
	});

	const errors: string[] = [];
	context.on('console', message => {
		if (message.type() === 'error') errors.push(message.text());
	});
	context.on('weberror', error => {
		errors.push(String(error.error()));
	});

	return {
		shop,
		context,
		finishWork,
		errors,
		async open() {
			const page = await context.newPage();
			await page.goto(shop.origin);
			await page.getByText('handle.state').and(page.locator(':not(:has-text("loading"))')).waitFor();
			return page;
		},
	};
}

export async function expectPaid(page: Page): Promise<void> {
	await page.getByText('Paid, once').waitFor();
}

/** Waits until the shop has seen this many attempts. */
export async function expectAttempts({shop}: Visit, count: number): Promise<void> {
	await expect.poll(() => shop.tills.latchkey.attempts.length, {interval: 10}).toBe(count);
}

/** How often each key was charged, by the ledger of the shop. */
export function chargesByKey({shop}: Visit): number[] {
	const keys = shop.tills.latchkey.charges.map(({key}) => key);
	return [...new Set(keys)].map(key => keys.filter(other => other === key).length);
}
