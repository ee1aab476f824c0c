import {writeSnippets} from './snippets.ts';

// The recipe is a test file: its tests are registered as this file's.
await import(/* @vite-ignore */ new URL('recipes/checkout.test.ts', writeSnippets('tests')).href);
