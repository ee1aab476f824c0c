import type {DatabaseSync} from 'node:sqlite';
import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {sqliteStoreIn} from '../../src/stores/sqlite.ts';
import type {Store} from '../../src/stores/store.ts';
import {openShop} from '../operation/shop.ts';
import {answer, drop, lose} from '../support/fake-server.ts';
import {claimOf} from './claim-of.ts';
import {lock, opened, rowsOf, runOn, temporaryFolder, withConnection} from './sqlite-folder.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const {freshFile} = temporaryFolder();

function openShopOnFile() {
	const path = freshFile();
	const shop = openShop();
	const {environment} = shop;
	return {...shop, path, open: () => sqliteStoreIn(environment, {path})};
}

/** Leaves no room in a file for one more record, however small. Returns what makes room again. */
async function fill(store: Store, database: DatabaseSync) {
	const {page_count: pages} = database.prepare('PRAGMA page_count').get() as {page_count: number};
	database.exec(`PRAGMA max_page_count = ${pages}`);
	const failures: unknown[] = [];
	for (let i = 0; failures.length < 50; i++) {
		try {
			await store.claim({scope: 'other', name: String(i)}, claimOf());
		} catch (error) {
			failures.push(String(error));
		}
	}

	expect(new Set(failures)).toEqual(new Set([expect.stringContaining('full')]));
	return () => database.exec('PRAGMA max_page_count = 1000000');
}

describe('a call over the sqlite store', () => {
	test('writes twice, no more', async () => {
		const {environment, realm, path, open} = openShopOnFile();
		const {pay} = realm({store: await opened(open())});
		runOn(
			path,
			`CREATE TABLE writes (what);
			CREATE TRIGGER a AFTER INSERT ON operations BEGIN INSERT INTO writes VALUES ('insert ' || new.status); END;
			CREATE TRIGGER b AFTER UPDATE ON operations BEGIN INSERT INTO writes VALUES ('update ' || new.status); END;
			CREATE TRIGGER c AFTER DELETE ON operations BEGIN INSERT INTO writes VALUES ('delete'); END`,
		);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
		const writes = rowsOf(path, 'SELECT what FROM writes').map(({what}) => what);
		expect(writes).toEqual(['insert sending', 'update succeeded']);
	});

	test('is a StoreError before it is sent where the path is wrong, and says what to do', async () => {
		const {environment, realm, server, path} = openShopOnFile();
		const store = sqliteStoreIn(environment, {path: `${path}/missing/a.db`});
		const {error} = await environment.finish(realm({store}).pay());
		expect(error).toMatchObject({
			code: 'STORE_FAILED',
			attempts: 0,
			message: expect.stringContaining(`the SQLite file ${path}/missing/a.db cannot be opened: check that its folder`),
		});
		expect(server.requests).toHaveLength(0);
	});

	test('is one effect for two processes on the same file, and both get the answer', async () => {
		const {environment, realm, server, open} = openShopOnFile();
		const [one, other] = [realm({store: open()}), realm({store: open()})];
		const reports = await environment.finish(Promise.all([one.pay(), other.pay()]));
		expect(reports.map(({outcome, error}) => [outcome, error])).toEqual([
			['succeeded', undefined],
			['succeeded', undefined],
		]);
		expect(server.requests).toHaveLength(1);
	});

	test('is refused before it is sent while the file is locked, and can be made once it is not', async () => {
		const {environment, realm, server, path, open} = openShopOnFile();
		const {pay} = realm({store: open()});
		const holder = lock(path);
		const {outcome, error} = await environment.finish(pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({
			code: 'STORE_FAILED',
			message: expect.stringContaining(`the store failed to claim it: the SQLite file ${path} has been locked`),
		});
		expect(environment.monotonic()).toBeLessThan(5_000);
		expect(server.requests).toHaveLength(0);
		holder.release();
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
		expect(server.requests).toHaveLength(1);
	});

	test('goes on with `degrade` while the file is locked, tells so, and has one effect', async () => {
		const {environment, realm, server, path, open} = openShopOnFile();
		const {pay, types} = realm({store: open(), onStoreError: 'degrade'});
		const holder = lock(path);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
		expect(types()).toContain('degraded');
		holder.release();
		await environment.advance(60_000);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
		expect(new Set(server.keys()).size).toBe(1);
		expect(rowsOf(path, 'SELECT status FROM operations')).toEqual([{status: 'succeeded'}]);
	});

	test('goes on with `degrade` while the disk is full, under one key, which is handed over when there is room', async () => {
		const {environment, realm, server, path, open} = openShopOnFile();
		const {store, database} = await withConnection(open);
		const {pay, types, fetch} = realm({store, onStoreError: 'degrade', retry: 0});
		const room = await fill(store, database);
		server.script(lose, drop, answer(402));
		for (let presses = 0; presses < 3; presses++)
			expect((await environment.finish(pay())).error).toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect(types()).toContain('degraded');
		const [key] = server.keys();
		expect(await unfinished(fetch)).toMatchObject([{key}]);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', key, replayed: true});
		const other = realm({store: open()});
		expect(rowsOf(path, `SELECT key FROM operations WHERE name LIKE '%checkout%'`)).toEqual([]);

		room();
		await environment.advance(10_000);
		expect(rowsOf(path, `SELECT key, status FROM operations WHERE name LIKE '%checkout%'`)).toEqual([
			{key, status: 'succeeded'},
		]);
		expect((await environment.finish(other.pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', key});
		expect(new Set(server.keys())).toEqual(new Set([key]));
		expect(server.charges()).toBe(1);
	});

	test('is refused before it is sent while the disk is full, and can be made once it is not', async () => {
		const {environment, realm, server, open} = openShopOnFile();
		const {store, database} = await withConnection(open);
		const {pay} = realm({store});
		const room = await fill(store, database);
		expect((await environment.finish(pay())).error).toMatchObject({
			code: 'STORE_FAILED',
			message: expect.stringContaining('full') as unknown,
		});
		expect(server.requests).toHaveLength(0);
		room();
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
	});

	test('that keeps its key for longer than SQLite counts leaves a record that can be read', async () => {
		const {environment, realm, server, open} = openShopOnFile();
		const options = {dialect: ietf({retention: Number.MAX_VALUE}), retry: 0};
		server.script(drop);
		await environment.finish(realm({...options, store: open()}).pay());
		const {fetch, pay} = realm({...options, store: open()});
		expect(await unfinished(fetch)).toMatchObject([{expired: false}]);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
	});

	test('gets its answer though the file is locked by then, and the outcome is written down later', async () => {
		const {environment, realm, server, path, open} = openShopOnFile();
		const {pay, types} = realm({store: open()});
		let holder: ReturnType<typeof lock> | undefined;
		server.script(async ({serve}) => {
			holder = lock(path);
			return serve();
		});
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', error: undefined});
		expect(types()).toContain('store-error');
		holder?.release();
		await environment.advance(120_000);
		expect(rowsOf(path, 'SELECT status FROM operations')).toEqual([{status: 'succeeded'}]);
	});
});
