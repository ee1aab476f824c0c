import type {Browser} from 'playwright';
import type {Buyer} from '../buyers.ts';
import type {Buyers} from '../page/main.ts';

export type BuyersInPage = Buyers & {readonly close: () => Promise<void>};

/** Buyers in a page of the shop. */
export async function buyersIn(browser: Browser, origin: string): Promise<BuyersInPage> {
	const context = await browser.newContext();
	const page = await context.newPage();
	await page.goto(origin);
	await page.waitForFunction('"buyers" in globalThis');
	const buyer =
		(name: keyof Buyers): Buyer =>
		async order =>
			page.evaluate(async ([which, what]) => (globalThis as unknown as {readonly buyers: Buyers}).buyers[which](what), [
				name,
				order,
			] as const);
	return {plain: buyer('plain'), latchkey: buyer('latchkey'), close: async () => context.close()};
}
