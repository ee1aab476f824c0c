import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {codes} from '../../src/dialects/codes.ts';
import {notSaved} from '../../src/dialects/ietf.ts';
import {pageAt} from './pages.ts';

const {text} = pageAt('docs/server.md');

test('every code of the guard has its row, with its status', () => {
	const rows = [...text.matchAll(/^\| `idempotency-([\w-]+)`\s*\| (\d+)/gm)].map(([, code, status]) => [
		code,
		Number(status),
	]);
	const all = Object.entries(codes).map(([code, {status}]) => [code, status]);
	expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(all));
});

test('what is not kept is the list that both sides have', () => {
	const [, sentence = ''] = /\*\*Kept\*\*[^]*?Not kept,([^]*?) and 503/.exec(text) ?? [];
	expect([...sentence.matchAll(/\d{3}/g)].map(([status]) => Number(status))).toEqual([...notSaved]);
});

test('the recipes for ORMs are those that are tried on Postgres', () => {
	const tried = readFileSync(new URL('../server/databases.ts', import.meta.url), 'utf8');
	const recipes = (source: string) =>
		[...source.matchAll(/^export const of\w+[^]*?^}\);/gm)].map(([recipe]) =>
			recipe.replaceAll(/\s+|,(?=\s*[)}])/g, ''),
		);
	expect(recipes(text)).toHaveLength(4);
	expect(recipes(text)).toEqual(recipes(tried));
});
