import {existsSync} from 'node:fs';
import {expect, test} from 'vitest';
import {sources} from '../package/sources.ts';
import {pageAt, root} from './pages.ts';

const [, section = ''] = pageAt('docs/how-it-works.md').text.split('## The life of a request, in files\n');
const [list = ''] = section.split('\n## ');
const tour = [...list.matchAll(/`([\w/-]+\.ts)`/g)].map(([, name = '']) => name);

/** The stops that no stop before them imports. */
function unreached(stops: readonly string[]): readonly string[] {
	const importedBy = (path: string) => sources.find(source => source.path === path)?.imports ?? [];
	return stops
		.slice(1)
		.filter((stop, index) => !stops.slice(0, index + 1).some(path => importedBy(path).includes(stop)));
}

test('the tour begins at the call and comes back to its caller', () => {
	expect(tour.length).toBeGreaterThan(15);
	expect(tour[0]).toBe('fetch.ts');
	expect(tour.at(-1)).toBe('operation/caller.ts');
});

test('every stop of the tour is a source', () => {
	const paths = new Set(sources.map(({path}) => path));
	expect(tour.filter(name => !paths.has(name))).toEqual([]);
});

test('every stop is imported by one before it', () => {
	expect(unreached(tour)).toEqual([]);
});

test('a stop that comes too early, or that nobody imports, is found', () => {
	const wrong = ['fetch.ts', 'operation/run.ts', 'operation/join.ts', 'attempt/nowhere.ts'];
	expect(unreached(wrong)).toEqual(['operation/run.ts', 'attempt/nowhere.ts']);
});

test('every file that the map for contributors names is there', () => {
	const {text} = pageAt('CONTRIBUTING.md');
	const paths = [...text.matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|md|json)|(?:[\w-]+\/)+)`/g)].map(
		([, path = '']) => path,
	);
	expect(paths.length).toBeGreaterThan(40);
	const isThere = (path: string) => ['', 'src/'].some(folder => existsSync(new URL(folder + path, root)));
	expect(paths.filter(path => !isThere(path) && path !== 'name.ts')).toEqual([]);
});
