import {describe, expect, test} from 'vitest';
import {suspectsPreflight} from '../../src/attempt/preflight.ts';
import {virtualEnvironment, type VirtualEnvironment} from '../support/virtual-environment.ts';

const failed = new TypeError('Failed to fetch');

function page(base: string | undefined): VirtualEnvironment {
	return Object.assign(virtualEnvironment(), {base});
}

describe('a refused preflight', () => {
	test.each([
		['another host', 'https://api.test/orders'],
		['another port', 'https://shop.test:8443/orders'],
		['another scheme', 'http://shop.test/orders'],
	])('is suspected at %s', (_, url) => {
		expect(suspectsPreflight(page('https://shop.test/cart'), url, failed)).toBe(true);
	});

	test.each<[string, string | undefined, string, unknown]>([
		['at the same origin', 'https://shop.test/cart', 'https://shop.test/orders', failed],
		['without a page', undefined, 'https://api.test/orders', failed],
		['after a time-out', 'https://shop.test/', 'https://api.test/', new DOMException('late', 'TimeoutError')],
		['without a failure', 'https://shop.test/', 'https://api.test/', undefined],
		['on a page without an address', 'srcdoc', 'https://api.test/', failed],
	])('is not suspected %s', (_, base, url, error) => {
		expect(suspectsPreflight(page(base), url, error)).toBe(false);
	});
});
