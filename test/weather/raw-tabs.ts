import type {Browser, CDPSession} from 'playwright';
import {expect, onTestFinished} from 'vitest';
import type {Shop} from './page/shop.ts';

export type RawTab = {
	evaluate<T>(expression: string): Promise<T>;
	ask<T>(question: (shop: Shop) => T): Promise<Awaited<T>>;
	/** Puts this tab in front of the others, which are hidden then. */
	show(): Promise<void>;
	/** As the browser does with hidden tabs, to save power. */
	freeze(): Promise<void>;
	wake(): Promise<void>;
};

type Answer = {readonly id: number; readonly result?: unknown; readonly error?: {readonly message: string}};

/** Tabs of one profile as nobody drives them: Playwright keeps its own visible, and a visible tab is never frozen. */
export async function rawTabs(browser: Browser): Promise<(url: string) => Promise<RawTab>> {
	const devtools = await browser.newBrowserCDPSession();
	const {browserContextId} = await devtools.send('Target.createBrowserContext');
	onTestFinished(async () => {
		await devtools.send('Target.disposeBrowserContext', {browserContextId});
		await devtools.detach();
	});

	return async url => {
		const {targetId} = await devtools.send('Target.createTarget', {url, browserContextId});
		const {sessionId} = await devtools.send('Target.attachToTarget', {targetId, flatten: false});
		const send = sender(devtools, sessionId);

		async function evaluate<T>(expression: string): Promise<T> {
			const {result, exceptionDetails} = (await send('Runtime.evaluate', {
				expression,
				awaitPromise: true,
				returnByValue: true,
			})) as {result: {value: T}; exceptionDetails?: {exception?: {description?: string}}};
			if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description);
			return result.value;
		}

		async function ask<T>(question: (shop: Shop) => T): Promise<Awaited<T>> {
			return evaluate<Awaited<T>>(`(${question.toString()})(shop)`);
		}

		await expect.poll(async () => evaluate('typeof shop')).toBe('object');
		return {
			evaluate,
			ask,
			show: async () => void (await send('Page.bringToFront')),
			freeze: async () => void (await send('Page.setWebLifecycleState', {state: 'frozen'})),
			wake: async () => void (await send('Page.setWebLifecycleState', {state: 'active'})),
		};
	};
}

function sender(devtools: CDPSession, sessionId: string): (method: string, params?: object) => Promise<unknown> {
	const waiting = new Map<number, (answer: Answer) => void>();
	devtools.on('Target.receivedMessageFromTarget', event => {
		if (event.sessionId !== sessionId) return;
		const answer = JSON.parse(event.message) as Answer;
		waiting.get(answer.id)?.(answer);
	});

	let id = 0;
	return async (method, params = {}) => {
		const mine = ++id;
		const answered = new Promise<Answer>(resolve => {
			waiting.set(mine, resolve);
		});
		const message = JSON.stringify({id: mine, method, params});
		await devtools.send('Target.sendMessageToTarget', {sessionId, message});
		const {result, error} = await answered;
		if (error !== undefined) throw new Error(`${method}: ${error.message}`);
		return result;
	};
}
