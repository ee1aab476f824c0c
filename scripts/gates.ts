/** Runs every gate in order, stops at the first that fails, within seconds of knowing it, and shows what it said. */
import {spawnSync} from 'node:child_process';
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {countTests} from './count-tests.ts';

type Gate = {readonly name: string; readonly script: string; readonly args?: readonly string[]};

const results = {node: 'test-results/node.json', browser: 'test-results/browser.json'};

const gates: readonly Gate[] = [
	{name: 'build', script: 'build'},
	{name: 'types', script: 'typecheck'},
	{name: 'lint', script: 'lint'},
	{name: 'format', script: 'format:check'},
	{name: 'package', script: 'test:package'},
	{name: 'size budgets', script: 'test:size'},
	{name: 'tests in Node', script: 'test:node', args: reportTo(results.node)},
	{name: 'tests in Chromium', script: 'test:browser', args: reportTo(results.browser)},
];

rmSync('test-results', {recursive: true, force: true});
mkdirSync('test-results');

const failed = gates.find(gate => !passes(gate));
const {passed, failed: red} = countTests(Object.values(results));
const totals = `${passed} passed, ${red} failed`;
writeFileSync('test-results/totals.txt', `${totals}\n`);
console.log(`\n${totals}. ${failed ? `Stopped at ${failed.name}: npm run ${failed.script}` : 'All gates passed.'}`);
process.exitCode = failed === undefined ? 0 : 1;

function passes({name, script, args = []}: Gate): boolean {
	process.stdout.write(name.padEnd(20));
	const start = performance.now();
	const {status, stdout, stderr, error} = spawnSync('npm', ['run', '--silent', script, '--', ...args], {
		encoding: 'utf8',
		maxBuffer: Infinity,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const seconds = ((performance.now() - start) / 1000).toFixed(1);
	console.log(`${status === 0 ? '✓' : '✗'} ${seconds.padStart(6)} s`);
	if (status !== 0) console.log(`\n${stdout}${stderr}${error?.message ?? ''}`.trimEnd());
	return status === 0;
}

function reportTo(file: string): string[] {
	return ['--bail=1', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
}
