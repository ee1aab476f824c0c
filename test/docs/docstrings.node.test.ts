import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {compile} from './compile.ts';
import {examples, examplesIn, writeExamples} from './examples.ts';
import {settingsOf} from '../../src/normalize-options.ts';
import {fetchSpecs, retrySpecs, sharedSpecs} from '../../src/option-specs.ts';
import {sources} from '../package/sources.ts';
import {root} from './pages.ts';

type Option = {readonly name: string; readonly docstring: string};

const specs = Object.entries({...sharedSpecs, ...fetchSpecs, ...retrySpecs});
const options = ['retry-options', 'outcome-options', 'options'].flatMap(file =>
	optionsOf(
		readFileSync(new URL(`src/${file}.ts`, root), 'utf8').replace(/^export type (?:Retry|Settings) = [^]*/m, ''),
	),
);

function optionsOf(text: string): readonly Option[] {
	const found = text.matchAll(/(?:^\t\/\*\*((?:(?!\*\/)[^])*)\*\/\n)?^\treadonly (\w+)\?:/gm);
	return [...found].map(([, docstring = '', name = '']) => ({name, docstring}));
}

const namesOf = (some: readonly Option[]) => some.map(({name}) => name).toSorted();
const docstringOf = (name: string) => options.find(option => option.name === name)?.docstring ?? '';
const saysDefaultInProse = (docstring: string) => /(?<!@)\bdefault\b/i.test(docstring);
const defaultOf = (docstring: string) => /@default (.*)/.exec(docstring)?.[1]?.replace(/ \*?$/, '');

test('every option is found, and has a docstring', () => {
	const all = [...specs.map(([name]) => name), 'operation', 'idempotencyKey'];
	expect(namesOf(options)).toEqual(all.toSorted());
	expect(namesOf(options.filter(({docstring}) => docstring.trim() === ''))).toEqual([]);
});

test('an option without a docstring, and one without a default, are found', () => {
	const [bare, said] = optionsOf('\treadonly a?: string;\n\n\t/** What. */\n\treadonly b?: number;\n');
	expect([bare, said]).toEqual([
		{name: 'a', docstring: ''},
		{name: 'b', docstring: ' What. '},
	]);
	expect(defaultOf(said?.docstring ?? '')).toBeUndefined();
});

test('the defaults of the code are those that the docstrings say', () => {
	const {retry, dialect, ...rest} = settingsOf({});
	const inCode: Readonly<Record<string, unknown>> = {...rest, ...retry};
	const said = Object.fromEntries(Object.keys(inCode).map(name => [name, literal(defaultOf(docstringOf(name)))]));
	expect(said).toEqual(inCode);
	expect(defaultOf(docstringOf('dialect'))).toBe(`\`${dialect.name}()\``);
});

test('every other option that has a default says it, too, and only so', () => {
	const elsewhere = ['delay', 'fetch', 'fingerprint', 'fingerprintHeaders', 'keyFrom', 'keyed', 'retry', 'store'];
	expect(elsewhere.filter(name => defaultOf(docstringOf(name)) === undefined)).toEqual([]);
	expect(namesOf(options.filter(({docstring}) => /\bdefaults?:? /i.test(docstring.replace('@default', ''))))).toEqual(
		[],
	);
});

test('the options of stores, dialects and the mock server say their defaults likewise', () => {
	const types = sources.flatMap(({text}) => [
		...text.matchAll(/^export type (?:\w+Options|Harness<S>|Dialect) = \{\n([^]*?)^\}/gm),
	]);
	const all = types.flatMap(([, body = '']) => optionsOf(body));
	expect(namesOf(all)).toEqual(
		expect.arrayContaining(['commandTimeout', 'faults', 'longestElapse', 'quoted', 'table']),
	);
	expect(namesOf(all.filter(({docstring}) => saysDefaultInProse(docstring)))).toEqual([]);
});

test('every option that may be a function has an example', () => {
	const functions = specs.filter(([, {test: takes}]) => takes(() => undefined)).map(([name]) => name);
	expect(functions).toContain('judge');
	expect(functions.filter(name => !docstringOf(name).includes('@example'))).toEqual([]);
});

test('every time is said to be in milliseconds', () => {
	const times = specs.filter(([, {expects}]) => expects.startsWith('milliseconds')).map(([name]) => name);
	expect(times).toContain('timeout');
	expect(times.filter(name => !docstringOf(name).includes('milliseconds'))).toEqual([]);
});

test('an example ends where its docstring or the next tag begins', () => {
	const text =
		'\t/**\n\t * @example\n\t * a();\n\t *\n\t * b();\n\t * @see c\n\t */\n\t/**\n\t * @example\n\t * d();\n\t */\n';
	expect(examplesIn(text)).toEqual(['a();\n\nb();\n', 'd();\n']);
});

test('every example of a docstring compiles', {timeout: 60_000}, async () => {
	expect(examples.length).toBeGreaterThan(30);
	expect(await compile(writeExamples())).toBe('');
});

function literal(text = ''): unknown {
	const plain = text.replaceAll('`', '').replaceAll('_', '').replaceAll("'", '"');
	try {
		return JSON.parse(plain);
	} catch {
		return text;
	}
}
