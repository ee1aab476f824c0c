import {expect, test} from 'vitest';
import {dropRequest, dropResponse, type Fault} from '../support/faulty-server.ts';
import {ask, expectOneCharge, press, visit, type PageOptions} from './visit.ts';

/** A shop in a page that may not use IndexedDB, or has none. Nothing is retried but by the customer. */
async function shopWithoutStore(how: 'forbidden' | 'missing', faults: readonly Fault[]) {
	const here = await visit();
	here.gateway.allow('content-type, idempotency-key');
	here.server.script(faults);
	if (how === 'missing')
		await here.context.addInitScript(() => {
			Object.defineProperty(globalThis, 'indexedDB', {value: undefined});
		});
	const options: PageOptions = {retry: {limit: 0}};
	const page = await here.open(how === 'missing' ? options : {...options, path: '/sandboxed', api: here.origin});
	const opened = await page.evaluate(() => {
		try {
			return typeof indexedDB.open('probe');
		} catch (error) {
			return (error as Error).name;
		}
	});
	expect(opened).toBe(how === 'missing' ? 'TypeError' : 'SecurityError');
	return {here, page};
}

test.each(['forbidden', 'missing'] as const)(
	'where IndexedDB is %s a double click is one charge, and the page knows it while it lives',
	async how => {
		const {here, page} = await shopWithoutStore(how, []);
		const [one, other] = await ask(page, shop => shop.pressTwice());
		expect(one).toMatchObject({status: 201});
		expect(other).toEqual(one);
		expect(await ask(page, shop => shop.story())).toEqual(['joined', 'degraded', 'attempt', 'answer', 'settled']);
		expect(await press(page)).toEqual(one);
		expect(await ask(page, shop => shop.unfinished())).toEqual([]);
		expectOneCharge(here);
		expect(here.server.requests).toHaveLength(1);
	},
);

test.each([
	['forbidden', 'request', dropRequest],
	['forbidden', 'response', dropResponse],
	['missing', 'request', dropRequest],
	['missing', 'response', dropResponse],
] as const)(
	'where IndexedDB is %s and the %s is lost, another press goes under the same key, and is one charge',
	async (how, _, fault) => {
		const {here, page} = await shopWithoutStore(how, [fault]);
		const lost = await press(page);
		expect(lost).toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect(await ask(page, shop => shop.unfinished())).toMatchObject([{operation: ['checkout', '42'], working: false}]);
		expect(await press(page)).toMatchObject({status: 201});
		expectOneCharge(here);
		expect(here.server.requests).toHaveLength(2);
	},
);
