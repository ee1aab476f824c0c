import type {Pool} from 'pg';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {entryContract} from '../../src/server/contract.ts';
import {idempotent} from '../../src/server/index.ts';
import {postgresEntries} from '../../src/server/postgres.ts';
import {timelessPlace} from '../stores/postgres-place.ts';
import {openPool, someTable, watched} from '../stores/postgres-pool.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {crowdTests} from './crowd.ts';
import {payment} from './shop.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
beforeAll(async () => {
	server = await somePostgres();
}, 60_000);
afterAll(async () => server.remove());

describe.each(['read committed', 'serializable'])('Postgres entries, where transactions are %s', isolation => {
	let place: Awaited<ReturnType<typeof timelessPlace>>;
	let pool: Pool;
	beforeAll(async () => {
		place = await timelessPlace(server.url);
		const isolated = ` -c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`;
		pool = openPool(server.url, {max: 8, options: place.options + isolated});
	});
	afterAll(async () => {
		await pool.end();
		await place.remove();
	});

	entryContract({
		test,
		async makeStore() {
			const store = postgresEntries({pool, table: someTable()});
			await store.setup();
			return store;
		},
		elapse: async ms => place.elapse(ms),
	});
});

describe('over two pools', () => {
	const pools: Pool[] = [];
	const table = someTable();
	const open = () => {
		const pool = openPool(server.url, {max: 4});
		pools.push(pool);
		return postgresEntries({pool, table});
	};
	beforeAll(async () => postgresEntries({pool: openPool(server.url, {max: 1}), table}).setup());
	afterAll(async () => {
		await Promise.all(pools.map(async pool => pool.end()));
	});
	crowdTests(open, open);

	test('a run takes two statements, and a repeat two', async () => {
		const {verbs, ...queryable} = watched(openPool(server.url, {max: 1}));
		const guard = idempotent(() => new Response('ok'), {
			store: postgresEntries({pool: queryable, table}),
			scope: null,
			name: table,
		});
		await guard(payment());
		expect(verbs.splice(0)).toEqual(['INSERT', 'UPDATE']);
		await guard(payment());
		expect(verbs).toEqual(['INSERT', 'SELECT']);
	});

	test('setup may be called again, and by many at once', async () => {
		const store = postgresEntries({pool: openPool(server.url, {max: 4}), table: someTable()});
		await Promise.all([store.setup(), store.setup(), store.setup()]);
		await store.setup();
		expect(await store.unsettled('', 1)).toEqual([]);
	});

	test('what cannot be read is no key that is free', async () => {
		const pool = openPool(server.url, {max: 1});
		const own = someTable();
		const store = postgresEntries({pool, table: own});
		await store.setup();
		const subject = {guard: '', scope: '', method: 'POST', path: '/', key: 'k'};
		const asked = {
			subject,
			fingerprint: 'p',
			owner: 'ann',
			lease: 1_000,
			mayHaveActed: true,
			onLapsed: 'doubt',
		} as const;
		await store.begin('id', asked);
		await pool.query(`UPDATE ${own} SET version = 2`);
		await expect(store.begin('id', asked)).rejects.toThrow('cannot be read');
	});
});

test.each([undefined, {}, {pool: {}}, {pool: {query: () => undefined}, table: ''}])('%o is refused', options => {
	expect(() => postgresEntries(options as never)).toThrow(/^latchkey: /);
});
