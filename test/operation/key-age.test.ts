import {expect, test} from 'vitest';
import {isLeaseEndless} from '../../src/operation/key-age.ts';
import {openShop} from './shop.ts';

const HOUR = 3_600_000;

// Whoever takes over a lease that somebody still holds sends beside them.
test.each([
	['without a lease of its own', undefined, HOUR],
	['with one', 10_000, HOUR + 10_000],
])('a store %s: no lease lasts longer than an hour and that', async (_, lease, longest) => {
	const {environment, realm, record} = openShop();
	await environment.finish(realm().pay());
	const now = environment.now();
	const lasting = async (ms: number) => ({record: {...(await record())!, leaseUntil: now + ms}, now});
	expect(isLeaseEndless({lease, gone: undefined}, await lasting(longest))).toBe(false);
	expect(isLeaseEndless({lease, gone: undefined}, await lasting(longest + 1))).toBe(true);
	expect(isLeaseEndless({lease, gone: async () => undefined}, await lasting(longest + 1))).toBe(false);
});
