import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

/** The script of the page and what it loads lazily, by path, from the sources. */
export async function shopScripts(): Promise<Map<string, string>> {
	const {outputFiles} = await build({
		entryPoints: [fileURLToPath(new URL('page/shop.ts', import.meta.url))],
		outdir: '/',
		bundle: true,
		splitting: true,
		format: 'esm',
		platform: 'browser',
		target: 'es2022',
		conditions: ['latchkey-source'],
		write: false,
	});
	return new Map(outputFiles.map(({path, text}) => [path, text]));
}
