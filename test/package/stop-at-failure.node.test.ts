import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, onTestFinished, test} from 'vitest';
import {countTests} from '../../scripts/count-tests.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

const config = `
import {stopAtFailure} from ${JSON.stringify(new URL('../support/stop-at-failure.ts', import.meta.url))};
export default {plugins: [stopAtFailure()], test: {include: ['*.test.js'], maxWorkers: 2}};`;

/** Runs this file of tests beside one that takes a minute, as the gates do. */
async function runBesideALongTest(tests: string) {
	await mkdir(join(project, 'test-results'), {recursive: true});
	const root = await mkdtemp(join(project, 'test-results/bail-'));
	onTestFinished(async () => rm(root, {recursive: true}));
	const report = join(root, 'report.json');
	const header = `import {beforeAll, expect, test} from 'vitest';\n`;
	await writeFile(join(root, 'vitest.config.ts'), config);
	await writeFile(join(root, 'first.test.js'), header + tests);
	await writeFile(
		join(root, 'long.test.js'),
		`${header}test('long', () => { const end = Date.now() + 60_000; while (Date.now() < end); });`,
	);
	const args = [vitest, 'run', '--root', root, '--bail=1', '--reporter=json', `--outputFile.json=${report}`];
	const code = await new Promise(resolve => {
		execFile(process.execPath, args, {cwd: root}, error => {
			resolve(error?.code ?? 0);
		});
	});
	return {code, ...countTests([report])};
}

describe.concurrent('with --bail the run ends, and counts one failure,', () => {
	test.each([
		['of a test', `test('a', () => expect(1).toBe(2)); test('b', () => undefined);`],
		['of a file that cannot be loaded', `import './missing.js'; test('a', () => undefined);`],
		['of a hook', `beforeAll(() => Promise.reject(new Error('no'))); test('a', () => undefined);`],
	])('%s', async (_, tests) => {
		expect(await runBesideALongTest(tests)).toEqual({code: 1, passed: 0, failed: 1});
	});

	test('of a rejection that nobody caught', async () => {
		const tests = `test('a', () => { void Promise.reject(new Error('loose')); }); test('b', () => undefined);`;
		expect(await runBesideALongTest(tests)).toMatchObject({code: 1, failed: 1});
	});
});
