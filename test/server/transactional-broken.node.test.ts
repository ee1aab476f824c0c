import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {QueryResult} from 'pg';
import {afterAll, beforeAll, expect, test, vi} from 'vitest';
import type {GuardEvent} from '../../src/server/events.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {openPool} from '../stores/postgres-pool.ts';
import {projectFolder, scriptArguments} from '../stores/sqlite-folder.ts';
import {someBank, type Bank} from './bank.ts';
import {commitCutter} from './commit-cutter.ts';
import {codeOf, gate, payment} from './shop.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
let bank: Bank;
beforeAll(async () => {
	server = await somePostgres();
	bank = await someBank(server.url);
}, 60_000);
afterAll(async () => {
	await bank.remove();
	await server.remove();
});

const added = async (run: () => Promise<unknown>) => {
	const before = await bank.counts();
	await run();
	const after = await bank.counts();
	return {charges: after.charges - before.charges, keys: after.keys - before.keys};
};

test('where the backend is killed in the middle there is neither key nor effect', async () => {
	let kill = true;
	const guard = bank.guard(
		async (request, run) => {
			const response = await bank.charge(request, run);
			const {rows} = await run.tx.query('SELECT pg_backend_pid() AS pid');
			if (kill) await bank.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
			await run.tx.query('SELECT 1');
			return response;
		},
		{name: 'backend', waiting: 10_000},
	);
	expect(await added(async () => expect(guard(payment())).rejects.toThrow(/terminat|connection/))).toEqual({
		charges: 0,
		keys: 0,
	});
	kill = false;
	expect(await added(async () => expect((await guard(payment())).status).toBe(201))).toEqual({charges: 1, keys: 1});
});

test('where the backend is killed and the handler does not notice there is no success', async () => {
	const guard = bank.guard(
		async (request, run) => {
			const response = await bank.charge(request, run);
			const {rows} = await run.tx.query('SELECT pg_backend_pid() AS pid');
			await bank.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
			return response;
		},
		{name: 'unnoticed'},
	);
	expect(await added(async () => expect((await guard(payment())).status).toBe(503))).toEqual({charges: 0, keys: 0});
});

test.each([
	['before', 0, 1],
	['after', 1, 0],
] as const)('a COMMIT that is cut %s it arrives: the repeat decides', async (when, first, second) => {
	const cutter = await commitCutter(server.url);
	const pool = openPool(cutter.url, {max: 2});
	const events: GuardEvent[] = [];
	const guard = bank.guard(bank.charge, {
		name: `cut ${when}`,
		database: pool,
		waiting: 10_000,
		onEvent: event => events.push(event),
	});
	const unconfirmed = async () => {
		cutter.cut(when);
		const response = await guard(payment());
		expect([response.status, response.headers.get('retry-after')]).toEqual([503, '20']);
		expect(await response.json()).toEqual(
			expect.objectContaining({title: 'Idempotency-Key: the commit was not confirmed'}),
		);
		expect(events).toEqual([expect.objectContaining({type: 'store-error', step: 'answer'})]);
	};
	expect(await added(unconfirmed)).toEqual({charges: first, keys: first});
	const again = async () => {
		const response = await guard(payment());
		expect([response.status, await response.json()]).toEqual([201, {charged: 1}]);
	};
	expect(await added(again)).toEqual({charges: second, keys: second});
	await pool.end();
	await cutter.close();
});

test('a COMMIT that is cut without a key is an error: nobody is asked to repeat it', async () => {
	const cutter = await commitCutter(server.url);
	const pool = openPool(cutter.url, {max: 2});
	const guard = bank.guard(bank.charge, {name: 'cut without a key', database: pool, required: false});
	cutter.cut('after');
	const counts = await added(async () =>
		expect(guard(payment({key: null}))).rejects.toThrow(/terminat|ECONNRESET|closed/i),
	);
	expect(counts).toEqual({charges: 1, keys: 0});
	await pool.end();
	await cutter.close();
});

test('where all connections are taken, nothing is run, and it is told in time', async () => {
	const pool = openPool(server.url, {max: 1});
	const {opened, open} = gate();
	const running = gate();
	let runs = 0;
	const guard = bank.guard(
		async () => {
			runs++;
			running.open();
			await opened;
			return new Response('ok');
		},
		{name: 'exhausted', database: pool, storeTimeout: 50},
	);
	const first = guard(payment());
	await running.opened;
	const second = await guard(payment({key: 'other'}));
	expect([second.status, second.headers.get('retry-after'), await codeOf(second)]).toEqual([
		503,
		'1',
		'idempotency-store-unavailable',
	]);
	open();
	expect((await first).status).toBe(200);
	// What came too late is run for nobody.
	await pool.query('SELECT 1');
	expect(runs).toBe(1);
	await pool.end();
});

test('where there is no server, or no table, nothing is run', async () => {
	const nowhere = openPool('postgres://nobody@127.0.0.1:1/none');
	const events: GuardEvent[] = [];
	const onEvent = (event: GuardEvent) => events.push(event);
	for (const options of [{database: nowhere}, {table: 'not_there'}]) {
		const response = await bank.guard(bank.charge, {...options, onEvent})(payment());
		expect([response.status, await codeOf(response)]).toEqual([503, 'idempotency-store-unavailable']);
	}

	expect(String((events[1] as {error?: unknown}).error)).toContain('setup()');
	await nowhere.end();
});

test('a pool whose results have no rowCount runs nothing, and is told what is missing', async () => {
	const uncounted = ({rows, command}: QueryResult) => ({rows: rows as unknown, command});
	const connect = async () => {
		const client = await bank.pool.connect();
		const query = async (text: string) => {
			const results = (await client.query(text)) as QueryResult | QueryResult[];
			return Array.isArray(results) ? results.map(uncounted) : uncounted(results);
		};
		return {query, release: (error?: Error) => client.release(error)};
	};
	const events: GuardEvent[] = [];
	const database = {connect} as never;
	const guard = bank.guard(bank.charge, {name: 'uncounted', database, onEvent: event => void events.push(event)});
	expect(await added(async () => expect((await guard(payment())).status).toBe(503))).toEqual({charges: 0, keys: 0});
	expect(String((events[0] as {error?: unknown}).error)).toContain('the results of the pool have no rowCount');
});

test('a connection that broke does not go back to its pool', async () => {
	const released: unknown[] = [];
	const client = {
		query: async (text: string) => {
			if (text.startsWith('BEGIN')) return [{rows: []}, {rows: [{claimed: true}]}] as never;
			throw new Error('broken');
		},
		release: (error?: unknown) => released.push(error),
	};
	const guard = bank.guard(() => new Response('ok'), {database: {connect: async () => client} as never});
	expect((await guard(payment())).status).toBe(503);
	expect(released).toEqual([expect.objectContaining({message: 'broken'})]);
});

test.each([
	['at once', 0],
	['when nobody waits for it any more', 60],
])('a connection that comes %s, and never answers, is closed', async (_, ms) => {
	const released: unknown[] = [];
	const client = {
		query: async () => new Promise(() => undefined),
		release: (error?: unknown) => released.push(error),
	};
	const connect = async () => new Promise(resolve => void setTimeout(() => resolve(client), ms));
	const guard = bank.guard(() => new Response('ok'), {database: {connect} as never, storeTimeout: 30});
	expect((await guard(payment())).status).toBe(503);
	await vi.waitFor(() => expect(released).toEqual([expect.any(Error)]), {timeout: 10_000});
});

/** A process that is killed before its transaction is committed, or right after. */
async function killedAt(when: 'before' | 'after', name: string): Promise<void> {
	const {charges, table} = bank;
	const script = (source: (path: string) => string) => `
		import {Pool} from ${JSON.stringify(import.meta.resolve('pg'))};
		import {transactional} from ${source('server/postgres.ts')};
		const pool = new (Pool)({connectionString: ${JSON.stringify(server.url)}});
		const die = () => process.kill(process.pid, 'SIGKILL');
		const inTransaction = transactional({database: pool, scope: null, table: ${JSON.stringify(table)}, name: ${JSON.stringify(name)}});
		const guard = inTransaction(async (_, {tx}) => {
			await tx.query('INSERT INTO ${charges} VALUES (1, 1)');
			if (${JSON.stringify(when)} === 'before') die();
			return Response.json({charged: 1}, {status: 201});
		});
		const headers = {'content-type': 'application/json', 'idempotency-key': 'key-1'};
		await guard(new Request('https://shop.test/pay', {method: 'POST', body: '{"amount":1}', headers}));
		die();
	`;
	const child = spawn(process.execPath, scriptArguments(script), {cwd: projectFolder, stdio: 'inherit'});
	const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
	expect(signal).toBe('SIGKILL');
}

test('killed between effect and commit: neither key nor effect, and the repeat does it once', async () => {
	expect(await added(async () => killedAt('before', 'killed before'))).toEqual({charges: 0, keys: 0});
	const guard = bank.guard(bank.charge, {name: 'killed before', waiting: 10_000});
	expect(await added(async () => expect((await guard(payment())).status).toBe(201))).toEqual({charges: 1, keys: 1});
});

test('killed after the commit and before the answer: the repeat gets it', async () => {
	expect(await added(async () => killedAt('after', 'killed after'))).toEqual({charges: 1, keys: 1});
	const response = await bank.guard(bank.charge, {name: 'killed after'})(payment());
	expect([response.headers.get('idempotent-replayed'), await response.json()]).toEqual(['true', {charged: 1}]);
});
