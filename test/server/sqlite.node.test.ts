import {describe, expect, test} from 'vitest';
import {entryContract} from '../../src/server/contract.ts';
import {sqliteEntries, sqliteEntriesIn} from '../../src/server/sqlite.ts';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import {testClock} from '../stores/clock.ts';
import {at, runOn, temporaryFolder} from '../stores/sqlite-folder.ts';
import {crowdTests} from './crowd.ts';

const {freshFile} = temporaryFolder();

describe('sqlite entries', () => {
	const clock = testClock();
	entryContract({
		test,
		makeStore: () => sqliteEntriesIn(at(clock), {path: freshFile()}),
		elapse: clock.elapse,
	});
});

describe('in one file, over two connections', () => {
	const path = freshFile();
	const open = () => sqliteEntries({path});
	crowdTests(open, open);
});

test('they may be in one file with the operations of a client', async () => {
	const path = freshFile();
	const store = sqliteStore({path});
	await store.list('');
	const entries = sqliteEntries({path});
	expect(await entries.unsettled('', 1)).toEqual([]);
	await store.close?.();
	await entries.close?.();
});

test('what cannot be read is no key that is free', async () => {
	const path = freshFile();
	const entries = sqliteEntries({path});
	const subject = {guard: '', scope: '', method: 'POST', path: '/', key: 'k'};
	const asked = {subject, fingerprint: 'p', owner: 'ann', lease: 1_000, mayHaveActed: true, onLapsed: 'doubt'} as const;
	await entries.begin('id', asked);
	for (const [spoilt, mended] of [
		['version = 2', 'version = 1'],
		[`state = 'odd'`, `state = 'running'`],
		[`acted = 7`, 'acted = 1'],
	]) {
		runOn(path, `UPDATE entries SET ${spoilt}`);
		await expect(entries.begin('id', asked)).rejects.toThrow('cannot be read');
		runOn(path, `UPDATE entries SET ${mended}`);
	}

	await entries.close?.();
});

test.each([undefined, {}, {path: ''}, {path: 'a', other: 1}])('%o is refused', options => {
	expect(() => sqliteEntries(options as never)).toThrow(/^latchkey: /);
});
