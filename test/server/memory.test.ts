import {describe, expect, test} from 'vitest';
import {entryContract} from '../../src/server/contract.ts';
import {memoryEntries, memoryEntriesIn} from '../../src/server/memory.ts';
import {testClock} from '../stores/clock.ts';

describe('memory entries', () => {
	const clock = testClock();
	entryContract({test, makeStore: () => memoryEntriesIn(clock), elapse: clock.elapse});

	test('two of them share nothing', async () => {
		const subject = {guard: '', scope: '', method: 'POST', path: '/', key: 'k'};
		const asked = {
			subject,
			fingerprint: 'p',
			owner: 'ann',
			lease: 1_000,
			mayHaveActed: true,
			onLapsed: 'doubt',
		} as const;
		for (const store of [memoryEntries(), memoryEntries()])
			expect(await store.begin('id', asked)).toMatchObject({status: 'begun'});
	});
});
