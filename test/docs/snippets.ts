import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {basename} from 'node:path';
import {fileURLToPath} from 'node:url';
import manifest from '../../package.json' with {type: 'json'};
import {pages, root, type Page} from './pages.ts';

export type Snippet = {
	readonly page: string;
	readonly language: string;
	readonly code: string;
	/** `pay.ts` if its first line is `// pay.ts`, so that others may import it; else its line on the page. */
	readonly file: string;
};

export const snippets: readonly Snippet[] = pages.flatMap(snippetsOf);

export function snippetsOf({path, text}: Page): Snippet[] {
	return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(({1: language = '', 2: code = '', index}) => {
		const line = text.slice(0, index).split('\n').length + 1;
		const file = /^\/\/ (\S+\.tsx?)\n/.exec(code)?.[1] ?? `line-${line}.${language}`;
		return {page: basename(path, '.md'), language, code, file};
	});
}

/** Writes what is TypeScript, one folder a page, and returns the place. */
export function writeSnippets(name: string): URL {
	const folder = new URL(`test-results/docs/${name}/`, root);
	rmSync(folder, {recursive: true, force: true});
	for (const {page, language, code, file} of snippets) {
		if (language !== 'ts' && language !== 'tsx') continue;
		mkdirSync(new URL(page, folder), {recursive: true});
		writeFileSync(new URL(`${page}/${file}`, folder), withSources(code));
	}

	return folder;
}

/** Imports the sources where the package is imported. */
export function withSources(code: string): string {
	return code.replaceAll(/(?<=from ')latchkey[^']*/g, sourceOf);
}

function sourceOf(specifier: string): string {
	const entry = specifier.replace('latchkey', '.') as keyof typeof manifest.exports;
	const built: unknown = manifest.exports[entry];
	if (typeof built !== 'object' || built === null || !('default' in built))
		throw new Error(`the package does not export ${specifier}`);
	const source = String(built.default).replace('./dist/', 'src/').replace(/\.js$/, '.ts');
	return fileURLToPath(new URL(source, root));
}
