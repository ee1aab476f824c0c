import {execFile} from 'node:child_process';
import {cpSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {HttpResponse} from 'msw';
import {setupServer} from 'msw/node';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {idempotentEndpoint, type Fault} from '../../src/msw/index.ts';
import {pageAt, root} from './pages.ts';
import {snippets, withSources} from './snippets.ts';

const pathOf = (path: string) => fileURLToPath(new URL(path, root));

function snippet(file: string): string {
	const found = snippets.find(it => it.page === 'testing' && it.file === file);
	if (found === undefined) throw new Error(`the page has no ${file}`);
	return found.code;
}

/** A folder of an application, with these files. */
function application(name: string, files: Readonly<Record<string, string>>): URL {
	const folder = new URL(`test-results/docs/${name}/`, root);
	rmSync(folder, {recursive: true, force: true});
	mkdirSync(folder, {recursive: true});
	for (const [file, text] of Object.entries(files)) writeFileSync(new URL(file, folder), text);
	return folder;
}

/** What a program of the package says, however it ends. */
async function run(folder: URL, ...args: readonly string[]): Promise<string> {
	const env = {...process.env, NO_COLOR: '1', NODE_OPTIONS: '', FORCE_COLOR: undefined};
	const ran = promisify(execFile)(process.execPath, [...args], {cwd: fileURLToPath(folder), env});
	const {stdout, stderr} = await ran.catch((error: {stdout: string; stderr: string}) => error);
	return stdout + stderr;
}

describe('the story of the page', () => {
	const config = `import {defaultServerConditions} from 'vite';
export default {ssr: {resolve: {conditions: ['latchkey-source', ...defaultServerConditions]}}};`;

	async function tell(name: string, checkout: string): Promise<string> {
		const folder = application(`story-${name}`, {
			'vitest.config.ts': config,
			'checkout.ts': withSources(snippet(checkout)),
			'checkout.test.ts': withSources(snippet('checkout.test.ts')),
		});
		return run(folder, pathOf('node_modules/vitest/vitest.mjs'), 'run', '--root', '.');
	}

	test('begins with a test that fails, in the words of the page', async () => {
		const [, words = 'none'] = /```text\n(AssertionError: .*)\n```/.exec(pageAt('docs/testing.md').text) ?? [];
		const said = await tell('before', 'checkout.ts');
		expect(said).toContain(words);
		expect(said).toMatch(/Tests\s+1 failed \(1\)/);
	});

	test('ends with one that passes', async () => {
		expect(await tell('after', 'checkout-mended.ts')).toMatch(/Tests\s+1 passed \(1\)/);
	});
});

describe('jest', () => {
	/** With the package as it is installed. */
	async function jest(manifest: string): Promise<string> {
		const folder = application('jest', {'package.json': manifest, 'checkout.test.js': snippet('checkout.jest.ts')});
		const installed = new URL('node_modules/latchkey/', folder);
		mkdirSync(installed, {recursive: true});
		for (const it of ['dist', 'package.json']) cpSync(new URL(it, root), new URL(it, installed), {recursive: true});
		return run(folder, '--experimental-vm-modules', pathOf('node_modules/jest/bin/jest.js'), '--rootDir', '.');
	}

	const lines = snippets.find(({page, language}) => page === 'testing' && language === 'json')?.code ?? '';

	test('runs the test of the page with its lines', async () => {
		expect(JSON.parse(lines)).toMatchObject({scripts: {test: 'NODE_OPTIONS=--experimental-vm-modules jest'}});
		expect(await jest(lines)).toMatch(/Tests:\s+1 passed, 1 total/);
	});

	test('does not without what they say of fake timers', async () => {
		const said = await jest(lines.replace('"nextTick", ', ''));
		expect(said).toMatch(/Tests:\s+1 failed, 1 total/);
	});
});

describe('the table of faults', () => {
	const server = setupServer();
	beforeAll(() => {
		server.listen();
	});
	afterAll(() => {
		server.close();
	});

	const PAY = 'https://shop.example/pay';
	const rows = [
		...pageAt('docs/testing.md').text.matchAll(/^\| `(['{].*?)`( \(of the second)?.*\| (\d) +\| (\d) +\|$/gm),
	];

	test('has every fault', () => {
		expect(rows).toHaveLength(14);
	});

	test.each(rows.map(([, fault, second, keyed, keyless]) => [fault ?? '', Boolean(second), keyed, keyless]))(
		'%s: of the second attempt: %s; %s under one key, %s without',
		async (code, second, keyed, keyless) => {
			const fault = JSON.parse(
				String(code)
					.replaceAll("'", '"')
					.replaceAll(/(\w+): /g, '"$1": '),
			) as Fault;
			const effects = [];
			for (const headers of [{'idempotency-key': 'key-1'}, {}]) {
				const pay = idempotentEndpoint('post', PAY, () => HttpResponse.json({}), {
					required: false,
					// The third one lasts as long as whatever goes on in the background.
					faults: [...(second ? ['none' as const, fault] : [fault, 'none' as const]), {hold: 30}],
				});
				server.use(pay);
				const send = async (its: Record<string, string>) =>
					fetch(PAY, {method: 'POST', headers: its, body: '{}'}).catch(() => undefined);
				await send(headers);
				await send(headers);
				await send({'idempotency-key': 'key-2'});
				effects.push(String(pay.effects - 1));
			}

			expect(effects).toEqual([keyed, keyless]);
		},
	);
});
