import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import type {PageFile} from './shop.ts';

const checkout = new URL('../page/', import.meta.url);

/** A page with its `main.ts` and `style.css`; latchkey in it is the package as it is built, for browsers. */
export async function pageFiles(page: URL = checkout): Promise<Map<string, PageFile>> {
	const {outputFiles} = await build({
		entryPoints: ['main.ts', 'style.css'].map(name => fileURLToPath(new URL(name, page))),
		outdir: '/',
		bundle: true,
		format: 'esm',
		platform: 'browser',
		target: 'es2022',
		// Not that of this tree, which may take the sources for the package.
		tsconfigRaw: {},
		write: false,
		// The build's chunks import each other for order only, which `sideEffects: false` lets a bundler leave out.
		logOverride: {'ignored-bare-import': 'silent'},
	});
	const files = new Map<string, PageFile>([
		['/', {type: 'text/html', body: await readFile(new URL('index.html', page))}],
	]);
	for (const {path, contents} of outputFiles)
		files.set(path, {type: path.endsWith('.css') ? 'text/css' : 'text/javascript', body: contents});
	return files;
}
