import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test, vi} from 'vitest';
import {isMistake} from '../../src/mistake.ts';
import {indexedDbStore} from '../../src/stores/indexeddb.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {postgresStore} from '../../src/stores/postgres.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import {temporaryFolder} from './sqlite-folder.ts';

const {folder} = temporaryFolder();
const path = join(folder, 'never.db');
const send = vi.fn<() => Promise<unknown>>(async () => []);
const query = vi.fn<() => Promise<{rows: []}>>(async () => ({rows: []}));
const client = {send};
const pool = {query};

type Make = (options: never) => unknown;

function thrownBy(make: Make, options: unknown): unknown {
	try {
		make(options as never);
	} catch (error) {
		return error;
	}

	return undefined;
}

const unknown: Array<[make: Make, options: unknown, message: string]> = [
	[sqliteStore, {path, leas: 5}, 'sqliteStore has no option "leas"; it has path, lease'],
	[sqliteStore, {pth: path}, 'sqliteStore has no option "pth"; it has path, lease'],
	[sqliteStore, {path, leas: undefined}, 'sqliteStore has no option "leas"; it has path, lease'],
	[sqliteStore, path, `sqliteStore takes {path, lease}, not ${JSON.stringify(path)}`],
	[sqliteStore, null, 'sqliteStore takes {path, lease}, not null'],
	[redisStore, {client, Lease: 5}, 'redisStore has no option "Lease"; it has client, prefix, lease, commandTimeout'],
	[redisStore, {cleint: client}, 'redisStore has no option "cleint"; it has client,'],
	[redisStore, {client, toString: 1}, 'redisStore has no option "toString"; it has client,'],
	[redisStore, client, 'redisStore has no option "send"; it has client,'],
	[postgresStore, {pool, tabel: 'a'}, 'postgresStore has no option "tabel"; it has pool, table, lease'],
	[postgresStore, pool, 'postgresStore has no option "query"; it has pool, table, lease'],
	[postgresStore, 'postgres://', 'postgresStore takes {pool, table, lease}, not "postgres://"'],
	[indexedDbStore, {nmae: 'a'}, 'indexedDbStore takes {name}, not nmae'],
	[indexedDbStore, {name: 'a', lease: 5}, 'indexedDbStore takes {name}, not lease'],
	[indexedDbStore, 'checkout', 'indexedDbStore takes {name}, not "checkout"'],
	[indexedDbStore, null, 'indexedDbStore takes {name}, not null'],
	[indexedDbStore, {name: 7}, 'name takes a string, not 7'],
	[indexedDbStore, {name: null}, 'name takes a string, not null'],
	[memoryStore, {lease: 5}, 'memoryStore takes no option lease'],
];

describe('an option that a store does not take', () => {
	test.each(unknown)('%o of %o is a mistake that tells those that it takes', (make, options, message) => {
		const thrown = thrownBy(make, options);
		expect(thrown).toBeInstanceOf(TypeError);
		expect(String(thrown)).toContain(`latchkey: ${message}`);
		expect(isMistake(thrown)).toBe(true);
	});

	test('is told before anything is opened or asked', () => {
		for (const [make, options] of unknown) thrownBy(make, options);
		expect([existsSync(path), send.mock.calls, query.mock.calls]).toEqual([false, [], []]);
	});

	test('is not one that is only inherited', () => {
		const inherited: unknown = Object.assign(Object.create({leas: 5}), {path});
		expect(thrownBy(sqliteStore, inherited)).toBeUndefined();
	});
});

describe('a value of the wrong kind', () => {
	const stores: Array<[string, Make, object]> = [
		['sqliteStore', sqliteStore, {path}],
		['redisStore', redisStore, {client}],
		['postgresStore', postgresStore, {pool}],
	];

	test.each(stores)('of the lease of %s is a mistake that names it', (_, make, options) => {
		for (const lease of [Number.NaN, -1, 0, Infinity, 2 ** 31, '5000', null, 5n, {}, [5000], true]) {
			const thrown = thrownBy(make, {...options, lease});
			expect(thrown).toBeInstanceOf(typeof lease === 'number' ? RangeError : TypeError);
			expect(String(thrown)).toContain('latchkey: lease takes milliseconds above 0 and up to 2147483647, not ');
			expect(isMistake(thrown)).toBe(true);
		}
	});

	test.each(stores)('is none where an option of %s is there and undefined', (_, make, options) => {
		expect(thrownBy(make, {...options, lease: undefined})).toBeUndefined();
	});
});
