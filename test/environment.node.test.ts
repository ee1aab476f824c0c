import {AsyncLocalStorage} from 'node:async_hooks';
import {afterEach, expect, test, vi} from 'vitest';
import {environment} from '../src/environment.ts';
import {lack, lacks} from './support/globals.ts';

afterEach(() => {
	vi.unstubAllGlobals();
});

test.each(lacks)('a worker with a database that is %s has one user only if it is of a browser', how => {
	vi.stubGlobal('WorkerGlobalScope', Object);
	lack('indexedDB', how);
	// Frames that may not even look at the database have one; edge runtimes, workers too, have none.
	expect(environment.shared).toBe(how !== 'throws when it is read');
});

test('a page has one user, whatever is the matter with its database', () => {
	vi.stubGlobal('document', {baseURI: 'https://shop.test/'});
	lack('indexedDB', 'throws when it is read');
	expect(environment.shared).toBe(false);
	expect(environment.baseUrl()).toBe('https://shop.test/');
});

test('a server whose globals of a page throw has many users and no base of URLs', () => {
	lack('document', 'throws when it is read');
	lack('location', 'throws when it is read');
	lack('navigator', 'throws when it is read');
	expect(environment).toMatchObject({shared: true, bind: undefined});
	expect([environment.baseUrl(), environment.online()]).toEqual([undefined, true]);
});

test.each(['online', 'pageshow'])('where no %s is told, nothing is listened to', type => {
	const listen = type === 'online' ? environment.onOnline : environment.onRestore;
	expect('addEventListener' in globalThis).toBe(false);
	listen(() => undefined)();
});

test('in a Worker what is bound runs in the context that it was bound in, once for each call and in their order', async () => {
	vi.stubGlobal('navigator', {userAgent: 'Cloudflare-Workers'});
	const request = new AsyncLocalStorage<string>();
	const told: Array<[value: number, by: string | undefined]> = [];
	const tell = request.run('first', () => environment.bind?.<number>(value => told.push([value, request.getStore()])));
	request.run('second', () => {
		tell?.(1);
		tell?.(2);
	});
	await new Promise(setImmediate);
	request.run('third', () => tell?.(3));
	await new Promise(setImmediate);
	expect(told).toEqual([
		[1, 'first'],
		[2, 'first'],
		[3, 'first'],
	]);
});
