import {describe} from 'vitest';
import {writeSnippets} from './snippets.ts';

const folder = writeSnippets('tests');

// They are test files: their tests are registered as this file's.
describe.each(['recipes/lost-answer.test.ts', 'testing/reload.test.ts', 'testing/time.test.ts'])('%s', async path => {
	await import(/* @vite-ignore */ new URL(path, folder).href);
});
