import {drizzle} from 'drizzle-orm/node-postgres';
import {sql as drizzleSql} from 'drizzle-orm';
import {Kysely, PostgresDialect, sql as kyselySql} from 'kysely';
import knexOf from 'knex';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {transactional, type Database} from '../../src/server/postgres.ts';
import {openPool} from '../stores/postgres-pool.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {someBank, type Bank} from './bank.ts';
import {ofDrizzle, ofKnex, ofKysely, ofPrisma, type PrismaTransaction} from './databases.ts';
import {codeOf, payment} from './shop.ts';

let server: Awaited<ReturnType<typeof somePostgres>>;
let bank: Bank;
const closing: Array<() => Promise<unknown>> = [];
beforeAll(async () => {
	server = await somePostgres();
	bank = await someBank(server.url);
}, 60_000);
afterAll(async () => {
	for (const close of closing) await close();
	await bank.remove();
	await server.remove();
});

/** What stands for a client of Prisma: the same calls over pg, and an error code of its own for what was undone. */
function prismaLike() {
	const pool = openPool(server.url);
	closing.push(async () => pool.end());
	return {
		async $transaction<T>(run: (tx: PrismaTransaction) => Promise<T>): Promise<T> {
			const client = await pool.connect();
			try {
				await client.query('BEGIN');
				const value = await run({
					async $queryRawUnsafe<R>(text: string, ...values: unknown[]) {
						return (await client.query(text, values)).rows as R;
					},
				});
				await client.query('COMMIT');
				return value;
			} catch (error) {
				await client.query('ROLLBACK');
				if ((error as {code?: string}).code !== '40001') throw error;
				throw Object.assign(new Error('Transaction failed due to a write conflict or a deadlock'), {code: 'P2034'});
			} finally {
				client.release();
			}
		},
	};
}

type Adapted<Tx extends object> = {database: Database<Tx>; run: (tx: Tx, text: string) => Promise<unknown>};

function tests<Tx extends object>(open: () => Adapted<Tx>): void {
	let adapted: Adapted<Tx>;
	beforeAll(() => {
		adapted = open();
	});
	const guards = (name: string, waiting = 0, required = true) =>
		transactional<Tx>({
			database: adapted.database,
			scope: null,
			required,
			table: bank.table,
			name,
			waiting,
			storeTimeout: 20_000,
		});
	const charge = async (tx: Tx) => adapted.run(tx, `INSERT INTO ${bank.charges} VALUES ('ann', 1)`);
	const added = async (run: () => Promise<unknown>) => {
		const before = await bank.counts();
		await run();
		const after = await bank.counts();
		return {charges: after.charges - before.charges, keys: after.keys - before.keys};
	};
	const own = crypto.randomUUID();

	test('of many one takes effect, and all get its answer', async () => {
		const guard = guards(
			`many ${own}`,
			20_000,
		)(async (_, {tx}) => {
			await charge(tx);
			return new Response(new Uint8Array([0, 255, 7]), {status: 201});
		});
		const counts = await added(async () => {
			const responses = await Promise.all(Array.from({length: 30}, async () => guard(payment())));
			expect(new Set(responses.map(({status}) => status))).toEqual(new Set([201]));
			const bodies = await Promise.all(responses.map(async it => new Uint8Array(await it.arrayBuffer())));
			expect(new Set(bodies.map(String))).toEqual(new Set(['0,255,7']));
		});
		expect(counts).toEqual({charges: 1, keys: 1});
		expect(await codeOf(await guard(payment({body: 'other'})))).toBe('idempotency-key-reused');
	});

	test('what is thrown, or not kept, leaves nothing', async () => {
		const endings = [() => new Response(null, {status: 500}), () => Promise.reject(new Error('no'))];
		const guard = guards(`nothing ${own}`)(async (_, {tx}) => {
			await charge(tx);
			return endings.shift()?.() ?? new Response('ok');
		});
		const counts = await added(async () => {
			expect((await guard(payment())).status).toBe(500);
			await expect(guard(payment())).rejects.toThrow('no');
		});
		expect(counts).toEqual({charges: 0, keys: 0});
	});

	test('who declines writes nothing, and is kept', async () => {
		const guard = guards(`declines ${own}`)(async (_, {tx}) => {
			await charge(tx);
			throw new Response('declined', {status: 402});
		});
		const counts = await added(async () => {
			await guard(payment());
			expect((await guard(payment())).headers.get('idempotent-replayed')).toBe('true');
		});
		expect(counts).toEqual({charges: 0, keys: 1});
	});

	test.each(['key-1', null])('a statement that failed is no success, under the key %s', async key => {
		const guard = guards(
			`swallows ${own}`,
			0,
			false,
		)(async (_, {tx}) => {
			await charge(tx);
			await adapted.run(tx, 'SELECT 1 / 0').catch(() => undefined);
			return new Response('ok');
		});
		expect(await added(async () => expect(guard(payment({key}))).rejects.toThrow('rolled back'))).toEqual({
			charges: 0,
			keys: 0,
		});
	});

	test('what the database undoes is run again', async () => {
		let runs = 0;
		const guard = guards(`again ${own}`)(async (_, {tx}) => {
			if (runs++ === 0) await adapted.run(tx, `DO $$ BEGIN RAISE 'undone' USING ERRCODE = '40001'; END $$`);
			await charge(tx);
			return new Response('ok');
		});
		expect(await added(async () => guard(payment()))).toEqual({charges: 1, keys: 1});
		expect(runs).toBe(2);
	});

	test('a transaction that is over takes no more statements', async () => {
		let late!: () => Promise<unknown>;
		const guard = guards(`late ${own}`)((_, {tx}) => {
			late = async () => charge(tx);
			return new Response('ok');
		});
		await guard(payment());
		expect(await added(async () => expect(late()).rejects.toThrow('is over'))).toEqual({charges: 0, keys: 0});
	});

	test('makes its table, and sweeps it', async () => {
		const table = `${bank.table}_own${own.slice(0, 4)}`;
		const made = transactional<Tx>({database: adapted.database, scope: null, table});
		await made.setup();
		await made.setup();
		expect(await made.sweep()).toBe(0);
		await bank.pool.query(`DROP TABLE ${table}`);
	});
}

describe('on Knex', () => {
	tests(() => {
		const knex = knexOf({client: 'pg', connection: server.url, pool: {min: 0, max: 4}});
		closing.push(async () => knex.destroy());
		return {database: ofKnex(knex), run: async (tx, text) => tx.raw(text)};
	});
});

describe('on Drizzle', () => {
	tests(() => {
		const pool = openPool(server.url, {max: 4});
		closing.push(async () => pool.end());
		return {database: ofDrizzle(drizzle({client: pool})), run: async (tx, text) => tx.execute(drizzleSql.raw(text))};
	});
});

describe('on Kysely', () => {
	tests(() => {
		const db = new Kysely<object>({dialect: new PostgresDialect({pool: openPool(server.url, {max: 4})})});
		closing.push(async () => db.destroy());
		return {database: ofKysely(db), run: async (tx, text) => kyselySql.raw(text).execute(tx)};
	});
});

describe('on what Prisma does', () => {
	tests(() => ({database: ofPrisma(prismaLike()), run: async (tx, text) => tx.$queryRawUnsafe(text)}));
});
