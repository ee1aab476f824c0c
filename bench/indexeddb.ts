import {existsSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {build} from 'esbuild';
import {chromium, type Page} from 'playwright';
import type {Figure} from './measure.ts';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** Figures of the IndexedDB store in Chromium; where there is none, says so. */
export async function indexedDbFigures(rounds: number): Promise<Figure[] | undefined> {
	if (!existsSync(executablePath)) {
		console.log(`\nIndexedDB is left out: there is no Chromium at ${executablePath} (set CHROMIUM_PATH).`);
		return undefined;
	}

	const browser = await chromium.launch({executablePath, args});
	try {
		return await onPage(await browser.newPage(), rounds);
	} finally {
		await browser.close();
	}
}

async function onPage(page: Page, rounds: number): Promise<Figure[]> {
	const script = await pageScript();
	// Over HTTP on localhost, because IndexedDB and Web Locks want an origin and a secure context.
	const server = createServer((_, response) => {
		response.setHeader('content-type', 'text/html').end('<!doctype html><title>bench</title>');
	});
	await new Promise<void>(resolve => {
		server.listen(0, 'localhost', resolve);
	});
	try {
		await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
		await page.addScriptTag({content: script});
		return await page.evaluate(`bench.figures(${rounds})`);
	} finally {
		server.close();
	}
}

/** The page's part, with the built package as a browser gets it. */
async function pageScript(): Promise<string> {
	const {outputFiles} = await build({
		entryPoints: [new URL('indexeddb-page.ts', import.meta.url).pathname],
		bundle: true,
		write: false,
		format: 'iife',
		globalName: 'bench',
		platform: 'browser',
		logLevel: 'error',
	});
	return outputFiles[0]?.text ?? '';
}
