import {expect, test} from 'vitest';
import {postgresStore, type Queryable} from '../../src/stores/postgres.ts';

const driver: Queryable = {query: async () => ({rows: []})};

test.each<[options: unknown, problem: string]>([
	[undefined, 'TypeError: latchkey: pool takes a pg Pool, or another object with query(text, values), not undefined'],
	[{}, 'TypeError: latchkey: pool takes a pg Pool, or another object with query(text, values), not undefined'],
	[{pool: 'postgres://'}, 'TypeError: latchkey: pool takes'],
	[{pool: {}}, 'TypeError: latchkey: pool.query takes a function, not undefined'],
	...['', '.', 'a.', '.a', 'a.b.c', 'x'.repeat(64), 'ü'.repeat(32), 'a\0', 42, null].map((table): [unknown, string] => [
		{pool: driver, table},
		"TypeError: latchkey: table takes 'table' or 'schema.table', each of 1 to 63 bytes, not",
	]),
	...[0, -1, NaN, Infinity, 2 ** 31].map((lease): [unknown, string] => [
		{pool: driver, lease},
		`RangeError: latchkey: lease takes milliseconds above 0 and up to 2147483647, not ${lease}`,
	]),
	[{pool: driver, lease: '10s'}, 'TypeError: latchkey: lease takes milliseconds'],
])('options of the wrong kind are refused by name: %j', (options, problem) => {
	let thrown: unknown;
	try {
		postgresStore(options as {pool: Queryable});
	} catch (error) {
		thrown = error;
	}

	expect(String(thrown)).toContain(problem);
});

test('the store says how long a lease lasts: ten seconds unless told otherwise', () => {
	expect(postgresStore({pool: driver}).lease).toBe(10_000);
	expect(postgresStore({pool: driver, lease: 2_500}).lease).toBe(2_500);
});
