import {getEventListeners} from 'node:events';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {expect, test} from 'vitest';
import {createClientIn} from '../../src/ky/client.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {eventually} from '../support/eventually.ts';
import {openShop} from './shop.ts';

test('listeners on a shared signal go when their call ends', async () => {
	const {environment, realm} = openShop();
	const {signal} = new AbortController();
	const {pay} = realm();
	for (let i = 0; i < 20; i++) await environment.finish(pay({operation: ['checkout', `${i}`], signal}));
	expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('those of a client, too, once its answers are gone', async () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const {environment} = openShop();
	const {signal} = new AbortController();
	const fetch = async () => new Response('{"ok":true}');
	const api = createClientIn(environment, {fetch, store: memoryStoreIn(environment), scope: null});
	for (let i = 0; i < 50; i++) await environment.finish(api.get('https://shop.test/', {signal}).json());
	await eventually(() => {
		collect();
		expect(getEventListeners(signal, 'abort').length).toBeLessThan(10);
	});
});
