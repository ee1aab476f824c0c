import {describe, expect, test} from 'vitest';
import {createFetch} from '../../src/fetch.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {postgresStore} from '../../src/stores/postgres.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {sqliteStore, sqliteStoreIn} from '../../src/stores/sqlite.ts';
import {answer, lose} from '../support/fake-server.ts';
import {START} from '../support/virtual-environment.ts';
import {openShop} from '../operation/shop.ts';
import {temporaryFolder} from './sqlite-folder.ts';

const {freshFile} = temporaryFolder();
const client = {call: async () => null, sendCommand: async () => null};
const pool = {query: async () => ({rows: []})};

describe("keySenders: 'this-store'", () => {
	test('is taken with a store that outlives the process', async () => {
		const sqlite = sqliteStore({path: freshFile()});
		for (const store of [sqlite, postgresStore({pool}), redisStore({client})])
			expect(() => createFetch({store, scope: null, keySenders: 'this-store'})).not.toThrow();
		await sqlite.close?.();
	});

	test('is a TypeError with one that does not, SQLite in memory among them', async () => {
		const sqlite = sqliteStore({path: ':memory:'});
		for (const store of [sqlite, memoryStore(), undefined])
			expect(() => createFetch({...(store && {store}), scope: null, keySenders: 'this-store'})).toThrow(TypeError);
		await sqlite.close?.();
	});
});

describe('over a file of SQLite', () => {
	const options = {keySenders: 'this-store', retry: 0} as const;

	function openOnFile() {
		const path = freshFile();
		const shop = openShop();
		/** A process: a store of its own over the file. */
		const start = () => shop.realm({...options, store: sqliteStoreIn(shop.environment, {path})});
		return {...shop, start};
	}

	test('a process that was restarted goes on under the key that was kept', async () => {
		const {environment, server, start} = openOnFile();
		server.script(answer(401));
		const own = {idempotencyKey: 'order-42'};
		expect(await environment.finish(start().pay(own))).toMatchObject({outcome: 'refused', keyKept: true});
		server.script(answer(402));
		expect(await environment.finish(start().pay(own))).toMatchObject({outcome: 'refused', keyKept: false});
		const {pay} = start();
		expect((await environment.finish(pay(own))).error).toBeInstanceOf(TypeError);
		expect((await environment.finish(pay({idempotencyKey: 'order-42-b'}))).outcome).toBe('succeeded');
		expect(server.keys()).toEqual(['order-42', 'order-42', 'order-42-b']);
	});

	test('the end of a key counts from when it was made, to a fraction of a millisecond', async () => {
		const {environment, server, start} = openOnFile();
		server.script(lose);
		const own = {idempotencyKey: {key: 'order-42', since: START - 23 * 3_600_000 - 0.5}};
		await environment.finish(start().pay(own));
		environment.jump(3_600_000);
		expect(await environment.finish(start().pay({idempotencyKey: 'order-42'}))).toMatchObject({
			outcome: 'unknown',
			error: {reason: 'expired'},
		});
		expect(server.requests).toHaveLength(1);
	});
});
