import {expect, test} from 'vitest';
import {sources} from './sources.ts';

const core =
	/^(?:(?:index|fetch|context|options|normalize-options|option-kinds|option-names|mistake|guarded|validate|shown|concat|shape|source|once|errors|error-base|events|environment|fetch-types|readable|signals|bounded|maybe-promise)\.ts|(?:operation|request|attempt|platform|dialect|ky)\/.*|stores\/(?:store|memory|rules|claim-rule|store-failure)\.ts)$/;

type Import = {readonly from: string; readonly to: string};

const imports: readonly Import[] = sources.flatMap(source => source.imports.map(to => ({from: source.path, to})));
const isSource = (path: string) => path.endsWith('.ts');

function importers(of: RegExp): string[] {
	return imports.filter(({to}) => of.test(to)).map(({from}) => from);
}

function codeWith(pattern: RegExp): string[] {
	return sources.flatMap(({path, code}) =>
		code
			.split('\n')
			.filter(line => pattern.test(line))
			.map(line => `${path}: ${line.trim()}`),
	);
}

test('imports are found', () => {
	expect(imports).toContainEqual({from: 'stores/memory.ts', to: 'stores/rules.ts'});
	expect(imports).toContainEqual({from: 'environment.ts', to: 'uuid'});
});

test('every relative import is of a source', () => {
	const paths = new Set(sources.map(({path}) => path));
	expect(imports.filter(({to}) => isSource(to) && !paths.has(to))).toEqual([]);
});

test('the core imports no satellite, but for the default store of browsers', () => {
	const trespasses = imports.filter(({from, to}) => core.test(from) && isSource(to) && !core.test(to));
	expect(trespasses).toEqual([{from: 'platform/browser.ts', to: 'stores/indexeddb.ts'}]);
});

test('a store knows nothing of HTTP', () => {
	const http = importers(/^(?:attempt|dialect|request)\/|^fetch\.ts$/);
	expect(http.filter(from => from.startsWith('stores/'))).toEqual([]);
});

test('an attempt knows nothing of stores', () => {
	expect(importers(/^stores\//).filter(from => from.startsWith('attempt/'))).toEqual([]);
});

test.each([
	['ky', /^(?:ky\/|index\.ts$)/],
	['p-retry', /^attempt\//],
	['msw', /^msw\//],
])('%s is imported at one place only', (name, place) => {
	const found = importers(new RegExp(`^${name}(?:/|$)`));
	expect(found).not.toEqual([]);
	expect(found.filter(from => !place.test(from))).toEqual([]);
});

test('what is ambient enters through the environment', () => {
	const found = codeWith(/AbortSignal\.timeout|\bset(?:Timeout|Interval)\b|Date\.now|Math\.random|performance\.now/);
	expect(found.filter(line => !line.startsWith('environment.ts:'))).toEqual([]);
});

test('what a runtime may lack is asked for at one place', () => {
	const found = codeWith(/\bDOMException\b|\.throwIfAborted\b/);
	expect(found.filter(line => !line.startsWith('signals.ts:'))).toEqual([]);
});

/** `import()` throws in service workers, and fails offline and after a deploy. */
const lazily = /\bimport\s*\(/;

test('nothing is loaded on the way of a request, but for the hash on http:// pages', () => {
	expect(codeWith(lazily)).toEqual([
		expect.stringMatching(/^platform\/browser\.ts: .*import\('.\/hash-fallback\.ts'\)/),
	]);
});

test('an error that speaks for latchkey is a marked mistake, but for what is found after something was sent', () => {
	expect(codeWith(/[`'"]latchkey: /).map(line => line.replace(/: .*/, ''))).toEqual([
		'attempt/loop.ts',
		'attempt/weigh.ts',
		'mistake.ts',
		'request/kept-request.ts',
		'stores/sqlite/node-sqlite.ts',
	]);
});

test('exports have names', () => {
	expect(codeWith(/\bexport default\b|\bas default\b|\bexport \{\s*default\b/)).toEqual([]);
});

test('no check is switched off', () => {
	expect(sources.filter(({text}) => /@ts-|(?:oxlint|eslint)-disable/.test(text)).map(({path}) => path)).toEqual([]);
});

test('no source is longer than 200 lines', () => {
	const lengths = sources.map(({path, text}) => ({path, lines: text.trimEnd().split('\n').length}));
	expect(lengths.filter(({lines}) => lines > 200)).toEqual([]);
});
