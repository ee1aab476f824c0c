import type {Pool} from 'pg';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {createFetch} from '../../src/fetch.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import {postgresStore, type PostgresStore} from '../../src/stores/postgres.ts';
import {until} from '../fleet/until.ts';
import {gate, openShop, OPERATION} from '../operation/shop.ts';
import {drop} from '../support/fake-server.ts';
import {startPostgres, type PostgresServer} from '../support/postgres-server.ts';
import type {VirtualEnvironment} from '../support/virtual-environment.ts';
import {claimOf} from './claim-of.ts';
import {blocked, openPool, someTable, watched} from './postgres-pool.ts';
import {recordsIn} from '../support/records.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const ID = {scope: '', name: JSON.stringify(OPERATION)};

let engine: PostgresServer;
let pool: Pool;
let table: string;
let driver: ReturnType<typeof watched>;
let store: PostgresStore;
beforeAll(async () => {
	engine = await startPostgres();
	pool = openPool(engine.url);
}, 60_000);
beforeEach(async () => {
	table = someTable();
	driver = watched(pool);
	store = postgresStore({pool: driver, table});
	await store.setup();
	driver.verbs.length = 0;
});
afterAll(async () => {
	await pool.end();
	await engine.remove();
});

test('a happy call is two statements, each a write', async () => {
	const {pay} = openShop().realm({store});
	await pay({operation: 'the first in an hour'});
	await expect.poll(() => driver.verbs).toEqual(['INSERT', 'UPDATE', 'DELETE', 'UPDATE']);
	driver.verbs.length = 0;
	expect(await pay()).toMatchObject({outcome: 'succeeded', attempts: 1});
	expect(driver.verbs).toEqual(['INSERT', 'UPDATE']);
});

test('a retention of any length counts as ten years, and its record can be read', async () => {
	const {realm, server} = openShop();
	const options = {store, dialect: ietf({retention: Number.MAX_VALUE}), retry: 0};
	server.script(drop);
	expect((await realm(options).pay()).outcome).toBe('unknown');
	const [record] = await recordsIn(store, ID.scope, ID.name);
	expect(record!.keyUntil - record!.createdAt).toBe(3_650 * 86_400_000 * 0.99);
	expect(await unfinished(realm(options).fetch)).toMatchObject([{expired: false}]);
	expect((await realm(options).pay()).outcome).toBe('succeeded');
});

test('of two processes one sends, and both have its answer', async () => {
	const sent = gate();
	const answered = gate();
	let charges = 0;
	const pools = [openPool(engine.url), openPool(engine.url)];
	const pay = async (own: Pool) => {
		const fetch = createFetch({
			store: postgresStore({pool: own, table}),
			scope: null,
			async fetch() {
				charges++;
				sent.open();
				await answered.opened;
				return Response.json({charges}, {status: 201});
			},
			onEvent: ({type}) => {
				if (type === 'waiting-elsewhere') answered.open();
			},
		});
		return outcomeOf(fetch('https://shop.test/orders', {method: 'POST', body: '{}', operation: OPERATION}));
	};
	const calls = [pay(pools[0]!)];
	await sent.opened;
	calls.push(pay(pools[1]!));
	const bodies = (await Promise.all(calls)).map(async ({response}) => response?.json());
	expect(await Promise.all(bodies)).toEqual([{charges: 1}, {charges: 1}]);
	await Promise.all(pools.map(async own => own.end()));
});

describe('an engine that is stopped', () => {
	beforeEach(async () => {
		await pool.query('SELECT');
		await engine.stop();
		// Until it has heard of that, it gives a connection that is lost.
		await until(async () => pool.totalCount === 0);
	});

	test('is a StoreError before anything is sent, and works again once it is back', async () => {
		const {realm, server} = openShop();
		const {pay} = realm({store});
		const {error} = await pay();
		expect(error).toMatchObject({code: 'STORE_FAILED', attempts: 0});
		expect((error as Error).message).toContain(
			'the store failed to claim it: Postgres: connect ECONNREFUSED 127.0.0.1',
		);
		expect(server.requests).toHaveLength(0);
		await engine.start();
		expect((await pay()).outcome).toBe('succeeded');
		expect(await recordsIn(store, ID.scope, ID.name)).toMatchObject([
			{key: server.keys()[0], state: {status: 'succeeded'}},
		]);
	});

	test("is an event with 'degrade', one effect, and what it did is written once it is back", async () => {
		const {environment, realm, server} = openShop();
		const {pay, types} = realm({store, onStoreError: 'degrade'});
		expect((await pay()).outcome).toBe('succeeded');
		expect(types()).toContain('degraded');
		await engine.start();
		await environment.advance(500);
		const written = {key: server.keys()[0], state: {status: 'succeeded'}};
		await expect.poll(async () => recordsIn(store, ID.scope, ID.name)).toMatchObject([written]);
		expect((await pay()).outcome).toBe('succeeded');
		expect(server.charges()).toBe(1);
	});
});

test('an engine that is stopped in flight takes nothing from the answer, which is written once it is back', async () => {
	const {environment, realm, server} = openShop();
	const {pay, types} = realm({store});
	server.script(async ({serve}) => {
		await engine.stop();
		return serve();
	});
	expect(await pay()).toMatchObject({outcome: 'succeeded', attempts: 1});
	expect(types()).toContain('store-error');
	await engine.start();
	expect(await recordsIn(store, ID.scope, ID.name)).toMatchObject([{state: {status: 'sending'}}]);
	await environment.advance(500);
	await expect.poll(async () => recordsIn(store, ID.scope, ID.name)).toMatchObject([{state: {status: 'succeeded'}}]);
	expect(server.charges()).toBe(1);
});

describe('a statement that another transaction holds up', () => {
	async function heldUp(until: (environment: VirtualEnvironment) => Promise<unknown>) {
		const {environment, realm, server} = openShop();
		const {pay} = realm({store});
		const client = await pool.connect();
		await client.query('BEGIN');
		await postgresStore({pool: client, table}).claim(ID, claimOf({owner: 'bob', key: 'key-2'}));
		const call = pay();
		await blocked(pool, table);
		const [{error}] = await Promise.all([call, until(environment)]);
		// Closes the connection, which undoes what it did.
		client.release(true);
		return {error: error as Error, pay, server};
	}

	test('is a StoreError after five seconds, and the next call goes on under the key that was offered', async () => {
		const {error, pay, server} = await heldUp(async environment => environment.advance(5_000));
		expect(error).toMatchObject({code: 'STORE_FAILED', attempts: 0});
		expect(error.message).toContain('no answer within 5000 ms');
		await expect.poll(async () => (await store.list(ID.scope, ID.name)).length).toBe(1);
		const [late] = await recordsIn(store, ID.scope, ID.name);
		expect(await pay()).toMatchObject({outcome: 'succeeded', key: late?.key});
		expect(server.keys()).toEqual([late?.key]);
	});

	// An engine that stops may end who holds it up first, and let it through.
	test('is a StoreError as soon as its connection ends', async () => {
		const waiting = `FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND pid <> pg_backend_pid()`;
		const end = async () => pool.query(`SELECT pg_terminate_backend(pid) ${waiting}`, [`%${table}%`]);
		const {error, pay, server} = await heldUp(end);
		expect(error).toMatchObject({code: 'STORE_FAILED', attempts: 0});
		expect(error.message).toMatch(/Postgres: (?:terminating connection|Connection terminated|\w+ ECONN)/);
		expect(server.requests).toHaveLength(0);
		expect((await pay()).outcome).toBe('succeeded');
	});
});
