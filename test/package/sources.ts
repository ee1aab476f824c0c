import {readdirSync, readFileSync} from 'node:fs';

export type Source = {
	/** Relative to `src`, for instance `stores/memory.ts`. */
	readonly path: string;
	readonly text: string;
	/** The text without the comments that stand on their own lines. */
	readonly code: string;
	/** Relative imports as paths in `src`; packages as they are written. */
	readonly imports: readonly string[];
};

const src = new URL('../../src/', import.meta.url);
const specifier = /\b(?:from|import)\s*\(?\s*'([^']+)'/g;

export const sources: readonly Source[] = readdirSync(src, {recursive: true, encoding: 'utf8'})
	.filter(path => path.endsWith('.ts'))
	.toSorted()
	.map(path => {
		const text = readFileSync(new URL(path, src), 'utf8');
		const code = text.replaceAll(/^\s*(?:\/\*[^]*?\*\/|\/\/.*$)/gm, '');
		const imports = [...code.matchAll(specifier)].map(([, name = '']) =>
			name.startsWith('.') ? new URL(name, new URL(path, src)).href.slice(src.href.length) : name,
		);
		return {path, text, code, imports};
	});
