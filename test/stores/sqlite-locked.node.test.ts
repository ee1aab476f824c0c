import {describe, expect, test} from 'vitest';
import {sqliteStore, sqliteStoreIn} from '../../src/stores/sqlite.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {claimOf, ID} from './claim-of.ts';
import {lock, opened, rowsOf, runOn, temporaryFolder, withConnection} from './sqlite-folder.ts';

const {freshFile} = temporaryFolder();

/** A store on virtual time whose file somebody else has locked since it was opened. */
async function lockedStore() {
	const path = freshFile();
	const environment = virtualEnvironment();
	const store = await opened(sqliteStoreIn(environment, {path}));
	return {path, environment, store, holder: lock(path)};
}

describe('while another connection keeps the file locked', () => {
	test('a step waits, and gets through once it is released', async () => {
		const {environment, store, holder} = await lockedStore();
		let status: string | undefined;
		const claim = Promise.resolve(store.claim(ID, claimOf())).then(result => {
			status = result.status;
		});
		await environment.advance(3_000);
		expect(status).toBeUndefined();
		holder.release();
		await environment.advance(60);
		await claim;
		expect(status).toBe('claimed');
	});

	test('the event loop goes on: here it is the only one who can release the lock', async () => {
		const path = freshFile();
		const store = await opened(sqliteStore({path}));
		const holder = lock(path);
		const claim = store.claim(ID, claimOf());
		setImmediate(() => holder.release());
		expect(await claim).toMatchObject({status: 'claimed'});
	});

	test('all steps that wait get through together: by themselves they would keep each other waiting', async () => {
		const {environment, store, holder} = await lockedStore();
		const statuses: string[] = [];
		const claims = Array.from({length: 200}, async (_, i) => {
			const {status} = await store.claim({scope: '', name: `op-${i % 100}`}, claimOf({owner: `owner-${i}`}));
			statuses.push(status);
		});
		await environment.advance(1_000);
		holder.release();
		await environment.advance(25);
		await Promise.all(claims);
		expect(statuses.filter(status => status === 'claimed')).toHaveLength(100);
		expect(statuses.filter(status => status === 'busy')).toHaveLength(100);
	});

	test('one of them that fails harms no other', async () => {
		const {path, environment, store, holder} = await lockedStore();
		holder.release();
		await store.claim(ID, claimOf());
		runOn(path, 'UPDATE operations SET version = 2');
		const again = lock(path);
		const claims = ['a', ID.name, 'b'].map(async name => store.claim({...ID, name}, claimOf()));
		const settled = Promise.allSettled(claims);
		again.release();
		expect((await environment.finish(settled)).map(({status}) => status)).toEqual([
			'fulfilled',
			'rejected',
			'fulfilled',
		]);
		await expect(claims[1]).rejects.toThrow('version 2');
		expect(rowsOf(path, 'SELECT name, version FROM operations ORDER BY name')).toEqual([
			{name: 'a', version: 1},
			{name: 'b', version: 1},
			{name: ID.name, version: 2},
		]);
	});

	test('SQLite itself never waits, since it would block the event loop', async () => {
		const {database} = await withConnection(() => sqliteStore({path: freshFile()}));
		expect({...database.prepare('PRAGMA busy_timeout').get()}).toEqual({timeout: 0});
	});

	test('a step gives up before the core does, says why, and has written nothing', async () => {
		const {path, environment, store, holder} = await lockedStore();
		const claim = Promise.resolve(store.claim(ID, claimOf()));
		await expect(environment.finish(claim)).rejects.toThrow(
			`the SQLite file ${path} has been locked by another program for 4 s: look for one that keeps a transaction open (database is locked)`,
		);
		expect(environment.monotonic()).toBeGreaterThanOrEqual(4_000);
		expect(environment.monotonic()).toBeLessThan(4_100);
		expect(environment.timers()).toBe(0);
		holder.release();
		expect(await store.list(ID.scope)).toEqual([]);
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed', record: {token: 1}});
	});

	test('the time of a step is that of the moment it got through', async () => {
		const {environment, store, holder} = await lockedStore();
		const began = environment.now();
		const claim = Promise.resolve(store.claim(ID, claimOf()));
		await environment.advance(2_000);
		holder.release();
		expect((await environment.finish(claim)).now).toBeGreaterThanOrEqual(began + 2_000);
	});

	test('what is stored can be read', async () => {
		const {environment, store, holder} = await lockedStore();
		expect(await store.list(ID.scope)).toEqual([]);
		expect(environment.timers()).toBe(0);
		holder.release();
	});

	test('a step that waits when the store is closed fails', async () => {
		const {environment, store, holder} = await lockedStore();
		const claim = Promise.resolve(store.claim(ID, claimOf()));
		await environment.advance(100);
		await store.close?.();
		holder.release();
		await expect(environment.finish(claim)).rejects.toThrow('has been closed');
	});

	test('a store that was not used yet opens it in its first step, and that waits, too', async () => {
		const path = freshFile();
		const environment = virtualEnvironment();
		const holder = lock(path);
		const store = sqliteStoreIn(environment, {path});
		const listed = Promise.resolve(store.list(ID.scope));
		const claim = Promise.resolve(store.claim(ID, claimOf()));
		await environment.advance(1_000);
		holder.release();
		expect(await environment.finish(claim)).toMatchObject({status: 'claimed'});
		await environment.finish(listed);
		await store.close?.();
		expect(await sqliteStore({path}).list(ID.scope)).toHaveLength(1);
	});
});
