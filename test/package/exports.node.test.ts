import {execFile} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import tsup from '../../tsup.config.ts';
import tsupOfMsw from '../../tsup.msw.config.ts';
import tsupOfProbe from '../../tsup.probe.config.ts';
import tsupServer from '../../tsup.server.config.ts';

const root = new URL('../../', import.meta.url);
const chosen = Object.values(manifest.imports).map(({'latchkey-source': source, ...published}) => ({
	source,
	published,
}));
const behind = new Set(chosen.flatMap(({published}) => Object.values<string>(published)));
const {'./package.json': _, ...entries} = manifest.exports;

/** What is promised to be imported: every export, and the files behind the conditions of `#platform` and `#hash`. */
const promised = [...Object.values(entries).map(entry => entry.default), ...behind];
const programs = Object.values(manifest.bin).map(path => `./${path}`);

function built(path: string): string {
	return path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '.js');
}

test('what the package exports is what is built, no more and no less', () => {
	const entries = [tsup, tsupServer, tsupOfMsw].flatMap(config => (config as {entry: string[]}).entry);
	const files = entries.map(path => built(`./${path}`));
	expect(promised.toSorted()).toEqual(files.toSorted());
	const {entry: ofProbe} = tsupOfProbe as {entry: Record<string, string>};
	expect(programs).toEqual(Object.keys(ofProbe).map(name => `./dist/${name}.js`));
});

test('every export names its declarations first, beside its code', () => {
	for (const entry of Object.values(entries)) {
		expect(Object.keys(entry)).toEqual(['types', 'default']);
		expect(entry.types).toBe(entry.default.replace(/\.js$/, '.d.ts'));
	}
});

test('the source conditions mirror the published ones', () => {
	for (const {source, published} of chosen)
		expect(Object.entries<string>(source).map(([name, path]) => [name, built(path)])).toEqual(
			Object.entries(published),
		);
});

test('every promised file is there after `npm run build`', () => {
	const files = [...promised.flatMap(path => [path, path.replace(/\.js$/, '.d.ts')]), ...programs];
	expect(files.filter(path => !existsSync(new URL(path, root)))).toEqual([]);
});

test('what is built loads nothing later, but for the hash on http:// pages', () => {
	const lazy = readdirSync(new URL('dist/', root), {recursive: true, encoding: 'utf8'})
		.filter(path => path.endsWith('.js'))
		.flatMap(path =>
			[...readFileSync(new URL(`dist/${path}`, root), 'utf8').matchAll(/\bimport\s*\([^)]*\)/g)].map(
				([call]) => `${path}: ${call}`,
			),
		);
	expect(lazy).toEqual([expect.stringMatching(/^platform\/browser\.js: import\("\.\.\/hash-fallback-\w+\.js"\)$/)]);
});

test('every entry loads in Node by its name', async () => {
	const names = Object.keys(entries).map(path => manifest.name + path.slice(1));
	const code = names.map(name => `await import('${name}');`).join(' ');
	const {stdout} = await promisify(execFile)(
		process.execPath,
		['--input-type=module', '--eval', `${code} console.log('loaded')`],
		{cwd: root},
	);
	expect(stdout).toBe('loaded\n');
});

test('an import in Node reads few files, and ky only where it is asked for', async () => {
	const code = `
		import {registerHooks} from 'node:module';
		const files = [];
		registerHooks({load: (url, context, next) => (url.startsWith('file:') && files.push(url), next(url, context))});
		await import('latchkey');
		console.log(files.join(' '));
	`;
	const node = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {cwd: root});
	const files = (await node).stdout.trim().split(' ');
	expect(files.length).toBeLessThanOrEqual(14);
	expect(files.filter(path => path.includes('/ky/'))).toEqual([]);
});
