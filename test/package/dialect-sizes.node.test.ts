import {brotliCompressSync} from 'node:zlib';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {beforeAll, expect, test} from 'vitest';
import {shipped} from '../dialects/all.ts';
import {root} from '../docs/pages.ts';

const names = [...new Set(shipped.map(({code}) => code.replace(/\(.*/, '')))];

/**
 * Of the core and these exports of `latchkey/dialects`, minified, under brotli: the mean of several, because one is up to
 * 65 B larger or smaller by where a single character stands.
 */
async function bytes(...dialects: readonly string[]): Promise<number> {
	const {outputFiles} = await build({
		stdin: {
			contents: `export {createFetch} from './src/index.ts'; export {${dialects.join(', ')}} from './src/dialects/index.ts';`,
			resolveDir: fileURLToPath(root),
		},
		bundle: true,
		minify: true,
		format: 'esm',
		write: false,
		platform: 'browser',
		conditions: ['latchkey-source'],
		logLevel: 'error',
	});
	const code = outputFiles[0]?.text ?? '';
	const sizes = Array.from({length: 12}, (_, shift) => brotliCompressSync(`${';'.repeat(shift)}${code}`).length);
	return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

/** What the dialects share. */
const shared = ['defineDialect', 'inBody', 'inVariable'];
let common = 0;

beforeAll(async () => {
	common = await bytes(...shared);
}, 60_000);

test('what the dialects share weighs little, and so does a key in the body', async () => {
	const bare = await bytes();
	const defining = await bytes('defineDialect');
	expect(defining - bare).toBeLessThan(850);
	expect(common - defining).toBeLessThan(700);
});

test.each(names)('%s adds at most 400 B to it', {timeout: 20_000}, async name => {
	expect((await bytes(...shared, name)) - common).toBeLessThan(400);
});
