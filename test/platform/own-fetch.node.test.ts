import nodeFetch from 'node-fetch';
import {fetch as undiciFetch} from 'undici';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {watch} from '../../src/platform/node.ts';
import {isBunsFetch, isNodesFetch} from '../../src/platform/own-fetch.ts';

const own = globalThis.fetch;

/** As `Function.prototype.toString` gave it. */
const inNode = (comment: string) => `function fetch(input, init = undefined) {${comment}
    if (!fetchImpl) { // Implement lazy loading of undici module for fetch function
      const undiciModule = require('internal/deps/undici/undici');
      fetchImpl = undiciModule.fetch;
    }
    return fetchImpl(input, init);
  }`;
const inBun = 'function fetch() { [native code] }';

afterEach(() => {
	vi.unstubAllGlobals();
	vi.restoreAllMocks();
});

/** A function called `name` that has this text. */
function withText(text: string, name = 'fetch'): () => void {
	const stub = Object.defineProperty(() => undefined, 'name', {value: name});
	const {toString} = Function.prototype;
	vi.spyOn(Function.prototype, 'toString').mockImplementation(function of(this: unknown) {
		return this === stub ? text : toString.call(this);
	});
	return stub;
}

describe("Node's own fetch", () => {
	test('is the one that it came with', () => {
		expect(isNodesFetch(own)).toBe(true);
		expect(isBunsFetch(own)).toBe(false);
	});

	test.each([
		['22.13', inNode(' // eslint-disable-line func-name-matching')],
		['24.0', inNode(' // eslint-disable-line func-name-matching')],
		['24.21', inNode('')],
		['26.10', inNode('')],
	])('is known by its text in %s', (_, text) => {
		expect(isNodesFetch(withText(text))).toBe(true);
	});

	test.each<[string, unknown]>([
		['bound', own.bind(globalThis)],
		['behind a Proxy', new Proxy(own, {})],
		['wrapped', async (...call: Parameters<typeof own>) => own(...call)],
		['replaced by a mock', vi.fn<typeof own>()],
		["npm's undici", undiciFetch],
		['node-fetch', nodeFetch],
		['an object', {fetch: own}],
		['nothing', undefined],
	])('is not what is %s', (_, fetch) => {
		expect(isNodesFetch(fetch)).toBe(false);
	});

	test('is not what holds its text somewhere', () => {
		expect(isNodesFetch(withText(`async function fetch(input, init) { log(); ${inNode('')} }`))).toBe(false);
	});
});

describe("Bun's own fetch", () => {
	test.each(['1.4.0', '1.4.5', '1.10.0', '2.0.0'])('is known in Bun %s', version => {
		vi.stubGlobal('Bun', {version});
		expect(isBunsFetch(withText(inBun))).toBe(true);
	});

	test.each(['0.8.1', '1.1.45', '1.2.23', '1.3.14'])('is not believed in Bun %s, which may repeat a POST', version => {
		vi.stubGlobal('Bun', {version});
		expect(isBunsFetch(withText(inBun))).toBe(false);
	});

	test.each([
		['bound', inBun, 'bound fetch'],
		['a wrapper, bound', 'function wrapper() { [native code] }', 'bound wrapper'],
		['a Proxy', 'function ProxyObject() { [native code] }', 'fetch'],
		['a wrapper', 'async function fetch(input, init) { return native(input, init); }', 'fetch'],
	])('is not %s', (_, text, name) => {
		vi.stubGlobal('Bun', {version: '1.4.5'});
		expect(isBunsFetch(withText(text, name))).toBe(false);
	});

	test('is not found in Node', () => {
		expect(isBunsFetch(withText(inBun))).toBe(false);
	});

	const url = 'http://shop.test/pay';
	const refused = Object.assign(new TypeError('ECONNREFUSED: Unable to connect.'), {code: 'ECONNREFUSED', path: url});

	function provesInBun(init: RequestInit, error: unknown = refused) {
		vi.stubGlobal('Bun', {version: '1.4.5'});
		const witness = watch(withText(inBun), url, init, 'key');
		witness?.stop();
		return witness?.proves(error);
	}

	test.each(['POST', 'PATCH'])('proves by its error itself that a %s was not sent', method => {
		expect(provesInBun({method, redirect: 'manual'})).toBe('retry');
	});

	test.each(['PUT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', undefined])(
		'proves nothing of %s, which it repeats',
		method => {
			expect(provesInBun({...(method && {method}), redirect: 'manual'})).toBe(undefined);
		},
	);

	test('proves nothing where it follows redirects', () => {
		expect(provesInBun({method: 'POST', redirect: 'follow'})).toBe(undefined);
		expect(provesInBun({method: 'POST'})).toBe(undefined);
	});

	test('proves nothing by a cause, which is not its own', () => {
		const init: RequestInit = {method: 'POST', redirect: 'manual'};
		expect(provesInBun(init, new TypeError('fetch failed', {cause: refused}))).toBe(undefined);
	});

	test('proves nothing by an error that is not as it looks', () => {
		const init: RequestInit = {method: 'POST', redirect: 'manual'};
		const endless = new AggregateError([]);
		endless.errors.push(endless);
		expect(provesInBun(init, endless)).toBe(undefined);
		expect(provesInBun(init, null)).toBe(undefined);
	});
});
