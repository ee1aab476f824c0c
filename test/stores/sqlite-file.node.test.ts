import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {inOurWords} from '../../src/stores/sqlite/failure.ts';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import {claimOf, ID} from './claim-of.ts';
import {
	opened,
	projectFolder,
	rowsOf,
	runOn,
	scriptArguments,
	temporaryFolder,
	withConnection,
} from './sqlite-folder.ts';
import {recordsIn} from '../support/records.ts';

const {folder, freshFile} = temporaryFolder();

/** Opens the file, before it returns. */
async function firstStep(path: string): Promise<void> {
	const store = sqliteStore({path});
	try {
		await store.list(ID.scope);
	} finally {
		await store.close?.();
	}
}

describe('a path that cannot be used is refused by the first step', () => {
	test.each([
		[
			'in a folder that does not exist',
			() => join(folder, 'missing', 'a.db'),
			'cannot be opened: check that its folder exists',
		],
		['in a file', () => '/dev/null/a.db', 'cannot be opened: check that its folder exists'],
		['a folder', () => folder, 'cannot be opened: check that its folder exists, that it is no folder itself'],
		[
			'of another kind',
			() => writeTo(freshFile(), 'SELECT name FROM guests;\n'.repeat(99)),
			'is no SQLite database: name another file',
		],
		['cut off', () => writeTo(freshFile(), 'SQLite format 3\0'), 'is no SQLite database'],
	])('%s', async (_, makePath, words) => {
		const path = makePath();
		await expect(firstStep(path)).rejects.toThrow(`the SQLite file ${path} ${words}`);
	});

	test('a file of another kind stays as it is', async () => {
		const path = writeTo(freshFile(), 'guests: ann, bob\n'.repeat(99));
		await expect(firstStep(path)).rejects.toThrow('is no SQLite database');
		expect(readFileSync(path, 'utf8')).toBe('guests: ann, bob\n'.repeat(99));
	});

	test('in a folder where this user may not write', async () => {
		const path = join(freshFolder(0o555), 'a.db');
		await expect(asNobody(async () => firstStep(path))).rejects.toThrow('this user may write there');
	});

	test.each([
		['that holds nothing', 'read-only', async (path: string) => runOn(path, 'PRAGMA user_version = 0')],
		['of records', 'read-only', firstStep],
		['of records', 'writable', firstStep],
	])('a file %s that this user may only read, in a %s folder', async (_, access, fill) => {
		const own = freshFolder(0o777);
		const path = join(own, 'a.db');
		await fill(path);
		chmodSync(path, 0o444);
		if (access === 'read-only') chmodSync(own, 0o555);
		await expect(asNobody(async () => firstStep(path))).rejects.toThrow(
			'cannot be written to: check who owns it and its folder',
		);
	});
});

describe('a file of another program', () => {
	test('keeps its tables and its version, and takes the operations in', async () => {
		const path = freshFile();
		runOn(path, `CREATE TABLE guests (name); INSERT INTO guests VALUES ('ann'); PRAGMA user_version = 7`);
		const store = sqliteStore({path});
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed'});
		expect(rowsOf(path, 'SELECT * FROM guests')).toEqual([{name: 'ann'}]);
		expect(rowsOf(path, 'PRAGMA user_version')).toEqual([{user_version: 7}]);
		await store.close?.();
		expect(await sqliteStore({path}).list(ID.scope)).toHaveLength(1);
	});

	test('that refuses a record by a trigger of its own: the step says so, and the next one is as ever', async () => {
		const path = freshFile();
		const store = await opened(sqliteStore({path}));
		runOn(
			path,
			`CREATE TRIGGER no BEFORE INSERT ON operations WHEN new.name = 'bad' BEGIN SELECT RAISE(ABORT, 'not this one'); END`,
		);
		await expect(store.claim({scope: '', name: 'bad'}, claimOf())).rejects.toThrow(
			`the SQLite file ${path} cannot be used (not this one)`,
		);
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed'});
		expect(rowsOf(path, 'SELECT name FROM operations')).toEqual([{name: ID.name}]);
	});

	test.each([
		[
			'TABLE operations (id, amount)',
			/"operations" that is not of this release .* \(they differ in scope, .*, amount\)/,
		],
		['VIEW operations AS SELECT 1 AS id', /"operations" that is not of this release/],
	])('is refused and left alone where it has its own %s', async (ddl, words) => {
		const path = freshFile();
		runOn(path, `CREATE ${ddl}`);
		const before = readFileSync(path);
		await expect(firstStep(path)).rejects.toThrow(words);
		expect(readFileSync(path)).toEqual(before);
	});
});

describe('a file of a newer release', () => {
	async function fileOfRecords() {
		const path = freshFile();
		const store = sqliteStore({path});
		await store.claim(ID, claimOf());
		await store.close?.();
		return path;
	}

	test('is refused by the number of its schema, and left alone', async () => {
		const path = await fileOfRecords();
		expect(rowsOf(path, 'PRAGMA user_version')).toEqual([{user_version: 1}]);
		runOn(path, 'PRAGMA user_version = 2');
		const before = rowsOf(path, 'SELECT * FROM operations');
		await expect(firstStep(path)).rejects.toThrow(
			`${path} has the schema version 2, and this release knows 1: update latchkey`,
		);
		expect(rowsOf(path, 'SELECT * FROM operations')).toEqual(before);
	});

	test('is refused by its columns, too', async () => {
		const path = await fileOfRecords();
		runOn(path, 'ALTER TABLE operations ADD COLUMN priority INTEGER');
		await expect(firstStep(path)).rejects.toThrow('(they differ in priority): update latchkey');
	});
});

describe('a file that is taken away while it is in use', () => {
	test.each([
		['moved', () => undefined],
		['replaced by another', (path: string) => runOn(path, 'CREATE TABLE guests (name)')],
	])('%s: every step fails rather than write where nobody will look, until it is put back', async (_, replace) => {
		const path = freshFile();
		const store = sqliteStore({path});
		await store.claim(ID, claimOf());
		renameSync(path, `${path}.away`);
		replace(path);
		const words = 'was moved, replaced or deleted while it was in use';
		await expect(store.claim(ID, claimOf())).rejects.toThrow(words);
		await expect(store.list(ID.scope)).rejects.toThrow(words);
		renameSync(`${path}.away`, path);
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed', record: {token: 1}});
	});
});

describe('a disk without room', () => {
	const idOf = (i: number) => ({scope: '', name: `op-${i}`});
	const request = {method: 'POST', url: 'https://api.test/', body: new Uint8Array(10_000)};

	test('fails a claim and leaves nothing of it, keeps what was there, and goes on once there is room', async () => {
		const path = freshFile();
		const {store, database} = await withConnection(() => sqliteStore({path}));
		database.exec('PRAGMA max_page_count = 50');
		let claimed = 0;
		const claims = async () => {
			for (; claimed < 100; claimed++) await store.claim(idOf(claimed), claimOf({request}));
		};
		await expect(claims()).rejects.toThrow(`${path} has no room left on its disk: make some`);
		expect(claimed).toBeGreaterThan(1);
		expect(await store.list('')).toHaveLength(claimed);
		expect((await recordsIn(store, '', 'op-0'))[0]?.request).toEqual(request);
		database.exec('PRAGMA max_page_count = 5000');
		expect(await store.claim(idOf(claimed), claimOf({request}))).toMatchObject({status: 'claimed', record: {token: 1}});
	});

	test('fails all claims of one moment if it fails one, and leaves nothing of any', async () => {
		const path = freshFile();
		const {store, database} = await withConnection(() => sqliteStore({path}));
		database.exec('PRAGMA max_page_count = 50');
		const large = {...request, body: new Uint8Array(1_000_000)};
		const claims = [claimOf(), claimOf({request: large}), claimOf()].map(async (claim, i) =>
			store.claim(idOf(i), claim),
		);
		for (const result of await Promise.allSettled(claims))
			expect(result).toMatchObject({
				status: 'rejected',
				reason: {message: expect.stringContaining('has no room left')},
			});
		expect(await store.list('')).toEqual([]);
		expect(await store.claim(idOf(0), claimOf())).toMatchObject({status: 'claimed', record: {token: 1}});
	});

	test('does the same in a process that may not write more', async () => {
		const path = freshFile();
		// A block of `ulimit -f` is 512 or 1024 bytes, by the shell.
		const limited = ['-c', 'ulimit -f 512; exec "$0" "$@"', process.execPath];
		const script = scriptArguments(
			source => `
			import {sqliteStore} from ${source('stores/sqlite.ts')};
			const store = sqliteStore({path: ${JSON.stringify(path)}});
			const request = {method: 'POST', url: 'https://api.test/', body: new Uint8Array(10_000)};
			const claim = {key: 'key-1', fingerprint: '', owner: 'ann', lease: 1, keyLife: 1, onLapsed: 'take', request};
			let claimed = 0;
			try {
				for (; claimed < 1_000; claimed++) await store.claim({scope: '', name: 'op-' + claimed}, claim);
			} catch (error) {
				const {length} = await store.list('');
				console.log(JSON.stringify({claimed, length, message: error.message}));
			}`,
		);
		const report = JSON.parse(execFileSync('sh', [...limited, ...script], {cwd: projectFolder, encoding: 'utf8'}));
		expect(report.message).toContain(`${path} could not be read or written: check its disk, and the limits`);
		expect(report.claimed).toBeGreaterThan(1);
		expect(report.length).toBe(report.claimed);

		const store = sqliteStore({path});
		expect(await store.list('')).toHaveLength(report.claimed);
		expect(await store.claim(idOf(report.claimed), claimOf())).toMatchObject({status: 'claimed', record: {token: 1}});
	});
});

describe('the words for what SQLite says', () => {
	const sqliteError = (errcode: number) => Object.assign(new Error('database disk image is malformed'), {errcode});

	test('tell what to do, keep its own, and have it as their cause', () => {
		const error = sqliteError(11 | (2 << 8));
		const told = inOurWords('/srv/a.db', error) as Error;
		expect(told.message).toBe(
			'the SQLite file /srv/a.db is damaged: restore it; to begin with a new one is to forget which keys were sent (database disk image is malformed)',
		);
		expect(told.cause).toBe(error);
	});

	test('name the file at least, for what has no words of its own', () => {
		expect(inOurWords('/srv/a.db', sqliteError(1))).toMatchObject({
			message: 'the SQLite file /srv/a.db cannot be used (database disk image is malformed)',
		});
	});

	test('leave alone what is not from SQLite', () => {
		const error = new TypeError('it is not a record');
		expect(inOurWords('/srv/a.db', error)).toBe(error);
	});
});

function writeTo(path: string, text: string): string {
	writeFileSync(path, text);
	return path;
}

function freshFolder(mode: number): string {
	const path = freshFile();
	mkdirSync(path);
	chmodSync(path, mode);
	return path;
}

/** Runs it as somebody whom permissions bind, even if the tests run as root. */
function asNobody<T>(run: () => T): T {
	const isRoot = process.geteuid?.() === 0;
	if (!isRoot) return run();
	chmodSync(folder, 0o755);
	process.seteuid?.(65_534);
	try {
		return run();
	} finally {
		process.seteuid?.(0);
	}
}
