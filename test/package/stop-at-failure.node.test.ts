import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
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

describe('with --bail the run ends without the tests that take long', () => {
	test.each([
		['of a test', `test('a', () => expect(1).toBe(2)); test('b', () => undefined);`],
		['of a file that cannot be loaded', `import './missing.js'; test('a', () => undefined);`],
		['of a hook', `beforeAll(() => Promise.reject(new Error('no'))); test('a', () => undefined);`],
		['of a rejection that nobody caught', `test('a', async () => { void Promise.reject(new Error('loose')); });`],
	])('because %s', async (_, tests) => {
		const {code, passed} = await runBesideALongTest(tests);
		expect(code).toBe(1);
		expect(passed).toBeLessThan(2);
	});
});

describe('what is red counts', () => {
	const file = {status: 'passed', message: '', assertionResults: [{status: 'passed'}]};
	const whole = {success: true, numPassedTests: 1, numFailedTests: 0, testResults: [file]};
	const notRun = {status: 'failed', message: '', assertionResults: []};
	test.each<[string, object, object]>([
		['nothing', whole, {passed: 1, failed: 0}],
		[
			'a test that failed',
			{
				...whole,
				success: false,
				numFailedTests: 1,
				testResults: [{...file, status: 'failed', assertionResults: [{status: 'failed'}]}],
			},
			{passed: 1, failed: 1},
		],
		[
			'a file that could not be loaded, and none that was not run any more',
			{...whole, success: false, testResults: [file, {...notRun, message: 'no such file'}, notRun]},
			{passed: 1, failed: 1},
		],
		['a rejection that nobody caught', {...whole, success: false}, {passed: 1, failed: 1}],
	])('%s', async (_, report, counted) => {
		const folder = await mkdtemp(join(tmpdir(), 'latchkey-count-'));
		onTestFinished(async () => rm(folder, {recursive: true}));
		await writeFile(join(folder, 'report.json'), JSON.stringify(report));
		expect(countTests([join(folder, 'report.json'), join(folder, 'none.json')])).toEqual(counted);
	});
});
