import * as fc from 'fast-check';
import type {Pool} from 'pg';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {postgresStore, type PostgresStore, type Queryable} from '../../src/stores/postgres.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {anyStep} from './any-step.ts';
import {claimOf} from './claim-of.ts';
import {timelessPlace} from './postgres-place.ts';
import {openPool, someTable} from './postgres-pool.ts';
import {recordsIn} from '../support/records.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
let place: Awaited<ReturnType<typeof timelessPlace>>;
let pool: Pool;
let store: PostgresStore;
const table = someTable();
beforeAll(async () => {
	server = await somePostgres();
	place = await timelessPlace(server.url);
	pool = openPool(server.url, {max: 1, options: place.options});
	store = postgresStore({pool, table});
	await store.setup();
}, 60_000);
afterAll(async () => {
	await pool.end();
	await place.remove();
	await server.remove();
});

const DAY = 86_400_000;
/** Most steps follow at once. */
const wait = fc.constantFrom(0, 0, 0, 0, 1, 5_000, 60_000, 7 * DAY);
const step = anyStep(1, 5_000, 90_000);

test('every step answers and leaves what the rules say', async () => {
	let runs = 0;
	const steps = fc.array(fc.record({wait, step}), {minLength: 6, maxLength: 16});
	await fc.assert(
		fc.asyncProperty(steps, async script => {
			const {rows} = await pool.query<{now: string}>('SELECT extract(epoch FROM statement_timestamp()) * 1000 AS now');
			let now = Number(rows[0]?.now);
			const rules = memoryStoreIn({now: () => now});
			const id = {scope: 'scope-a', name: `run ${++runs}`};
			for (const {wait: ms, step: take} of script) {
				now += ms;
				if (ms > 0) await place.elapse(ms);
				const [last] = await recordsIn(rules, id.scope, id.name);
				expect(await take(store, id, last)).toEqual(await take(rules, id, last));
				expect(await recordsIn(store, id.scope, id.name)).toEqual(await recordsIn(rules, id.scope, id.name));
			}
		}),
		{numRuns: 200, endOnFailure: true},
	);
}, 60_000);

test('a record that was swept and begun again is not taken for the old one', async () => {
	const id = {scope: 'scope-b', name: 'pay'};
	await store.claim(id, claimOf());
	await store.forget(id, {key: 'key-1', how: 'force'});
	let late = false;
	const slow: Queryable = {
		async query(text, values) {
			if (text.startsWith('UPDATE') && !late) {
				late = true;
				await place.elapse(8 * DAY);
				expect(await store.sweep()).toBeGreaterThan(0);
				await store.claim(id, claimOf({key: 'key-2'}));
				const state = {status: 'succeeded'} as const;
				await store.settle(id, {key: 'key-2', owner: 'ann', token: 1, state, fenced: false, keepAnswer: false});
			}

			return pool.query(text, values);
		},
	};
	const result = await postgresStore({pool: slow, table}).claim(id, claimOf({owner: 'bob', key: 'key-3'}));
	expect(late).toBe(true);
	expect(result).toMatchObject({status: 'settled', record: {key: 'key-2'}});
});
