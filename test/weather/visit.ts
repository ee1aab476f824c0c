import {chromium, type Browser, type BrowserContext, type Page} from 'playwright';
import {afterAll, beforeAll, expect, onTestFinished} from 'vitest';
import type {FetchOptions} from '../../src/index.ts';
import {
	startIdempotentServer,
	type IdempotentServer,
	type IdempotentServerOptions,
} from '../support/idempotent-server.ts';
import {startGateway, type Gateway} from './gateway.ts';
import type {Shop} from './page/shop.ts';
import {shopScripts} from './shop-scripts.ts';
import {chromiumOptions} from '../support/chromium.ts';

/** A machine may be busy. What a test waits for is named before its own time is over. */
const TIMEOUT = 30_000;

let browser: Browser;
let scripts: ReadonlyMap<string, string>;

beforeAll(async () => {
	scripts = await shopScripts();
	browser = await chromium.launch({
		...chromiumOptions,
		ignoreDefaultArgs: ['--disable-back-forward-cache'],
		args: [
			...chromiumOptions.args,
			// Neither https nor a name of this machine, so that its pages are no secure contexts.
			'--host-resolver-rules=MAP shop.test 127.0.0.1',
		],
	});
});

afterAll(async () => {
	await browser.close();
});

export type PageOptions = Pick<FetchOptions, 'timeout' | 'retry' | 'onStoreError'> & {
	readonly host?: string;
	readonly path?: string;
	/** The origin of the API, where it is not the page's own. */
	readonly api?: string;
};

export type Visit = {
	readonly server: IdempotentServer;
	readonly gateway: Gateway;
	readonly origin: string;
	readonly context: BrowserContext;
	/** The address of the shop. */
	address(options?: PageOptions): string;
	/** Opens the shop in a tab. */
	open(options?: PageOptions): Promise<Page>;
};

/** A shop and a profile of the browser of their own. */
export async function visit(options: IdempotentServerOptions & {readonly keepAlive?: boolean} = {}): Promise<Visit> {
	const server = await startIdempotentServer(options);
	const {keepAlive = false} = options;
	const gateway = await startGateway({upstream: server.origin, scripts, keepAlive});
	const context = await browser.newContext();
	context.setDefaultTimeout(TIMEOUT);
	onTestFinished(async () => {
		await context.close();
		await gateway.close();
		await server.close();
	});

	function address({host = '127.0.0.1', path = '/', api = '', ...own}: PageOptions = {}): string {
		return `http://${host}:${gateway.port}${path}?${new URLSearchParams({api, options: JSON.stringify(own)})}`;
	}

	return {
		server,
		gateway,
		origin: `http://127.0.0.1:${gateway.port}`,
		context,
		address,
		async open(where) {
			const page = await context.newPage();
			await page.goto(address(where));
			return page;
		},
	};
}

type Question<T> = (shop: Shop) => T;

/** Asks the shop in the page. */
export async function ask<T>(page: Page, question: Question<T>): Promise<Awaited<T>> {
	return page.evaluate<Awaited<T>>(`(${question.toString()})(shop)`);
}

/** One press of Pay, and what the customer is told. */
export async function press(page: Page): ReturnType<Shop['press']> {
	return ask(page, shop => shop.press());
}

/** A press of Pay by a customer who may leave before there is an answer. */
export async function pressAndLeave(page: Page): Promise<void> {
	await ask(page, shop => void shop.press());
}

export async function expectStory(page: Page, event: string): Promise<void> {
	await expect.poll(async () => ask(page, shop => shop.story())).toContain(event);
}

/** Waits until the server has seen this many attempts. */
export async function expectAttempts({server}: Visit, count: number): Promise<void> {
	await expect.poll(() => server.requests.length).toBe(count);
}

/** By the ledger of the server: one effect, under the one key that it was ever sent. */
export function expectOneCharge({server}: Visit): void {
	expect([...server.effects.values()]).toEqual([1]);
	expect(new Set(keysOf(server))).toEqual(new Set(server.effects.keys()));
}

export function keysOf({requests}: IdempotentServer): unknown[] {
	return requests.map(({headers}) => headers['idempotency-key']);
}
