import {describe, expect, test} from 'vitest';
import {defaultStore, sha256} from '../../src/platform/node.ts';

describe('sha256 in Node', () => {
	test('hashes a string as UTF-8, synchronously', () => {
		expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
		expect(sha256('Zürich')).toBe(sha256(new TextEncoder().encode('Zürich')));
	});

	test('hashes a lone surrogate as the bytes that fetch would send for it', () => {
		expect(sha256('\uD800')).toBe(sha256(new TextEncoder().encode('\uFFFD')));
	});
});

test('there is one default store in a realm', () => {
	expect(defaultStore()).toBe(defaultStore());
});
