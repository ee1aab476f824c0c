import {expect, test} from 'vitest';
import {MOST_TRIES, stepOn, type Found} from '../../src/stores/compare-and-set.ts';
import {claimRule} from '../../src/stores/claim-rule.ts';
import {claimOf} from './claim-of.ts';

const ID = {scope: '', name: '["checkout"]'};

/** A record that others have written to as often, between what was read and what is written. */
function contended(times: number, tells: boolean) {
	let found: Found = {record: undefined, revision: 0, now: 1_000};
	let left = times;
	let reads = 0;
	const cell = {
		async read() {
			reads++;
			return found;
		},
		async write(record: NonNullable<Found['record']>, {revision}: Found) {
			if (left-- > 0) {
				const other = claimRule(ID, undefined, claimOf({key: 'other', owner: 'bob'}), 1_000).write;
				found = {record: other, revision: found.revision + 1, now: 1_000};
			}

			if (revision !== found.revision) return tells ? found : ('changed' as const);
			found = {record, revision: revision + 1, now: 1_000};
			return 'written' as const;
		},
	};
	const claim = async () =>
		stepOn(cell, (record, now) => claimRule(ID, record, claimOf({key: 'own', owner: 'ann'}), now));
	return {claim, reads: () => reads, key: () => found.record?.key};
}

test('what nobody has changed since is written', async () => {
	const {claim, reads, key} = contended(0, false);
	expect(await claim()).toMatchObject({status: 'claimed', record: {key: 'own'}});
	expect([reads(), key()]).toEqual([1, 'own']);
});

test.each([
	['is read anew', false, 2],
	['is told', true, 1],
])('what somebody has changed since %s, and decides', async (_, tells, times) => {
	const {claim, reads, key} = contended(1, tells);
	expect(await claim()).toMatchObject({status: 'busy', record: {key: 'other', owner: 'bob'}});
	expect([reads(), key()]).toEqual([times, 'other']);
});

test('what is changed each time is a fault', async () => {
	const {claim} = contended(MOST_TRIES, false);
	await expect(claim()).rejects.toThrow(`changed by others ${MOST_TRIES} times`);
});
