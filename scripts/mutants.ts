/** Breaks each invariant once, by a patch of `test/mutants` in a copy of the tree, and shows that a test notices. */
import {spawnSync} from 'node:child_process';
import {cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';

type Mutant = {readonly file: string; readonly rule: string; readonly test: string};

const patches = resolve('test/mutants');
const copy = mkdtempSync(join(tmpdir(), 'latchkey-mutants-'));
const mutants = readdirSync(patches).map(read);

try {
	for (const name of ['test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
		cpSync(name, join(copy, name), {recursive: true});
	cpSync('src', join(copy, 'sound'), {recursive: true});
	symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
	process.exitCode = soundWithout() && mutants.map(isCaught).every(Boolean) ? 0 : 1;
} finally {
	rmSync(copy, {recursive: true});
}

/** A patch begins with two lines: the invariant and how it is broken; the test that notices. */
function read(file: string): Mutant {
	const [rule = '', by = ''] = readFileSync(join(patches, file), 'utf8').split('\n');
	return {file, rule, test: by.replace('Caught by ', '')};
}

/** A test that fails anyway notices nothing. */
function soundWithout(): boolean {
	restore();
	const broken = [...new Set(mutants.map(({test}) => test))].filter(test => failureOf(test) !== undefined);
	for (const test of broken) console.log(`✗ ${test} fails without any mutant`);
	return broken.length === 0;
}

function isCaught({file, rule, test}: Mutant): boolean {
	restore();
	const {status, stderr} = spawnSync('git', ['apply', join(patches, file)], {cwd: copy, encoding: 'utf8'});
	const failure = status === 0 ? failureOf(test) : undefined;
	console.log(`${failure === undefined ? '✗' : '✓'} ${rule}`);
	console.log(`  ${test}: ${failure ?? (status === 0 ? 'notices nothing' : stderr.trim())}\n`);
	return failure !== undefined;
}

function restore(): void {
	rmSync(join(copy, 'src'), {recursive: true, force: true});
	cpSync(join(copy, 'sound'), join(copy, 'src'), {recursive: true});
}

type Report = {
	readonly testResults: ReadonlyArray<{
		readonly message: string;
		readonly assertionResults: ReadonlyArray<{readonly status: string; readonly failureMessages?: readonly string[]}>;
	}>;
};

/** What the first test that fails says. A file that cannot even be loaded throws: that is no test that notices. */
function failureOf(test: string): string | undefined {
	const project = test.includes('.browser.') ? 'browser' : 'node';
	const report = join(copy, 'report.json');
	rmSync(report, {force: true});
	const args = ['vitest', 'run', '--project', project, test, '--reporter=json', `--outputFile.json=${report}`];
	spawnSync('npx', args, {cwd: copy});
	const [file] = (JSON.parse(readFileSync(report, 'utf8')) as Report).testResults;
	if (file === undefined || file.assertionResults.length === 0)
		throw new Error(`${test} holds no tests: ${file?.message}`);
	const failed = file.assertionResults.find(({status}) => status === 'failed');
	return failed && (failed.failureMessages?.[0] ?? '').split('\n', 1)[0];
}
