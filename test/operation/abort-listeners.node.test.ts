import {getEventListeners} from 'node:events';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {expect, test} from 'vitest';
import {environment} from '../../src/environment.ts';
import {createFetchIn} from '../../src/fetch.ts';
import type {CallOptions} from '../../src/options.ts';
import {createClientIn} from '../../src/ky/client.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {eventually} from '../support/eventually.ts';
import {openShop} from './shop.ts';

function collector(): () => void {
	setFlagsFromString('--expose-gc');
	return runInNewContext('gc') as () => void;
}

test('listeners on a shared signal go when their call ends', async () => {
	const {environment: time, realm} = openShop();
	const {signal} = new AbortController();
	const {pay} = realm();
	for (let i = 0; i < 20; i++) await time.finish(pay({operation: ['checkout', `${i}`], signal}));
	expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test.each<[string, (i: number) => CallOptions]>([
	['a named call', i => ({operation: ['checkout', `${i}`]})],
	['a call without a name', () => ({operation: true})],
])('those of an answer to %s that is passed on unread go with it, and do not keep it', async (_, options) => {
	const collect = collector();
	const {signal} = new AbortController();
	const passed = async () => new Response('data: 1\n\n', {headers: {'content-type': 'text/event-stream'}});
	const fetch = createFetchIn(environment, {fetch: passed, store: memoryStoreIn(environment), scope: null});
	for (let i = 0; i < 50; i++) {
		const response = await fetch('https://shop.test/', {method: 'POST', body: '1', signal, ...options(i)});
		await response.text();
	}

	await eventually(() => {
		collect();
		expect(getEventListeners(signal, 'abort').length).toBeLessThan(10);
	});
});

test('those of a client, too, once its answers are gone', async () => {
	const collect = collector();
	const {signal} = new AbortController();
	const fetch = async () => new Response('{"ok":true}');
	const api = createClientIn(environment, {fetch, store: memoryStoreIn(environment), scope: null});
	for (let i = 0; i < 50; i++) await api.get('https://shop.test/', {signal}).json();
	await eventually(() => {
		collect();
		expect(getEventListeners(signal, 'abort').length).toBeLessThan(10);
	});
});
