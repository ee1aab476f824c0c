import type {PoolClient} from 'pg';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {transactional} from '../../src/server/postgres.ts';
import {timelessPlace} from '../stores/postgres-place.ts';
import {openPool} from '../stores/postgres-pool.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {someBank, type Bank} from './bank.ts';
import {codeOf, gate, payment} from './shop.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
beforeAll(async () => {
	server = await somePostgres();
}, 60_000);
afterAll(async () => server.remove());

const all = async (many: number, run: (i: number) => Promise<Response>) =>
	Promise.all(Array.from({length: many}, async (_, i) => run(i)));
const hasReplayed = (response: Response) => response.headers.get('idempotent-replayed') === 'true';

describe.each(['read committed', 'repeatable read', 'serializable'])('where transactions are %s', isolation => {
	let bank: Bank;
	beforeAll(async () => {
		bank = await someBank(server.url, {options: `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`});
	});
	afterAll(async () => bank.remove());

	test('of 40 at once one takes effect, and the others are told that it is in progress, or its answer', async () => {
		const guard = bank.guard(bank.charge, {name: 'at once'});
		const before = await bank.counts();
		const responses = await all(40, async () => guard(payment()));
		expect(responses.filter(({status}) => status === 201).length).toBeGreaterThan(0);
		const others = responses.filter(({status}) => status !== 201);
		expect(new Set(await Promise.all(others.map(codeOf)))).toEqual(
			others.length > 0 ? new Set(['idempotency-key-in-progress']) : new Set(),
		);
		expect(responses.filter(it => it.status === 201 && !hasReplayed(it))).toHaveLength(1);
		const {charges, keys} = await bank.counts();
		expect([charges - before.charges, keys - before.keys]).toEqual([1, 1]);
	});

	test('of 40 that wait all get the answer of the one that runs', async () => {
		const guard = bank.guard(bank.charge, {name: 'waiting', waiting: 20_000, storeTimeout: 20_000});
		const before = await bank.counts();
		const responses = await all(40, async () => guard(payment()));
		expect(new Set(responses.map(({status}) => status))).toEqual(new Set([201]));
		expect(new Set(await Promise.all(responses.map(async it => it.text())))).toEqual(new Set(['{"charged":1}']));
		expect((await bank.counts()).charges - before.charges).toBe(1);
	});

	test('handlers whose transactions get in the way of each other are run again', async () => {
		const {pool, table} = bank;
		const account = `${table}_account`;
		await pool.query(`CREATE TABLE ${account} AS SELECT 0 AS balance`);
		let runs = 0;
		let met!: () => void;
		const meeting = new Promise<void>(resolve => {
			met = resolve;
		});
		const guard = bank.guard(
			async (request, {tx}) => {
				const {rows} = await tx.query(`SELECT balance FROM ${account}`);
				if (++runs === 2) met();
				await meeting;
				await tx.query(
					isolation === 'read committed'
						? `UPDATE ${account} SET balance = balance + 1`
						: `UPDATE ${account} SET balance = ${rows[0].balance + 1}`,
				);
				return new Response(await request.text());
			},
			{name: 'meeting'},
		);
		const responses = await all(2, async i => guard(payment({key: `meeting-${i}`, body: `body ${i}`})));
		// Each run can read the request.
		expect(await Promise.all(responses.map(async it => it.text()))).toEqual(['body 0', 'body 1']);
		expect(runs).toBe(isolation === 'read committed' ? 2 : 3);
		expect((await pool.query(`SELECT balance FROM ${account}`)).rows).toEqual([{balance: 2}]);
		await pool.query(`DROP TABLE ${account}`);
	});
});

describe('a guard in its transaction', () => {
	let bank: Bank;
	beforeAll(async () => {
		bank = await someBank(server.url);
	});
	afterAll(async () => bank.remove());
	/** What a test adds. */
	const added = async (run: () => Promise<unknown>) => {
		const before = await bank.counts();
		await run();
		const after = await bank.counts();
		return {charges: after.charges - before.charges, keys: after.keys - before.keys};
	};

	test('a repeat gets the answer again, and another payload does not', async () => {
		const guard = bank.guard(bank.charge, {name: 'repeat'});
		const counts = await added(async () => {
			expect(hasReplayed(await guard(payment()))).toBe(false);
			const again = await guard(payment());
			expect([again.status, hasReplayed(again), await again.json()]).toEqual([201, true, {charged: 1}]);
			const other = await guard(payment({body: '{"amount":2}'}));
			expect([other.status, await codeOf(other)]).toEqual([422, 'idempotency-key-reused']);
		});
		expect(counts).toEqual({charges: 1, keys: 1});
	});

	test.each([
		['binary', new Uint8Array(256).map((_, i) => i), 201],
		['empty', new Uint8Array(), 200],
		['none', null, 204],
	])('a body that is %s is the same again', async (name, body, status) => {
		const headers = {'x-one': 'a', 'content-type': 'image/png', 'set-cookie': 'no', 'x-left': 'out'};
		const guard = bank.guard(() => new Response(body, {status, headers}), {name, omitHeaders: ['X-Left']});
		const first = await guard(payment());
		const again = await guard(payment());
		expect([again.status, new Uint8Array(await again.arrayBuffer())]).toEqual([status, body ?? new Uint8Array()]);
		expect(again.body === null).toBe(first.body === null);
		expect([...again.headers]).toEqual([
			['content-type', 'image/png'],
			['idempotent-replayed', 'true'],
			['x-one', 'a'],
		]);
	});

	test('two users with one key are two', async () => {
		const scope = (request: Request) => request.headers.get('x-user') ?? new Response(null, {status: 401});
		const guard = bank.guard(async request => new Response(`for ${request.headers.get('x-user')}`), {
			scope,
			name: 'who',
		});
		const ask = async (user: string) => (await guard(payment({headers: {'x-user': user}}))).text();
		expect([await ask('ann'), await ask('bob'), await ask('ann')]).toEqual(['for ann', 'for bob', 'for ann']);
		expect((await guard(payment())).status).toBe(401);
	});

	test.each([
		['is missing', {key: null}, 400, 'idempotency-key-missing'],
		['is malformed', {key: 'two, keys'}, 400, 'idempotency-key-malformed'],
	])('a key that %s', async (_, init, status, code) => {
		const response = await bank.guard(bank.charge)(payment(init));
		expect([response.status, await codeOf(response)]).toEqual([status, code]);
	});

	test('a key in quotes is the same key', async () => {
		const guard = bank.guard(bank.charge, {name: 'quotes'});
		await guard(payment({key: 'q'}));
		expect(hasReplayed(await guard(payment({key: '"q"'})))).toBe(true);
	});

	test.each([500, 502, 503, 409, 429, 401])(
		'an answer of %d undoes what was written, and frees the key',
		async status => {
			let runs = 0;
			const guard = bank.guard(
				async (request, run) => {
					const response = await bank.charge(request, run);
					return runs++ === 0 ? new Response('no', {status}) : response;
				},
				{name: `unsaved ${status}`},
			);
			expect(await added(async () => guard(payment()))).toEqual({charges: 0, keys: 0});
			expect(await added(async () => expect((await guard(payment())).status).toBe(201))).toEqual({charges: 1, keys: 1});
		},
	);

	test('a throw after a write undoes it, and frees the key', async () => {
		let runs = 0;
		const guard = bank.guard(
			async (request, run) => {
				const response = await bank.charge(request, run);
				if (runs++ === 0) throw new Error('the printer is on fire');
				return response;
			},
			{name: 'throws'},
		);
		const first = async () => expect(guard(payment())).rejects.toThrow('the printer is on fire');
		expect(await added(first)).toEqual({charges: 0, keys: 0});
		expect(await added(async () => guard(payment()))).toEqual({charges: 1, keys: 1});
	});

	test('a Response that is thrown undoes what was written, and is the answer', async () => {
		let runs = 0;
		const guard = bank.guard(
			async (request, run) => {
				runs++;
				await bank.charge(request, run);
				throw Response.json({declined: true}, {status: 402});
			},
			{name: 'declines'},
		);
		const counts = await added(async () => {
			for (const replayed of [false, true]) {
				const response = await guard(payment());
				expect([response.status, hasReplayed(response), await response.json()]).toEqual([
					402,
					replayed,
					{declined: true},
				]);
			}
		});
		expect([counts, runs]).toEqual([{charges: 0, keys: 1}, 1]);
	});

	test('a Response that is thrown is kept though the database undoes that at first', async () => {
		const {pool, table} = bank;
		let transactions = Infinity;
		const guards = transactional({
			database: {
				async begin(run) {
					// The first one is the handler's own, the second keeps its answer.
					const isUndone = ++transactions === 2;
					const client = await pool.connect();
					try {
						await client.query('BEGIN');
						const value = await run(client);
						if (isUndone) throw Object.assign(new Error('undone'), {code: '40001'});
						await client.query('COMMIT');
						return value;
					} catch (error) {
						await client.query('ROLLBACK');
						throw error;
					} finally {
						client.release();
					}
				},
				query: async (client: PoolClient, text, values) => client.query(text, values),
			},
			table: `${table}_keys`,
			name: 'declines twice',
			scope: null,
		});
		await guards.setup();
		transactions = 0;
		const pay = guards(() => {
			throw Response.json({declined: true}, {status: 402});
		});
		for (const replayed of [false, true]) {
			const response = await pay(payment());
			expect([response.status, hasReplayed(response), await response.json()]).toEqual([
				402,
				replayed,
				{declined: true},
			]);
		}
	});

	test('a Response that is thrown is the answer even where a statement had failed', async () => {
		const guard = bank.guard(
			async (_, {tx}) => {
				await tx.query('SELECT 1 / 0').catch(() => undefined);
				throw new Response('declined', {status: 402});
			},
			{name: 'declines after a failure'},
		);
		await guard(payment());
		expect(hasReplayed(await guard(payment()))).toBe(true);
	});

	test('an unsaved Response that is thrown frees the key', async () => {
		const guard = bank.guard(
			async (request, run) => {
				await bank.charge(request, run);
				throw new Response('later', {status: 503});
			},
			{name: 'throws 503'},
		);
		expect(await added(async () => expect((await guard(payment())).status).toBe(503))).toEqual({charges: 0, keys: 0});
	});

	test('a statement that failed is no success, whoever catches its error', async () => {
		const guard = bank.guard(
			async (request, run) => {
				const response = await bank.charge(request, run);
				await run.tx.query('SELECT 1 / 0').catch(() => undefined);
				return response;
			},
			{name: 'swallows'},
		);
		const swallowed = async () => expect(guard(payment())).rejects.toThrow('the transaction was rolled back');
		expect(await added(swallowed)).toEqual({charges: 0, keys: 0});
	});

	test('a deferred constraint that fails at the end is no success', async () => {
		const once = `${bank.table}_once`;
		await bank.pool.query(`CREATE TABLE ${once} (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)`);
		const guard = bank.guard(
			async (_, {tx}) => {
				await tx.query(`INSERT INTO ${once} VALUES (1), (1)`);
				return new Response('ok');
			},
			{name: 'deferred'},
		);
		expect(await added(async () => expect(guard(payment())).rejects.toThrow('rolled back'))).toEqual({
			charges: 0,
			keys: 0,
		});
		await bank.pool.query(`DROP TABLE ${once}`);
	});

	test('a handler that ends the transaction itself cannot have its key run again', async () => {
		let fails = true;
		const guard = bank.guard(
			async (request, run) => {
				const response = await bank.charge(request, run);
				await run.tx.query('COMMIT');
				if (fails) throw new Error('after the commit');
				return response;
			},
			{name: 'commits'},
		);
		await expect(guard(payment())).rejects.toThrow('after the commit');
		fails = false;
		const response = await guard(payment());
		expect([response.status, await codeOf(response)]).toEqual([409, 'idempotency-outcome-unknown']);
	});

	test('a handler that rolls back itself is no success', async () => {
		const guard = bank.guard(
			async (request, run) => {
				const response = await bank.charge(request, run);
				await run.tx.query('ROLLBACK');
				return response;
			},
			{name: 'rolls back'},
		);
		expect(await added(async () => expect(guard(payment())).rejects.toThrow('ended the transaction'))).toEqual({
			charges: 0,
			keys: 0,
		});
	});

	test('a transaction that is over takes no more statements', async () => {
		let late!: () => Promise<unknown>;
		const guard = bank.guard(
			async (_, {tx}) => {
				const {query} = tx;
				late = async () =>
					Promise.allSettled([(async () => tx.query('SELECT 1'))(), (async () => query('SELECT 1'))()]);
				expect(() => tx.release()).toThrow('not for the handler');
				return new Response('ok');
			},
			{name: 'late'},
		);
		await guard(payment());
		const over = {status: 'rejected', reason: expect.objectContaining({message: expect.stringContaining('is over')})};
		expect(await late()).toEqual([over, over]);
	});

	test('what is run too often without an end is told so', async () => {
		let runs = 0;
		const guard = bank.guard(
			async () => {
				runs++;
				// As an ORM wraps it.
				throw new Error('failed query', {cause: Object.assign(new Error('could not serialize'), {code: '40001'})});
			},
			{name: 'again'},
		);
		const response = await guard(payment());
		expect([response.status, response.headers.get('retry-after'), runs]).toEqual([503, '1', 4]);
	});

	test('two handlers in a deadlock both end well', async () => {
		const rows = `${bank.table}_rows`;
		await bank.pool.query(`CREATE TABLE ${rows} AS SELECT n, 0 AS hits FROM generate_series(0, 1) AS n`);
		let waiting = 2;
		let open!: () => void;
		const both = new Promise<void>(resolve => {
			open = resolve;
		});
		const guard = bank.guard(
			async (request, {tx}) => {
				const first = Number(request.headers.get('x-first'));
				const hit = async (n: number) => tx.query(`UPDATE ${rows} SET hits = hits + 1 WHERE n = $1`, [n]);
				await hit(first);
				if (--waiting === 0) open();
				await both;
				await hit(1 - first);
				return new Response('ok');
			},
			{name: 'deadlock'},
		);
		const responses = await all(2, async i => guard(payment({key: `deadlock-${i}`, headers: {'x-first': String(i)}})));
		expect(responses.map(({status}) => status)).toEqual([200, 200]);
		expect((await bank.pool.query(`SELECT hits FROM ${rows} ORDER BY n`)).rows).toEqual([{hits: 2}, {hits: 2}]);
		await bank.pool.query(`DROP TABLE ${rows}`);
	});

	test('who waits holds no connection', async () => {
		const pool = openPool(server.url, {max: 2});
		const guard = bank.guard(
			async (request, run) => {
				// Its own look elsewhere gets the other connection, however many wait.
				await pool.query('SELECT pg_sleep(0.2)');
				return bank.charge(request, run);
			},
			{name: 'pool of two', database: pool, waiting: 20_000},
		);
		const responses = await all(20, async () => guard(payment()));
		expect(new Set(responses.map(({status}) => status))).toEqual(new Set([201]));
		await pool.end();
	});

	test('of what has no end, or is too large, the execution is known', async () => {
		const stream = new Response('data: 1\n\n', {headers: {'content-type': 'text/event-stream'}});
		const answers = [stream, new Response('x'.repeat(20))];
		const guard = bank.guard(() => answers.shift() ?? new Response('never'), {name: 'endless', bodyLimit: 10});
		for (const key of ['stream', 'large']) {
			expect((await guard(payment({key}))).status).toBe(200);
			const again = await guard(payment({key}));
			expect([again.status, await codeOf(again)]).toEqual([409, 'idempotency-already-executed']);
		}
	});

	test('where only keys are kept, a repeat is told that it was executed', async () => {
		const guard = bank.guard(bank.charge, {name: 'keys', answers: 'drop'});
		const counts = await added(async () => {
			expect(await (await guard(payment())).json()).toEqual({charged: 1});
			const again = await guard(payment());
			expect([again.status, await codeOf(again)]).toEqual([409, 'idempotency-already-executed']);
		});
		expect(counts).toEqual({charges: 1, keys: 1});
	});

	test('who sends no key may have one of the content', async () => {
		const scope = (request: Request) => request.headers.get('x-user') ?? 'nobody';
		const guard = bank.guard(bank.charge, {name: 'content', keyFrom: 'content', scope});
		const counts = await added(async () => {
			await guard(payment({key: null}));
			expect(hasReplayed(await guard(payment({key: null})))).toBe(true);
			expect(hasReplayed(await guard(payment({key: null, body: '{"amount":3}'})))).toBe(false);
			expect(hasReplayed(await guard(payment({key: null, headers: {'x-user': 'bob'}})))).toBe(false);
			expect(hasReplayed(await guard(payment({key: 'own'})))).toBe(false);
		});
		expect(counts).toEqual({charges: 4, keys: 4});
	});

	test('a request that needs no key has its transaction, too', async () => {
		const guard = bank.guard(bank.charge, {required: false});
		expect(await added(async () => guard(payment({key: null})))).toEqual({charges: 1, keys: 0});
		const failing = bank.guard(
			async (request, run) => {
				await bank.charge(request, run);
				throw new Response(null, {status: 404});
			},
			{required: false},
		);
		expect(await added(async () => failing(payment({key: null})))).toEqual({charges: 0, keys: 0});
		const read = bank.guard(async (_, {tx}) => Response.json((await tx.query('SELECT 1 AS one')).rows));
		expect(await (await read(new Request('https://shop.test/'))).json()).toEqual([{one: 1}]);
	});

	test('a key for a step is the same at every run', async () => {
		const keys: string[] = [];
		const guard = bank.guard(
			(_, {operation}) => {
				keys.push(operation.key('charge'), operation.idempotencyKey ?? 'none');
				return new Response(null, {status: keys.length > 2 ? 200 : 500});
			},
			{name: 'steps'},
		);
		await guard(payment());
		await guard(payment());
		expect(keys.slice(0, 2)).toEqual(keys.slice(2));
		expect(keys[1]).toBe('key-1');
	});

	test('a run costs the round trips of its transaction, and a replay two', async () => {
		const texts: string[] = [];
		const counted = {
			async connect() {
				const client = await bank.pool.connect();
				return {
					async query(text: string, values?: unknown[]) {
						texts.push(text.replaceAll(/\s*(\w+)[^;]*/g, '$1 ').trim());
						return client.query(text, values);
					},
					release: (error?: Error | boolean) => client.release(error),
				};
			},
		};
		const guard = bank.guard(bank.charge, {name: 'round trips', database: counted as never});
		expect((await guard(payment())).status).toBe(201);
		expect(texts.splice(0)).toEqual(['BEGIN ;INSERT', 'INSERT', 'UPDATE ;COMMIT']);
		expect(hasReplayed(await guard(payment()))).toBe(true);
		expect(texts.splice(0)).toEqual(['BEGIN ;INSERT', 'SELECT ;ROLLBACK']);
		expect((await guard(payment({body: '{"amount":2}'}))).status).toBe(422);
		expect(texts).toEqual(['BEGIN ;INSERT', 'SELECT ;ROLLBACK']);
	});

	test('setup may be called again, and by many at once', async () => {
		await all(3, async () => {
			await bank.guards().setup();
			return new Response();
		});
		expect(await bank.guards().sweep()).toBe(0);
	});
});

test('after its retention a key runs again, and is swept', async () => {
	const place = await timelessPlace(server.url);
	const pool = openPool(server.url, {options: place.options, max: 2});
	const guards = transactional({database: pool, scope: null, retention: 1_000});
	await guards.setup();
	let runs = 0;
	const guard = guards(() => new Response(String(++runs)));
	const ask = async () => (await guard(payment())).text();
	expect(await ask()).toBe('1');
	await place.elapse(999);
	expect([await ask(), await guards.sweep()]).toEqual(['1', 0]);
	await place.elapse(1);
	const crowd = await all(20, async () => guard(payment()));
	expect(crowd.filter(it => it.status === 200 && !hasReplayed(it))).toHaveLength(1);
	expect([await ask(), runs]).toEqual(['2', 2]);
	await place.elapse(1_000);
	const [running, ending] = [gate(), gate()];
	const again = guards(async () => {
		running.open();
		await ending.opened;
		return new Response(String(++runs));
	})(payment());
	await running.opened;
	expect((await guard(payment())).status).toBe(409);
	ending.open();
	expect(await (await again).text()).toBe('3');
	await place.elapse(1_000);
	expect([await guards.sweep(), await guards.sweep()]).toEqual([1, 0]);
	await pool.end();
	await place.remove();
});

test.each([
	undefined,
	{},
	{database: {}, scope: null},
	{database: {begin: () => undefined}, scope: null},
	{database: {connect: (): void => undefined}},
	{database: {connect: (): void => undefined}, scope: null, table: ''},
	{database: {connect: (): void => undefined}, scope: null, effects: 'marked'},
	{database: {connect: (): void => undefined}, scope: null, answers: 'some'},
	{database: {connect: (): void => undefined}, scope: null, keyFrom: 'nothing'},
])('%o is refused', options => {
	expect(() => transactional(options as never)).toThrow(/^latchkey: /);
});
