import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {build} from 'esbuild';
import {chromium, type Browser, type BrowserContext, type Page} from 'playwright';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {writeSnippets} from '../docs/snippets.ts';
import {chromiumOptions} from '../support/chromium.ts';

// The recipe "payments in two steps", as it stands in the docs, in a real browser.

const PAYING = `
import {goToBank, pay, showPayment} from './two-steps.ts';
const cart = {id: '42', items: ['padlock']};
globalThis.show = text => { document.body.textContent = text; };
showPayment(cart);
Object.assign(globalThis, {press: () => pay(cart), goOn: () => goToBank(cart)});
`;

let browser: Browser;
let script: string;

beforeAll(async () => {
	const folder = writeSnippets('two-steps');
	const {outputFiles} = await build({
		stdin: {contents: PAYING, resolveDir: new URL('recipes', folder).pathname, loader: 'ts'},
		bundle: true,
		format: 'esm',
		platform: 'browser',
		target: 'es2022',
		conditions: ['latchkey-source'],
		write: false,
	});
	script = outputFiles[0]?.text ?? '';
	browser = await chromium.launch({...chromiumOptions, ignoreDefaultArgs: ['--disable-back-forward-cache']});
});
afterAll(async () => browser.close());

type Bank = {
	readonly address: string;
	/** How the payment under each key stands. */
	readonly payments: Map<string, {id: number; status: 'processing' | 'paid' | 'declined'}>;
	readonly posts: () => number;
	readonly questions: () => number;
	/** The customer's bank has decided. */
	decide(status: 'paid' | 'declined'): void;
	readonly context: BrowserContext;
	/** A tab with the shop. */
	open(): Promise<Page>;
};

/** A shop whose payments are approved at `/bank`, on a real server. `lies`: how often a status is out of date. `losing`: its first answer. */
async function openBank(lies = 0, losing = false): Promise<Bank> {
	const payments: Bank['payments'] = new Map();
	let posts = 0;
	let questions = 0;
	let left = lies;
	const answer = (outgoing: ServerResponse, status: number, body: object, headers = {}) =>
		outgoing.writeHead(status, {'content-type': 'application/json', ...headers}).end(JSON.stringify(body));

	function take(incoming: IncomingMessage, outgoing: ServerResponse): void {
		posts++;
		const key = String(incoming.headers['idempotency-key']);
		const known = payments.get(key);
		const payment = known ?? {id: payments.size + 1, status: 'processing' as const};
		payments.set(key, payment);
		if (losing && !known) {
			incoming.socket.destroy();
			return;
		}

		const location = `/api/payments/${payment.id}`;
		answer(
			outgoing,
			202,
			{status: 'requires_action', redirectUrl: '/bank?session=secret'},
			{location, 'retry-after': '1', ...(known && {'idempotent-replayed': 'true'})},
		);
	}

	const server = createServer((incoming, outgoing) => {
		const {method, url = '/'} = incoming;
		if (method === 'POST') take(incoming, outgoing);
		else if (url.startsWith('/api/payments/')) {
			questions++;
			const payment = [...payments.values()].find(({id}) => url.endsWith(`/${id}`));
			const status = left-- > 0 ? 'processing' : payment?.status;
			answer(outgoing, 200, {status}, {'retry-after': '1'});
		} else if (url === '/shop.js') outgoing.setHeader('content-type', 'text/javascript').end(script);
		else {
			const body = url.startsWith('/bank') ? 'The bank' : '<script type="module" src="/shop.js"></script>';
			outgoing.setHeader('content-type', 'text/html').end(`<!doctype html><title>${url}</title><body>${body}</body>`);
		}
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
	const context = await browser.newContext();
	context.setDefaultTimeout(30_000);
	onTestFinished(async () => {
		await context.close();
		server.closeAllConnections();
		await new Promise(resolve => server.close(resolve));
	});
	return {
		address,
		payments,
		posts: () => posts,
		questions: () => questions,
		decide(status) {
			for (const payment of payments.values()) if (payment.status === 'processing') payment.status = status;
		},
		context,
		async open() {
			const page = await context.newPage();
			await page.goto(address);
			await page.waitForFunction('globalThis.press');
			return page;
		},
	};
}

async function press(page: Page): Promise<void> {
	await page.evaluate('press()');
}

async function pressAndGo(page: Page): Promise<void> {
	await page.evaluate('void press()');
	await page.waitForURL('**/bank?session=secret');
}

async function expectText(page: Page, text: string): Promise<void> {
	await expect.poll(async () => page.textContent('body'), {timeout: 15_000}).toBe(text);
}

const WAITING = 'Waiting for your bank …';
const PAID = 'Paid. Thank you.';
const DECLINED = 'Not paid. You can try again.';

describe('a customer who is sent to the bank', () => {
	test('comes back by a link: it is paid, and pressing again charges nothing', async () => {
		const {open, address, decide, posts, payments} = await openBank();
		const page = await open();
		await pressAndGo(page);
		decide('paid');
		await page.goto(address);
		await expectText(page, PAID);
		await press(page);
		await expectText(page, PAID);
		expect([posts(), payments.size]).toEqual([1, 1]);
	});

	test('goes there all the same where the first answer was lost, and its repeat is marked', async () => {
		const {open, payments} = await openBank(0, true);
		await pressAndGo(await open());
		expect(payments.size).toBe(1);
	});

	test('stays on the page, which asks from the press on', async () => {
		const {open, decide, posts} = await openBank();
		const page = await open();
		await page.route('**/bank?session=secret', async route => route.fulfill({status: 204}));
		await page.evaluate('void press()');
		await expectText(page, WAITING);
		decide('paid');
		await expectText(page, PAID);
		expect(posts()).toBe(1);
	});

	test('comes back by the back button, to the page as it was left', async () => {
		const {open, decide, posts} = await openBank();
		const page = await open();
		await pressAndGo(page);
		decide('paid');
		await page.goBack({waitUntil: 'commit'});
		await expectText(page, PAID);
		expect(posts()).toBe(1);
	});

	test('comes back in another tab, while the first still waits: both tell', async () => {
		const {open, decide, posts} = await openBank();
		const first = await open();
		const waiting = await open();
		await pressAndGo(first);
		await expectText(waiting, WAITING);
		decide('paid');
		const third = await open();
		await expectText(third, PAID);
		await expectText(waiting, PAID);
		expect(posts()).toBe(1);
	});

	test('comes back twice, and before the server knows: it waits, then it is paid, once', async () => {
		const {open, address, decide, posts, payments} = await openBank(2);
		const page = await open();
		await pressAndGo(page);
		decide('paid');
		await page.goto(address);
		await expectText(page, WAITING);
		await expectText(page, PAID);
		await page.goto(address);
		await expectText(page, PAID);
		expect([posts(), payments.size]).toEqual([1, 1]);
	});

	test('never comes back: the payment stays pending, and is told whenever somebody looks', async () => {
		const {open, decide, posts, context} = await openBank();
		const page = await open();
		await pressAndGo(page);
		await page.close();
		const later = await open();
		await expectText(later, WAITING);
		await press(later);
		expect(posts()).toBe(1);
		expect(new URL(later.url()).pathname).toBe('/');
		decide('paid');
		await expectText(later, PAID);
		expect(posts()).toBe(1);
		expect(context.pages()).toHaveLength(1);
	});

	test('goes on to the bank later, when they have come back without an answer', async () => {
		const {open, address, posts} = await openBank();
		const page = await open();
		await pressAndGo(page);
		await page.goto(address);
		await page.waitForFunction('globalThis.goOn');
		await expectText(page, WAITING);
		await page.evaluate('void goOn()');
		await page.waitForURL('**/bank?session=secret');
		expect(posts()).toBe(1);
	});

	test('is declined, and pays again: another payment, under a new key', async () => {
		const {open, address, decide, payments} = await openBank();
		const page = await open();
		await pressAndGo(page);
		decide('declined');
		await page.goto(address);
		await expectText(page, DECLINED);
		await pressAndGo(page);
		decide('paid');
		await page.goto(address);
		await expectText(page, PAID);
		expect([...payments.values()].map(({status}) => status)).toEqual(['declined', 'paid']);
	});
});
