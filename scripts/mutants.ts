/**
 * Breaks each invariant once, by a patch of `test/mutants` in a copy of the tree, and shows that a test notices.
 * `--worlds 20000`: asks only the simulation instead, which meets the rules of keys, records and outcomes, and no others.
 * `--only 02-`: only those whose file names begin so.
 */
import {spawnSync} from 'node:child_process';
import {cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {parseArgs} from 'node:util';

type Mutant = {readonly file: string; readonly rule: string; readonly test: string};

const {worlds, only} = parseArgs({options: {worlds: {type: 'string'}, only: {type: 'string', default: ''}}}).values;
const patches = resolve('test/mutants');
const copy = mkdtempSync(join(tmpdir(), 'latchkey-mutants-'));
const mutants = readdirSync(patches)
	.filter(file => file.startsWith(only))
	.map(read);

try {
	for (const name of ['test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
		cpSync(name, join(copy, name), {recursive: true, filter: path => !path.includes('node_modules')});
	cpSync('src', join(copy, 'sound'), {recursive: true});
	symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
	if (worlds === undefined) process.exitCode = soundWithout() && mutants.map(isCaught).every(Boolean) ? 0 : 1;
	else for (const mutant of mutants) console.log(`${mutant.file}: ${inWorlds(mutant, worlds)}`);
} finally {
	rmSync(copy, {recursive: true});
}

/** A patch begins with two lines: the invariant and how it is broken; the test that notices. */
function read(file: string): Mutant {
	const [rule = '', by = ''] = readFileSync(join(patches, file), 'utf8').split('\n');
	const test = by.replace('Caught by ', '');
	if (!rule || !existsSync(test)) throw new Error(`${file} does not begin with its rule and the test that notices`);
	return {file, rule, test};
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

/** What goes wrong in the first world that notices. */
function inWorlds({file}: Mutant, seeds: string): string {
	restore();
	spawnSync('git', ['apply', join(patches, file)], {cwd: copy});
	const args = ['--conditions=latchkey-source', 'test/simulation/run.ts', '--seeds', seeds, '--from', '1'];
	const {stdout, stderr} = spawnSync(process.execPath, args, {cwd: copy, encoding: 'utf8'});
	return `${stdout}${stderr}`.split('\n', 1)[0] ?? '';
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
