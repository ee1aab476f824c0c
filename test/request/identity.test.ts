import {describe, expect, test} from 'vitest';
import {canonicalName, displayName, nameId, type OperationName} from '../../src/request/identity.ts';

describe('canonicalName', () => {
	test('a string is the tuple of that one part', () => {
		expect(canonicalName('checkout')).toEqual(['checkout']);
		expect(canonicalName(['checkout'])).toEqual(['checkout']);
	});

	test('an id is the same as a number, a bigint and text', () => {
		const names: OperationName[] = [
			['order', 42],
			['order', 42n],
			['order', '42'],
		];
		expect(new Set(names.map(name => nameId(canonicalName(name))))).toEqual(new Set(['["order","42"]']));
	});

	test('a bigint keeps all of its digits', () => {
		expect(canonicalName(['order', 9007199254740993n])).toEqual(['order', '9007199254740993']);
	});

	test('minus zero is zero', () => {
		expect(canonicalName(['page', -0])).toEqual(['page', '0']);
	});

	test('a fraction is its shortest decimal text', () => {
		expect(canonicalName(['price', 19.9])).toEqual(['price', '19.9']);
	});

	test.each([
		['nothing', undefined, /operation is undefined.*tuple/],
		['null', null, /operation is null/],
		['a boolean', false, /operation is false/],
		['a bare number', 42, /operation is 42/],
		['an object', {id: 1}, /operation is an object/],
		['a function', () => 'a', /operation is a function/],
		['an empty string', '', /operation is ""/],
		['an empty tuple', [], /operation\[0\] is undefined/],
		['a first part that is a number', [42, 'checkout'], /operation\[0\] is 42.*a tuple like \['checkout', cart\.id\]/],
		['an empty first part', ['', 1], /operation\[0\] is ""/],
		['a missing id', ['checkout', undefined], /operation\[1\] is undefined.*ids/],
		// oxlint-disable-next-line no-sparse-arrays -- a hole is what is tested
		['a hole', ['checkout', , 'a'], /operation\[1\] is undefined/],
		['null inside', ['checkout', null], /operation\[1\] is null/],
		['an empty part', ['checkout', 'a', ''], /operation\[2\] is ""/],
		['NaN inside', ['checkout', Number.NaN], /operation\[1\] is NaN/],
		['Infinity inside', ['checkout', -Infinity], /operation\[1\] is -Infinity/],
		['an array inside', ['checkout', ['a']], /operation\[1\] is an object/],
		['a date inside', ['checkout', new Date(0)], /operation\[1\] is an object/],
		['a symbol inside', ['checkout', Symbol('a')], /operation\[1\] is Symbol\(a\)/],
		['a boolean inside', ['checkout', true], /operation\[1\] is true/],
		['a number beyond the safe integers', ['order', 2 ** 53], /operation\[1\] is 9007199254740992.*bigint/],
		['a large negative number', ['order', -1e300], /bigint/],
	])('%s is no name', (_, operation, message) => {
		expect(() => canonicalName(operation)).toThrow(TypeError);
		expect(() => canonicalName(operation)).toThrow(message);
	});

	test('a name has at most 1,024 characters in its JSON form', () => {
		expect(canonicalName('a'.repeat(1020))).toHaveLength(1);
		expect(() => canonicalName('a'.repeat(1021))).toThrow(/1025 characters long/);
		expect(() => canonicalName('"'.repeat(600))).toThrow(TypeError);
	});
});

describe('nameId', () => {
	test('differs for names whose parts only join to the same text', () => {
		expect(nameId(['a', 'b'])).toBe('["a","b"]');
		expect(nameId(['a","b'])).toBe(String.raw`["a\",\"b"]`);
	});

	test('is well-formed text for a lone surrogate', () => {
		expect(nameId(['\uD800'])).toBe(String.raw`["\ud800"]`);
	});
});

describe('displayName', () => {
	test('joins the parts by a slash', () => {
		expect(displayName(['checkout', '42'])).toBe('checkout/42');
	});

	test('stays on one line and cannot turn the text around it', () => {
		expect(displayName(['a\nb', '\u001B[31m', '\u202Ec', '\uDC00'])).toBe('a\uFFFDb/\uFFFD[31m/\uFFFDc/\uFFFD');
	});

	test('is cut at 80 characters, never within one', () => {
		expect(displayName(['a'.repeat(80)])).toBe('a'.repeat(80));
		expect(displayName(['a'.repeat(81)])).toBe(`${'a'.repeat(79)}…`);
		expect(displayName(['🐈'.repeat(81)])).toBe(`${'🐈'.repeat(79)}…`);
	});
});
