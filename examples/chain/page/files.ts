import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

/** The page with latchkey in it, from its sources, by name. */
export async function pageFiles(): Promise<Map<string, Uint8Array>> {
	const {outputFiles} = await build({
		entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
		bundle: true,
		format: 'esm',
		platform: 'browser',
		target: 'es2022',
		conditions: ['latchkey-source'],
		write: false,
	});
	const [script] = outputFiles;
	if (!script) throw new Error('the page has no script');
	return new Map([
		['index.html', await readFile(new URL('index.html', import.meta.url))],
		['main.js', script.contents],
	]);
}
