import {afterEach, describe, expect, test, vi} from 'vitest';
import * as browser from '../../src/platform/browser.ts';
import type * as node from '../../src/platform/node.ts';
import {digest} from '../../src/platform/hash-fallback.ts';

const {defaultStore, sha256} = browser satisfies typeof node;

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

afterEach(() => {
	vi.restoreAllMocks();
});

describe('sha256 in browsers', () => {
	test('hashes a string as UTF-8', async () => {
		expect(await sha256('abc')).toBe(ABC);
		expect(await sha256(new TextEncoder().encode('abc'))).toBe(ABC);
		expect(await sha256('\uD800')).toBe(await sha256('\uFFFD'));
	});

	test('gives the same where a page on http:// has no WebCrypto', async () => {
		const subtle = vi.spyOn(crypto, 'subtle', 'get').mockReturnValue(undefined as unknown as SubtleCrypto);
		expect(await sha256('abc')).toBe(ABC);
		expect(await sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
		expect(subtle).toHaveBeenCalled();
	});

	test('the fall-back gives the 32 bytes of a digest', () => {
		expect(digest(new Uint8Array(200))).toHaveLength(32);
	});
});

test('there is one default store in a realm', () => {
	expect(defaultStore()).toBe(defaultStore());
});
