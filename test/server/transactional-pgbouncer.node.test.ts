import {afterAll, beforeAll, expect, test} from 'vitest';
import {openPool} from '../stores/postgres-pool.ts';
import {startPgbouncer} from '../support/pgbouncer.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {someBank, type Bank} from './bank.ts';
import {payment} from './shop.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
let bouncer: Awaited<ReturnType<typeof startPgbouncer>>;
let bank: Bank;
beforeAll(async () => {
	server = await somePostgres();
	bank = await someBank(server.url);
	bouncer = await startPgbouncer(server.url);
}, 60_000);
afterAll(async () => {
	await bank.remove();
	await bouncer.remove();
	await server.remove();
});

test('behind PgBouncer, whose connections go from transaction to transaction, one takes effect', async () => {
	const pool = openPool(bouncer.url, {max: 12});
	const guard = bank.guard(bank.charge, {name: 'pooled', database: pool, waiting: 20_000, storeTimeout: 20_000});
	const responses = await Promise.all(Array.from({length: 60}, async (_, i) => guard(payment({key: `key-${i % 3}`}))));
	expect(new Set(responses.map(({status}) => status))).toEqual(new Set([201]));
	expect(responses.filter(it => it.headers.get('idempotent-replayed') !== 'true')).toHaveLength(3);
	expect(await bank.counts()).toEqual({charges: 3, keys: 3});
	await pool.end();
});

test('nothing of it is left in the sessions of the server', async () => {
	const pool = openPool(bouncer.url, {max: 4});
	const guard = bank.guard(bank.charge, {name: 'sessions', database: pool});
	await Promise.all(Array.from({length: 8}, async (_, i) => guard(payment({key: `key-${i}`}))));
	const {rows} = await pool.query(`SELECT (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
		(SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks`);
	expect(rows).toEqual([{prepared: 0, locks: 0}]);
	await pool.end();
});
