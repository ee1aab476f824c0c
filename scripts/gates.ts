/** Runs every gate in order, stops at the first that fails and shows what it said. */
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';

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
const totals = countTests();
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
	return ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
}

type Report = {
	readonly numPassedTests: number;
	readonly numFailedTests: number;
	readonly testResults: ReadonlyArray<{readonly status: string; readonly assertionResults: readonly unknown[]}>;
};

/** A file that could not even be loaded holds no tests: it counts as one failure. */
function countTests(): string {
	const reports = Object.values(results)
		.filter(file => existsSync(file))
		.map(file => JSON.parse(readFileSync(file, 'utf8')) as Report);
	const passed = sum(reports.map(report => report.numPassedTests));
	const broken = reports.flatMap(report =>
		report.testResults.filter(file => file.status === 'failed' && file.assertionResults.length === 0),
	);
	return `${passed} passed, ${sum(reports.map(report => report.numFailedTests)) + broken.length} failed`;
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
