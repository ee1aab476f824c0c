import {chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import type {Store} from '../../src/stores/store.ts';
import {claimOf, ID} from './claim-of.ts';
import {temporaryFolder, withConnection} from './sqlite-folder.ts';

const {freshFile} = temporaryFolder();

/** The file and what SQLite has made beside it, by what is added to its name. */
function filesOf(path: string): Map<string, string> {
	const names = readdirSync(dirname(path)).filter(name => name.startsWith(basename(path)));
	return new Map(names.map(name => [name.slice(basename(path).length), join(dirname(path), name)]));
}

function modesOf(path: string): Record<string, string> {
	const modes = [...filesOf(path)].map(([kind, file]) => [kind, (statSync(file).mode & 0o777).toString(8)]);
	return Object.fromEntries(modes);
}

describe('the files are for their user alone', () => {
	let umask: number;
	beforeEach(() => {
		umask = process.umask(0);
	});
	afterEach(() => {
		process.umask(umask);
	});

	test('when they are made', async () => {
		const path = freshFile();
		await sqliteStore({path}).claim(ID, claimOf());
		expect(modesOf(path)).toEqual({'': '600', '-wal': '600', '-shm': '600'});
	});

	test('when they are made where a link points to, over another link', async () => {
		const [path, middle, link] = [freshFile(), freshFile(), freshFile()];
		symlinkSync(basename(path), middle);
		symlinkSync(middle, link);
		await sqliteStore({path: link}).claim(ID, claimOf());
		expect(modesOf(path)).toEqual({'': '600', '-wal': '600', '-shm': '600'});
	});

	test('a file that was there keeps its mode, and those beside it get it', async () => {
		const path = freshFile();
		writeFileSync(path, '');
		chmodSync(path, 0o660);
		await sqliteStore({path}).claim(ID, claimOf());
		expect(modesOf(path)).toEqual({'': '660', '-wal': '660', '-shm': '660'});
	});

	test('links that go round are told as a path that cannot be opened', async () => {
		const [one, other] = [freshFile(), freshFile()];
		symlinkSync(one, other);
		symlinkSync(other, one);
		await expect(sqliteStore({path: one}).list('')).rejects.toThrow(`the SQLite file ${one} cannot be opened`);
	});
});

describe('what was dropped', () => {
	const secret = 'card-4242-4242';
	const request = {method: 'POST', url: 'https://api.test/', body: new TextEncoder().encode(secret.repeat(2_000))};
	const lease = {key: 'key-1', owner: 'ann', token: 1};

	function leftOn(path: string): string[] {
		return [...filesOf(path)].filter(([, file]) => readFileSync(file).includes(secret)).map(([kind]) => kind);
	}

	async function withSecret(): Promise<{path: string; store: Store}> {
		const path = freshFile();
		const store = sqliteStore({path});
		await store.claim(ID, claimOf({request}));
		expect(leftOn(path)).not.toEqual([]);
		return {path, store};
	}

	test('is overwritten in the file', async () => {
		const {database} = await withConnection(() => sqliteStore({path: freshFile()}));
		expect({...database.prepare('PRAGMA secure_delete').get()}).toEqual({secure_delete: 1});
	});

	test('is nowhere on the disk once it was forgotten', async () => {
		const {path, store} = await withSecret();
		await store.forget(ID, {key: 'key-1', how: 'force'});
		expect(leftOn(path)).toEqual([]);
	});

	test('is nowhere on the disk after a sweep', async () => {
		const {path, store} = await withSecret();
		await store.settle(ID, {...lease, state: {status: 'succeeded'}, fenced: false, keepAnswer: false});
		await store.sweep();
		expect(leftOn(path)).toEqual([]);
	});

	test('is nowhere on the disk once the store is closed', async () => {
		const {path, store} = await withSecret();
		await store.settle(ID, {...lease, state: {status: 'succeeded'}, fenced: false, keepAnswer: false});
		await store.close?.();
		expect(leftOn(path)).toEqual([]);
	});
});

describe('a store that was made and not used', () => {
	test('has made no file, nor has one that was closed', async () => {
		const path = freshFile();
		await sqliteStore({path}).close?.();
		const store = sqliteStore({path});
		expect(existsSync(path)).toBe(false);
		await store.list('');
		expect(existsSync(path)).toBe(true);
	});

	test('means the folder that was the working directory when it was made', async () => {
		const path = freshFile();
		const before = process.cwd();
		process.chdir(dirname(path));
		const store = sqliteStore({path: basename(path)});
		process.chdir(before);
		await store.list('');
		expect(existsSync(path)).toBe(true);
	});

	test('opens a file that could not be opened before, once it can be', async () => {
		const path = freshFile();
		writeFileSync(path, 'not a database'.repeat(99));
		const store = sqliteStore({path});
		await expect(store.list('')).rejects.toThrow('is no SQLite database');
		writeFileSync(path, '');
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed'});
	});
});
