import {expect, test} from 'vitest';
import {compile} from './compile.ts';
import {pages} from './pages.ts';
import manifest from '../../package.json' with {type: 'json'};
import {snippets, snippetsOf, writeSnippets} from './snippets.ts';

test('a snippet is found with its language, its code and its name', () => {
	const text = 'Words.\n\n```ts\n// pay.ts\nawait 1;\n```\n\n```sh\nnpm test\n```\n';
	expect(snippetsOf({path: 'docs/a.md', text})).toEqual([
		{page: 'a', language: 'ts', code: '// pay.ts\nawait 1;\n', file: 'pay.ts'},
		{page: 'a', language: 'sh', code: 'npm test\n', file: 'line-9.sh'},
	]);
});

test('every snippet is in a language that is checked or needs no check', () => {
	expect(
		snippets
			.map(({language}) => language)
			.filter(it => !['ts', 'tsx', 'json', 'text', 'svelte', 'sh', 'http', 'sql'].includes(it)),
	).toEqual([]);
});

test('every TypeScript snippet compiles', {timeout: 60_000}, async () => {
	expect(await compile(writeSnippets('types'))).toBe('');
});

test('every npm script that a page names exists', () => {
	const named = pages.flatMap(({text}) => [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script));
	expect(named).toContain('demo');
	expect(named.filter(script => !(script in manifest.scripts))).toEqual([]);
});

test('the first snippet of the README is short', () => {
	const first = snippets.find(({page, language}) => page === 'README' && language === 'ts');
	expect(first?.code.trim().split('\n').length).toBeLessThanOrEqual(15);
});
