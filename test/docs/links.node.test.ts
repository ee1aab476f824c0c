import {existsSync} from 'node:fs';
import {expect, test} from 'vitest';
import {pageAt, pages, root} from './pages.ts';

/** The anchor of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
	return heading
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
		.trim()
		.replaceAll(' ', '-');
}

function anchorsOf(text: string): string[] {
	const prose = text.replaceAll(/^```[^]*?^```$/gm, '');
	return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

function brokenLinks(path: string, text: string): string[] {
	const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
	return targets.filter(target => {
		if (/^https?:/.test(target)) return false;
		const [file = '', anchor] = target.split('#');
		const url = file === '' ? new URL(path, root) : new URL(file, new URL(path, root));
		if (!existsSync(url)) return true;
		return anchor !== undefined && !anchorsOf(pageAt(url.href.slice(root.href.length)).text).includes(anchor);
	});
}

test.each(pages)('every relative link of $path leads somewhere', ({path, text}) => {
	expect(brokenLinks(path, text)).toEqual([]);
});

test('a link to no file, and one to no heading, are broken', () => {
	const text = '[a](none.md) [b](README.md#nowhere) [c](README.md#use) [d](https://example.com/none)';
	expect(brokenLinks('README.md', text)).toEqual(['none.md', 'README.md#nowhere']);
});

test('every page of docs is reached from the README', () => {
	const reached = new Set(['README.md']);
	for (const path of reached) {
		if (!path.endsWith('.md')) continue;
		for (const [, file = ''] of pageAt(path).text.matchAll(/\]\(((?!https?:)[^)#\s]+)/g))
			reached.add(new URL(file, new URL(path, root)).href.slice(root.href.length));
	}

	expect(pages.map(({path}) => path).filter(path => !reached.has(path))).toEqual([]);
});
