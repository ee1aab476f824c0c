import {readdirSync, readFileSync} from 'node:fs';

export type Page = {
	/** From the root, for instance `docs/guide.md`. */
	readonly path: string;
	readonly text: string;
};

export const root: URL = new URL('../../', import.meta.url);

const inDocs = readdirSync(new URL('docs', root), {recursive: true, encoding: 'utf8'});
const paths = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...inDocs.map(path => `docs/${path}`)];

export const pages: readonly Page[] = paths
	.filter(path => path.endsWith('.md'))
	.map(path => ({path, text: readFileSync(new URL(path, root), 'utf8')}));

export function pageAt(path: string): Page {
	const page = pages.find(one => one.path === path);
	if (page === undefined) throw new Error(`there is no page ${path}`);
	return page;
}
