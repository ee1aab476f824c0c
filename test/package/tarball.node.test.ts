import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {beforeAll, expect, test} from 'vitest';
import {pages} from '../docs/pages.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

let files: readonly string[] = [];

beforeAll(() => {
	const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
		cwd: root,
		encoding: 'utf8',
	});
	const [tarball] = Object.values(JSON.parse(packed) as Record<string, {files: Array<{path: string}>}>);
	files = tarball!.files.map(({path}) => path);
});

test('the docs are in the package, with every page that one of them links to', () => {
	const linked = pages.flatMap(({path, text}) =>
		[...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, to = '']) =>
			new URL(to, `file:///${path}`).pathname.slice(1),
		),
	);
	expect(linked.length).toBeGreaterThan(20);
	expect(linked.filter(path => path.endsWith('.md') && path !== 'CONTRIBUTING.md' && !files.includes(path))).toEqual(
		[],
	);
});

test('no source is in it twice, and nothing of the tests', () => {
	expect(files.filter(path => /\.map$|^(?:src|test|examples|bench|scripts)\//.test(path))).toEqual([]);
});
