import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {expect, test} from 'vitest';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import {claimOf, ID} from './claim-of.ts';
import {projectFolder, rowsOf, scriptArguments, temporaryFolder, withConnection} from './sqlite-folder.ts';
import {recordsIn} from '../support/records.ts';

const {freshFile} = temporaryFolder();

test('a step is on disk before it is answered: write-ahead log, synced at every commit', async () => {
	const path = freshFile();
	const {database} = await withConnection(() => sqliteStore({path}));
	expect({...database.prepare('PRAGMA synchronous').get()}).toEqual({synchronous: 2});
	expect({...database.prepare('PRAGMA fullfsync').get()}).toEqual({fullfsync: 1});
	expect(rowsOf(path, 'PRAGMA journal_mode')).toEqual([{journal_mode: 'wal'}]);
});

test('a claim outlives its process, killed as soon as it was granted', async () => {
	const path = freshFile();
	const script = scriptArguments(
		source => `
		import {sqliteStore} from ${source('stores/sqlite.ts')};
		const store = sqliteStore({path: ${JSON.stringify(path)}});
		await store.claim(${JSON.stringify(ID)}, ${JSON.stringify(claimOf({lease: 1}))});
		process.kill(process.pid, 'SIGKILL');`,
	);
	const [, signal] = await once(spawn(process.execPath, script, {cwd: projectFolder, stdio: 'inherit'}), 'exit');
	expect(signal).toBe('SIGKILL');

	const store = sqliteStore({path});
	expect(await recordsIn(store, ID.scope, ID.name)).toMatchObject([
		{key: 'key-1', owner: 'ann', state: {status: 'sending'}},
	]);
	const taken = await store.claim(ID, claimOf({key: 'key-2', owner: 'bob'}));
	expect(taken).toMatchObject({status: 'claimed', record: {key: 'key-1', ambiguous: true, token: 2}});
});
