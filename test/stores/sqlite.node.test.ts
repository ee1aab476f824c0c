import {createHash} from 'node:crypto';
import {setImmediate} from 'node:timers/promises';
import {describe, expect, onTestFinished, test} from 'vitest';
import {storeContract} from '../../src/stores/contract.ts';
import {sqliteStore, sqliteStoreIn, type SqliteStoreOptions} from '../../src/stores/sqlite.ts';
import type {Store} from '../../src/stores/store.ts';
import {claimOf, ID} from './claim-of.ts';
import {testClock} from './clock.ts';
import {at, rowsOf, runOn, temporaryFolder} from './sqlite-folder.ts';
import {recordsIn} from '../support/records.ts';
import {sweepTests} from './sweeping.ts';

const DAY = 86_400_000;
const {freshFile} = temporaryFolder();

/** One store whose steps go to each of them in turn. */
function inTurns(stores: readonly Store[]): Store {
	let turn = 0;
	const next = () => stores[turn++ % stores.length]!;
	return {
		claim: async (...given) => next().claim(...given),
		renew: async (...given) => next().renew(...given),
		settle: async (...given) => next().settle(...given),
		forget: async (...given) => next().forget(...given),
		list: async (...given) => next().list(...given),
		sweep: async () => next().sweep(),
		close() {
			for (const store of stores) void store.close?.();
		},
	};
}

describe('sqlite store, on a file', () => {
	const clock = testClock();
	storeContract({test, makeStore: () => sqliteStoreIn(at(clock), {path: freshFile()}), elapse: clock.elapse});
});

describe('sqlite store, in memory', () => {
	const clock = testClock();
	storeContract({test, makeStore: () => sqliteStoreIn(at(clock), {path: ':memory:'}), elapse: clock.elapse});

	test('two stores share nothing', async () => {
		const [one, other] = [sqliteStore({path: ':memory:'}), sqliteStore({path: ':memory:'})];
		await one.claim(ID, claimOf());
		expect(await other.list(ID.scope)).toEqual([]);
	});
});

describe('sqlite store, over two connections to a file', () => {
	const clock = testClock();
	storeContract({
		test,
		makeStore() {
			const path = freshFile();
			return inTurns([sqliteStoreIn(at(clock), {path}), sqliteStoreIn(at(clock), {path})]);
		},
		elapse: clock.elapse,
	});

	test('of 50 claims at once over both, one begins and 49 are busy with its key', async () => {
		const path = freshFile();
		const stores = [sqliteStore({path}), sqliteStore({path})] as const;
		const claims = Array.from({length: 25}, (_, i) =>
			stores.map(async (store, s) => store.claim(ID, claimOf({owner: `owner-${i}-${s}`, key: `key-${i}-${s}`}))),
		);
		const results = await Promise.all(claims.flat());
		expect(results.filter(({status}) => status === 'claimed')).toHaveLength(1);
		expect(results.filter(({status}) => status === 'busy')).toHaveLength(49);
		expect(new Set(results.map(result => 'record' in result && result.record.key)).size).toBe(1);
	});
});

describe('a file of records', () => {
	test('keeps them when it is closed and opened again', async () => {
		const path = freshFile();
		const store = sqliteStore({path});
		const claimed = await store.claim(ID, claimOf());
		await store.close?.();
		expect(await recordsIn(sqliteStore({path}), ID.scope)).toEqual(['record' in claimed && claimed.record]);
	});

	test('is named in full where it cannot be opened, as a relative path starts at the working directory', async () => {
		const store = sqliteStore({path: 'no-such-folder/a.db'});
		await expect(store.list(ID.scope)).rejects.toThrow(`${process.cwd()}/no-such-folder/a.db`);
	});

	test('keeps a name of 10 kB with emoji and half a surrogate pair, and a scope like it', async () => {
		const store = sqliteStore({path: freshFile()});
		const odd = `${'💳é\\u0000\u0000'.repeat(1_000)}\uD83D|\uDCB3`;
		const ids = [odd, `${odd}\uD83D`, odd.replace('|', '')].map(name => ({scope: odd, name}));
		for (const [i, id] of ids.entries()) await store.claim(id, claimOf({key: `key-${i}`}));
		const records = await recordsIn(store, odd);
		expect(new Map(records.map(({name, key}) => [name, key]))).toEqual(
			new Map(ids.map(({name}, i) => [name, `key-${i}`])),
		);
		expect(await recordsIn(store, odd, odd)).toMatchObject([{scope: odd, name: odd, key: 'key-0'}]);
	});

	test('takes times that are no whole milliseconds', async () => {
		const store = sqliteStoreIn(at(testClock(1_000)), {path: freshFile()});
		await store.claim(ID, claimOf({lease: 10.5, keyLife: 20.9}));
		expect(await recordsIn(store, ID.scope)).toMatchObject([{leaseUntil: 1_010, keyUntil: 1_020}]);
	});

	test('may be closed twice, and says so to who comes later', async () => {
		const store = sqliteStore({path: freshFile()});
		await store.close?.();
		await store.close?.();
		await expect(store.claim(ID, claimOf())).rejects.toThrow('has been closed');
	});
});

describe('a record that cannot be read', () => {
	const lease = {key: 'key-1', owner: 'ann', token: 1};

	async function spoilt(sql: string) {
		const path = freshFile();
		const clock = testClock();
		const store = sqliteStoreIn(at(clock), {path});
		await store.claim(ID, claimOf());
		await store.forget(ID, {key: 'key-1', how: 'force'});
		runOn(path, sql);
		return {store, clock, rows: () => rowsOf(path, 'SELECT * FROM operations ORDER BY name')};
	}

	test.each([
		['of a newer version', 'UPDATE operations SET version = 2', 'version 2, this release knows 1'],
		['garbage', `UPDATE operations SET status = 'lost'`, 'its fields are not those of a record'],
		['final, or not', `UPDATE operations SET status = 'unknown', final = 2`, 'it does not say what it stands at'],
		['said, or not', `UPDATE operations SET status = 'succeeded', said = 2`, 'it does not say what it stands at'],
	])('%s: every step says so, and writes nothing', async (_, sql, words) => {
		const {store, rows} = await spoilt(sql);
		const before = rows();
		const steps = [
			async () => store.claim(ID, claimOf({key: 'key-2'})),
			async () => store.renew(ID, {...lease, lease: 1}),
			async () => store.settle(ID, {...lease, state: {status: 'succeeded'}, fenced: false, keepAnswer: false}),
			async () => store.forget(ID, {key: 'key-1', how: 'force'}),
			async () => store.list(ID.scope, ID.name),
			async () => (await store.list(ID.scope)).map(({record}) => record),
		];
		for (const step of steps) await expect(step()).rejects.toThrow(words);
		expect(rows()).toEqual(before);
	});

	test('is left alone by a sweep, which goes on with the others, and by the steps on them', async () => {
		const {store, clock, rows} = await spoilt(
			`UPDATE operations SET version = 2, answer_until = keep_until, answer = x'00'`,
		);
		const [before] = rows();
		const other = {...ID, name: 'sound'};
		await store.claim(other, claimOf());
		await store.forget(other, {key: 'key-1', how: 'force'});
		clock.elapse(7 * DAY);
		expect(await store.sweep()).toBe(0);
		clock.elapse(DAY);
		expect(await store.sweep()).toBe(1);
		expect(rows()).toEqual([before]);
	});

	test.each([`status = 'lost', freed = 0`, 'version = 2'])(
		'and may be open (%s) is among what is open, and no sweep takes it',
		async columns => {
			const {store, clock, rows} = await spoilt(`UPDATE operations SET ${columns}`);
			for (let i = 0; i < 3; i++) {
				clock.elapse(8 * DAY);
				expect(await store.sweep()).toBe(0);
			}

			expect(rows()).toHaveLength(1);
			expect(await store.list(ID.scope, undefined, true)).toHaveLength(1);
		},
	);
});

describe('a sweep', () => {
	sweepTests(clock => sqliteStoreIn(at(clock), {path: freshFile()}));

	const MANY = 1_050;

	async function withExpired() {
		const path = freshFile();
		const clock = testClock();
		const store = sqliteStoreIn({...at(clock), timer}, {path});
		/** What is put off while it is held, instead of being done soon. */
		let held: Array<() => void> | undefined;
		function timer(run: () => void) {
			if (held) held.push(run);
			else void setImmediate().then(run);
			return () => undefined;
		}

		await store.claim(ID, claimOf());
		await store.forget(ID, {key: 'key-1', how: 'force'});
		const columns = rowsOf(path, `SELECT name FROM pragma_table_info('operations')`).map(({name}) => String(name));
		const copied = columns.map(column => (column === 'id' || column === 'name' ? `${column} || n` : column));
		runOn(
			path,
			`WITH RECURSIVE copies(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM copies WHERE n < ${MANY})
			INSERT INTO operations SELECT ${copied.join(', ')} FROM operations, copies`,
		);
		const marked = () => rowsOf(path, 'SELECT id FROM operations WHERE due_since IS NOT NULL').length;
		return {store, clock, marked, hold: (): Array<() => void> => (held = [])};
	}

	test('says how many records went, however many there are', async () => {
		const {store, clock} = await withExpired();
		expect(await store.sweep()).toBe(0);
		clock.elapse(7 * DAY);
		expect(await store.sweep()).toBe(0);
		clock.elapse(DAY);
		expect(await store.sweep()).toBe(MANY);
		expect(await store.sweep()).toBe(0);
		expect(await store.list(ID.scope)).toEqual([]);
	});

	test('is over once nothing is marked any more that only a clock ahead of time found due', async () => {
		const {store, clock, marked, hold} = await withExpired();
		clock.elapse(8 * DAY);
		await store.sweep();
		clock.elapse(-8 * DAY);
		expect(marked()).toBe(MANY);
		const held = hold();
		const sweep = (async () => store.sweep())().then(marked);
		for (let batches = 1; batches <= MANY / 100; batches++) {
			await expect.poll(() => held.length).toBe(batches);
			// Time for whatever does not wait for this batch.
			for (let turns = 0; turns < 10; turns++) await setImmediate();
			held[batches - 1]?.();
		}

		expect(await sweep).toBe(0);
	});

	test('lets the event loop turn and claims through between its batches', async () => {
		const {store, clock} = await withExpired();
		clock.elapse(7 * DAY);
		await store.sweep();
		clock.elapse(DAY);
		const sweep = store.sweep();
		await setImmediate();
		const other = {...ID, name: 'in between'};
		expect(await store.claim(other, claimOf())).toMatchObject({status: 'claimed'});
		expect((await store.list(ID.scope)).length).toBeGreaterThan(1);
		expect(await sweep).toBe(MANY);
		expect(await recordsIn(store, ID.scope)).toMatchObject([other]);
	});
});

// Another release would not find what this one has written under another.
test('a row is found by the SHA-256 of scope and name, in hex', async () => {
	const path = freshFile();
	await sqliteStore({path}).claim(ID, claimOf());
	const id = createHash('sha256').update('["scope-a","pay"]').digest('hex');
	expect(rowsOf(path, 'SELECT id FROM operations')).toEqual([{id}]);
});

test('a sweep never drops what is open, even if its row says when it may go', async () => {
	const path = freshFile();
	const clock = testClock();
	const store = sqliteStoreIn(at(clock), {path});
	for (const name of ['sending', 'unknown']) await store.claim({scope: '', name}, claimOf());
	runOn(path, `UPDATE operations SET keep_until = 1; UPDATE operations SET status = 'unknown' WHERE name = 'unknown'`);
	expect(await store.sweep()).toBe(0);
	expect(await store.list('')).toHaveLength(2);
});

test.each([
	['has no such module', {value: () => undefined}],
	['cannot be asked', {value: undefined}],
])('a Node that %s is told which one is needed', (_, property) => {
	const own = Object.getOwnPropertyDescriptor(process, 'getBuiltinModule')!;
	Object.defineProperty(process, 'getBuiltinModule', {...own, ...property});
	onTestFinished(() => void Object.defineProperty(process, 'getBuiltinModule', own));
	expect(() => sqliteStore({path: ':memory:'})).toThrow(
		`latchkey: sqliteStore needs Node 22.13 or later, for node:sqlite; this is Node ${process.versions.node}`,
	);
});

describe('the options', () => {
	test('a lease lasts ten seconds unless told otherwise', () => {
		expect(sqliteStore({path: ':memory:'}).lease).toBe(10_000);
		expect(sqliteStore({path: ':memory:', lease: 500}).lease).toBe(500);
	});

	test.each([
		[undefined, TypeError, 'path'],
		[{}, TypeError, 'path'],
		[{path: ''}, TypeError, 'path'],
		[{path: 'a\0b'}, TypeError, 'path'],
		[{path: new URL('file:///tmp/a.db')}, TypeError, 'path'],
		[{path: ':memory:', lease: Number.NaN}, RangeError, 'lease'],
		[{path: ':memory:', lease: 0}, RangeError, 'lease'],
		[{path: ':memory:', lease: 2 ** 31}, RangeError, 'lease'],
		[{path: ':memory:', lease: '10s'}, TypeError, 'lease'],
	])('%o is refused by name', (options, kind, name) => {
		const open = () => sqliteStore(options as SqliteStoreOptions);
		expect(open).toThrow(kind);
		expect(open).toThrow(new RegExp(`^latchkey: ${name} takes `));
	});
});
