import {describe, expect, test} from 'vitest';
import {sqliteStoreIn} from '../../src/stores/sqlite.ts';
import {openShop} from '../operation/shop.ts';
import {lock, rowsOf, runOn, temporaryFolder} from './sqlite-folder.ts';

const {freshFile} = temporaryFolder();

function openShopOnFile() {
	const path = freshFile();
	const shop = openShop();
	const {environment} = shop;
	return {...shop, path, open: () => sqliteStoreIn(environment, {path})};
}

describe('a call over the sqlite store', () => {
	test('writes twice, no more', async () => {
		const {environment, realm, path, open} = openShopOnFile();
		const {pay} = realm({store: open()});
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
