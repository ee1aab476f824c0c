import {createClientIn, type ClientOptions} from '../../src/ky/client.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {fakeServer, type FakeServerOptions} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';

export const operation = ['checkout', 42] as const;
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const json = {cart: 42};

export type Order = {readonly key: string; readonly charges: number};

export function openClient(options: ClientOptions = {}, serverOptions: FakeServerOptions = {}) {
	const environment = virtualEnvironment();
	const server = fakeServer(environment, serverOptions);
	const store = memoryStoreIn(environment);
	const own = {prefix: 'https://shop.test/api', fetch: server.fetch, store, scope: null, ...options};
	return {environment, server, api: createClientIn(environment, own), finish: environment.finish};
}
