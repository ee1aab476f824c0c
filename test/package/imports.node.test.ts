import {expect, test} from 'vitest';
import {sources} from './sources.ts';

/** What nobody loads who does not ask for it: the other entries. */
const satellite =
	/^(?:consumer|ky|msw|probe|server)\/|^dialects\/(?!dialect\.|exists\.|ietf\.|words\.)|^stores\/(?!store\.|memory\.|rules\.|claim-rule\.|store-failure\.)/;

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
	const trespasses = imports.filter(({from, to}) => !satellite.test(from) && satellite.test(to) && isSource(to));
	expect(trespasses).toEqual([{from: 'platform/browser.ts', to: 'stores/indexeddb.ts'}]);
});

test('a store knows nothing of HTTP', () => {
	const http = importers(/^(?:attempt|dialects|request)\/|^fetch\.ts$/);
	expect(http.filter(from => from.startsWith('stores/'))).toEqual([]);
});

test('the probe is a program, and nothing imports it', () => {
	expect(importers(/^probe\//).filter(from => !from.startsWith('probe/'))).toEqual([]);
});

test('the probe sees servers as they are: it imports nothing but itself, what dialects are, and Node', () => {
	const needed = imports.filter(({from}) => from.startsWith('probe/')).map(({to}) => to);
	expect(needed).not.toEqual([]);
	expect(needed.filter(to => !/^(?:dialects\/|probe\/|node:)/.test(to))).toEqual([]);
});

test('a guard loads nothing of the client', () => {
	const known = imports.filter(({from, to}) => from.startsWith('server/') && isSource(to) && !to.startsWith('server/'));
	const client = /^(?:attempt|ky|operation|request)\/|^(?:fetch|options|errors)\.ts$/;
	expect(known.filter(({to}) => client.test(to))).toEqual([]);
});

test('a consumer loads nothing of the client, and of a guard what it shares with it', () => {
	const known = imports.filter(
		({from, to}) => from.startsWith('consumer/') && isSource(to) && !to.startsWith('consumer/'),
	);
	const other =
		/^(?:attempt|ky|operation|request)\/|^(?:fetch|options|errors)\.ts$|^server\/(?:guard|kept|problem|serve)\.ts$/;
	expect(known.length).toBeGreaterThan(10);
	expect(known.filter(({to}) => other.test(to))).toEqual([]);
});

test('entries know nothing of HTTP', () => {
	const stores = /^server\/(?:entry|rules|memory|sqlite|redis|postgres|contract)\b/;
	const http = /^(?:attempt|dialects|request)\/|^server\/(?:guard|kept|problem|serve)\.ts$/;
	expect(imports.filter(({from, to}) => stores.test(from) && http.test(to))).toEqual([]);
});

test('an attempt knows nothing of stores', () => {
	expect(importers(/^stores\//).filter(from => from.startsWith('attempt/'))).toEqual([]);
});

test.each([
	['ky', /^ky\//],
	['p-retry', /^attempt\//],
	['msw', /^msw\//],
])('%s is imported at one place only', (name, place) => {
	const found = importers(new RegExp(`^${name}(?:/|$)`));
	expect(found).not.toEqual([]);
	expect(found.filter(from => !place.test(from))).toEqual([]);
});

test('what is ambient enters through the environment', () => {
	const found = codeWith(/AbortSignal\.timeout|\bset(?:Timeout|Interval)\b|Date\.now|Math\.random|performance\.now/);
	// The probe is a program of its own.
	expect(found.filter(line => !/^(?:clock|environment|probe\/clock)\.ts:/.test(line))).toEqual([]);
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
		'attempt/classify.ts',
		'attempt/loop.ts',
		'mistake.ts',
		'operation/at-rest.ts',
		'stores/sqlite/node-sqlite.ts',
	]);
});

test('exports have names', () => {
	expect(codeWith(/\bexport default\b|\bas default\b|\bexport \{\s*default\b/)).toEqual([]);
});

test('no check is switched off', () => {
	expect(sources.filter(({text}) => /@ts-|(?:oxlint|eslint)-disable/.test(text)).map(({path}) => path)).toEqual([]);
});

/** Those that each source needs, itself among them only where it goes round in a circle. */
function neededBy(path: string, seen: Set<string> = new Set()): Set<string> {
	for (const {from, to} of imports)
		if (from === path && isSource(to) && !seen.has(to)) {
			seen.add(to);
			neededBy(to, seen);
		}

	return seen;
}

test('imports go round in no circle, those of types neither', () => {
	expect(sources.filter(({path}) => neededBy(path).has(path)).map(({path}) => path)).toEqual([]);
});

/** Each knows those before it, and none after it. */
const floors = ['platform/', 'dialects/', 'request/', 'attempt/', 'operation/', 'fetch.ts', 'ky/'];

test.each(floors.map((floor, index) => [floor, floors.slice(index + 1)] as const))(
	'%s knows nothing of what is built on it',
	(floor, above) => {
		const known = imports.filter(({from, to}) => from.startsWith(floor) && above.some(it => to.startsWith(it)));
		expect(known).toEqual([]);
	},
);

/** Words that once stood for two things, or were ours alone. */
const retired =
	/\b(?:boards?|boarded|passengers?|crew|takeOff|landed|lands?|realmOf|flightId|patience|weigh|weighed|leaving|unlessLeft|onLeave|spent|firm)\b/;

test('no retired word comes back', () => {
	expect(codeWith(retired)).toEqual([]);
});
