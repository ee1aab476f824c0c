/**
 * Breaks the core and the stores of this process at random places, the same ones each time, one after the other in a copy
 * of the tree, and tells which breaks no fitting test notices. A test notices by failing or by running out of time.
 *
 *   npm run mutants:random -- --path src/operation --from 0 --count 20 --seed 1 --mutants 150
 */
import {randomFrom} from '../test/support/random-from.ts';
import {spawn} from 'node:child_process';
import {cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {equivalent} from './random-mutants/equivalent.ts';
import {testsOf} from './random-mutants/fitting.ts';
import {mutationsOf, type Mutation} from './random-mutants/mutations.ts';
import {ENDED, FAILED} from './random-mutants/words.ts';

type Mutant = Mutation & {readonly file: string; readonly source: string};

/** Of what is to be noticed. */
const LEAST = 0.95;
/** In milliseconds. Some mutants never end, and no test can run out of time meanwhile: then nothing is heard of any. */
const LONGEST_SILENCE = 120_000;

const {values} = parseArgs({
	options: {
		path: {type: 'string', default: 'src'},
		seed: {type: 'string', default: '1'},
		mutants: {type: 'string', default: '150'},
		from: {type: 'string', default: '0'},
		count: {type: 'string', default: 'Infinity'},
		list: {type: 'boolean', default: false},
	},
});

const sources = globSync(['src/*.ts', 'src/{operation,attempt,request,dialects,ky}/**/*.ts', 'src/stores/**/*.ts'])
	.filter(file => file.startsWith(values.path))
	// What needs a server or a browser is left out.
	.filter(file => !/\/(redis|postgres|indexeddb|contract)\b/.test(file) && !file.endsWith('/index.ts'))
	.toSorted();
const from = Number(values.from);
const chosen = choose(sources.flatMap(mutantsOf), Number(values.mutants), Number(values.seed)).slice(
	from,
	from + Number(values.count),
);

const copy = mkdtempSync(join(tmpdir(), 'latchkey-random-mutants-'));
const survivors: Mutant[] = [];
let same = 0;
try {
	for (const name of ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
		cpSync(name, join(copy, name), {recursive: true});
	symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
	for (const [i, mutant] of chosen.entries()) {
		const why = equivalenceOf(mutant);
		if (why !== undefined) same++;
		const start = performance.now();
		const noticed = values.list ? 'not tried' : (why ?? (await noticedBy(mutant)));
		const seconds = ((performance.now() - start) / 1000).toFixed(1);
		if (noticed === undefined) survivors.push(mutant);
		console.log(`${noticed === undefined ? '✗' : why ? '=' : '✓'} ${from + i} ${describe(mutant)}`);
		console.log(`  ${noticed ?? 'nobody notices'} (${seconds} s)`);
	}
} finally {
	rmSync(copy, {recursive: true});
}

const tried = chosen.length - same;
const share = (tried - survivors.length) / tried;
console.log(
	`\n${tried - survivors.length} of ${tried} noticed (${(share * 100).toFixed(1)} %); ${same} change nothing.`,
);
for (const survivor of survivors) console.log(`\n${describe(survivor)}\n${diffOf(survivor)}`);
process.exitCode = share < LEAST ? 1 : 0;

function mutantsOf(file: string): Mutant[] {
	const source = readFileSync(file, 'utf8');
	return mutationsOf(source).map(mutation => ({...mutation, file, source}));
}

/** So many of them, in an order of their own: each kind as often as the others, as far as there are enough. */
function choose(all: readonly Mutant[], count: number, seed: number): Mutant[] {
	const random = randomFrom(seed);
	const rounds = new Map<string, number>();
	return all
		.map(mutant => ({mutant, rank: random()}))
		.toSorted((one, other) => one.rank - other.rank)
		.map(({mutant, rank}) => {
			const round = (rounds.get(mutant.kind) ?? -1) + 1;
			rounds.set(mutant.kind, round);
			return {mutant, rank: round + rank};
		})
		.toSorted((one, other) => one.rank - other.rank)
		.slice(0, count)
		.map(({mutant}) => mutant);
}

async function noticedBy({file, source, start, end, replacement}: Mutant): Promise<string | undefined> {
	writeFileSync(join(copy, file), source.slice(0, start) + replacement + source.slice(end));
	try {
		for (const tests of testsOf(file)) {
			const failure = await failureIn(tests);
			if (failure !== undefined) return failure;
		}

		return undefined;
	} finally {
		writeFileSync(join(copy, file), source);
	}
}

/** The first test that fails. A rejection that nobody caught is none. */
async function failureIn(tests: readonly string[]): Promise<string | undefined> {
	const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./random-mutants/ask.ts')), ...tests], {
		cwd: copy,
		stdio: ['ignore', 'pipe', 'ignore'],
		detached: true,
	});
	// With its workers, one of which may be busy for ever.
	const stop = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
	let failure: string | undefined;
	const late = setTimeout(() => {
		failure = 'a test never ends';
		stop();
	}, LONGEST_SILENCE);
	let ended = false;
	for await (const line of createInterface(child.stdout)) {
		late.refresh();
		ended ||= line === ENDED;
		if (!line.startsWith(FAILED)) continue;
		failure ??= line.slice(FAILED.length);
		stop();
	}

	clearTimeout(late);
	if (failure === undefined && !ended) throw new Error(`vitest ran no tests in ${tests.join(', ')}`);
	return failure;
}

function lineOf({source, start}: Mutant): string {
	return source.slice(source.lastIndexOf('\n', start - 1) + 1).split('\n', 1)[0] ?? '';
}

function equivalenceOf(mutant: Mutant): string | undefined {
	const {file, source, start, end, replacement} = mutant;
	const [line, original] = [lineOf(mutant).trim(), source.slice(start, end)];
	return equivalent.find(
		one => one.file === file && one.line === line && one.original === original && one.replacement === replacement,
	)?.why;
}

function describe({file, source, start, end, replacement, kind}: Mutant): string {
	const line = source.slice(0, start).split('\n').length;
	const [original = '', , more] = source.slice(start, end).split(/(\n)/);
	return `${file}:${line}: ${kind}: ${original}${more === undefined ? '' : '…'} → ${replacement.split('\n', 1)[0]}`;
}

function diffOf({source, start, end, replacement}: Mutant): string {
	const [first, last] = [source.lastIndexOf('\n', start - 1) + 1, source.indexOf('\n', end)];
	const before = source.slice(first, last);
	const after = source.slice(first, start) + replacement + source.slice(end, last);
	return [...before.split('\n').map(line => `- ${line}`), ...after.split('\n').map(line => `+ ${line}`)].join('\n');
}
