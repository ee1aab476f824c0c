import type {Pool} from 'pg';
import {afterAll, beforeAll, describe, test} from 'vitest';
import {inboxContract} from '../../src/consumer/contract.ts';
import {timelessPlace} from '../stores/postgres-place.ts';
import {openPool} from '../stores/postgres-pool.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {postgresPlace} from './inboxes.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
beforeAll(async () => {
	server = await somePostgres();
}, 60_000);
afterAll(async () => server.remove());

describe.each(['read committed', 'repeatable read', 'serializable'])('where transactions are %s', isolation => {
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

	inboxContract({test, makeStore: async () => postgresPlace(pool), elapse: async ms => place.elapse(ms)});
});
