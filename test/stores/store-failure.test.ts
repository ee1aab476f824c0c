import {expect, test} from 'vitest';
import {isStoreUnavailable, storeUnavailable} from '../../src/stores/store-failure.ts';

test('a store that cannot be opened says why, and is recognised', () => {
	const cause = new DOMException('denied', 'SecurityError');
	const error = storeUnavailable('no database here', cause);
	expect(error).toMatchObject({name: 'StoreUnavailableError', message: 'no database here', cause});
	expect(isStoreUnavailable(error)).toBe(true);
});

test('an error of another realm is recognised by its name', () => {
	expect(isStoreUnavailable({name: 'StoreUnavailableError'})).toBe(true);
});

test.each([new DOMException('full', 'QuotaExceededError'), new Error('no'), undefined, null, 'StoreUnavailableError'])(
	'%s is another failure',
	error => {
		expect(isStoreUnavailable(error)).toBe(false);
	},
);

test('without a cause there is none', () => {
	expect(Object.hasOwn(storeUnavailable('no database here'), 'cause')).toBe(false);
});
