import {validate, version} from 'uuid';
import {describe, expect, test} from 'vitest';
import {contentKey} from '../../src/request/content-key.ts';
import {fromContent, isFromContent} from '../../src/request/identity.ts';
import {validateKey} from '../../src/request/key.ts';

describe('validateKey', () => {
	test.each(['k', '~!"quoted"', '3f0cbb1c-6f5c-4b5c-9c5b-3d4e5f6a7b8c', 'x'.repeat(255)])('%s is a key', key => {
		expect(validateKey(key)).toBe(key);
	});

	test.each([
		['empty', ''],
		['too long', 'x'.repeat(256)],
		['a space', 'a b'],
		['a line break at its end', 'a\n'],
		['a header of its own', 'a\r\nx-admin: 1'],
		['an accent', 'clé'],
		['DEL', 'a\u007F'],
		['a number', 42],
		['nothing', undefined],
		['null', null],
	])('%s is none', (_, key) => {
		expect(() => validateKey(key)).toThrow(TypeError);
	});
});

describe('contentKey', () => {
	const input = {scope: '', operation: ['checkout', '42'], fingerprint: 'f'.repeat(64), previousKey: undefined};

	test('is a UUIDv5 that never changes for the same input', () => {
		const key = contentKey()(input);
		expect(key).toBe('05873c8a-1deb-5a56-b155-1e42b316a68f');
		expect(validate(key) && version(key)).toBe(5);
	});

	test('differs with the scope, the operation, the request and the last key', () => {
		const keyFrom = contentKey();
		const keys = [
			keyFrom(input),
			keyFrom({...input, scope: 'a'}),
			keyFrom({...input, operation: ['checkout/42']}),
			keyFrom({...input, fingerprint: 'e'.repeat(64)}),
			keyFrom({...input, previousKey: keyFrom(input)}),
		];
		expect(new Set(keys).size).toBe(5);
	});

	test('takes a name with a lone surrogate', () => {
		expect(validate(contentKey()({...input, operation: ['\uD800']}))).toBe(true);
	});
});

describe('fromContent', () => {
	test('is told by its shape, because it may come from another copy of the package', () => {
		expect(isFromContent(fromContent())).toBe(true);
		expect(isFromContent({latchkey: 'from-content'})).toBe(true);
	});

	test('cannot be changed', () => {
		expect(Object.isFrozen(fromContent())).toBe(true);
	});

	test.each([[true], ['from-content'], [null], [undefined], [{}], [['from-content']]])('%o is not it', value => {
		expect(isFromContent(value)).toBe(false);
	});
});
