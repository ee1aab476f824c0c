import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

/** The scripts of the page and of its service worker, and what they load, by path, from the sources. */
export async function shopScripts(): Promise<Map<string, string>> {
	const {outputFiles} = await build({
		entryPoints: ['shop', 'service-worker'].map(name => fileURLToPath(new URL(`page/${name}.ts`, import.meta.url))),
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
