import {describe, expect, test} from 'vitest';
import {scopeId} from '../../src/request/scope.ts';

describe('scopeId', () => {
	test('is nothing where all callers are one', () => {
		expect(scopeId(null)).toBe('');
	});

	test('is half of a hash, without the scope itself', async () => {
		expect(await scopeId('user-1')).toBe('903ad036403fb3c68c6d0fa2598ae203');
		expect(await scopeId('user-2')).not.toBe(await scopeId('user-1'));
	});

	test('is answered synchronously for a scope that was seen before', async () => {
		const id = await scopeId('seen');
		expect(scopeId('seen')).toBe(id);
	});

	test('stays right after more scopes than are remembered', async () => {
		const first = await scopeId('first of many');
		for (let i = 0; i < 150; i++) await scopeId(`one of many ${i}`);
		expect(await scopeId('first of many')).toBe(first);
	});
});
