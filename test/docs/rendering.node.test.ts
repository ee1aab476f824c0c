import {writeFileSync} from 'node:fs';
import {createElement, useSyncExternalStore, type FunctionComponent} from 'react';
import {renderToString} from 'react-dom/server';
import type {Component} from 'svelte';
import {compile} from 'svelte/compiler';
import {render} from 'svelte/server';
import {expect, test} from 'vitest';
import {createFetch} from '../../src/fetch.ts';
import {snippets, withSources, writeSnippets} from './snippets.ts';
import {operationOf} from '../../src/operation/handle.ts';

// On a server, where nobody has said whose the operations are.
const folder = writeSnippets('rendered');

test('a React component that shows an operation renders on a server', async () => {
	const {href} = new URL('recipes/order-status.tsx', folder);
	const {OrderStatus} = (await import(/* @vite-ignore */ href)) as {OrderStatus: FunctionComponent<{id: string}>};
	expect(renderToString(createElement(OrderStatus, {id: 'cart-42'}))).toBe('<p>loading</p>');
});

test('so does one that reads the state by itself', () => {
	const checkout = operationOf(createFetch(), 'checkout');
	const state = () => checkout.state;
	const Status = () => useSyncExternalStore(checkout.subscribe, state, state).status;
	expect(renderToString(createElement(Status))).toBe('loading');
});

test('a Svelte component that shows an operation renders on a server', async () => {
	const [snippet] = snippets.filter(({language}) => language === 'svelte');
	const {js, warnings} = compile(snippet?.code ?? '', {generate: 'server', name: 'OrderStatus'});
	expect(warnings).toEqual([]);
	const file = new URL('order-status.svelte.js', folder);
	writeFileSync(file, withSources(js.code));
	const component = (await import(/* @vite-ignore */ file.href)) as {default: Component<{id: string}>};
	const {body} = render(component.default, {props: {id: 'cart-42'}});
	expect(body).toContain('<p>loading</p>');
});
