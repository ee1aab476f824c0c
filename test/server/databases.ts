import {sql} from 'drizzle-orm';
import type {NodePgDatabase} from 'drizzle-orm/node-postgres';
import {CompiledQuery, type Kysely, type Transaction} from 'kysely';
import type {Knex} from 'knex';
import type {Database} from '../../src/server/postgres.ts';

// The recipes of docs/server.md.

export const ofKnex = (knex: Knex): Database<Knex.Transaction> => ({
	begin: async run => knex.transaction(run),
	query: async (tx, text, values) =>
		tx.raw(
			text.replaceAll(/\$\d+/g, '?'),
			(text.match(/\$\d+/g) ?? []).map(name => values[Number(name.slice(1)) - 1] as Knex.RawBinding),
		),
});

type DrizzleTransaction = Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0];

export const ofDrizzle = (db: NodePgDatabase): Database<DrizzleTransaction> => ({
	begin: async run => db.transaction(run),
	query: async (tx, text, values) => {
		const parts = text.split(/\$(\d+)/).map((part, i) => (i % 2 ? sql`${values[Number(part) - 1]}` : sql.raw(part)));
		return tx.execute(sql.join(parts));
	},
});

export const ofKysely = <Tables>(db: Kysely<Tables>): Database<Transaction<Tables>> => ({
	begin: async run => db.transaction().execute(run),
	query: async (tx, text, values) => tx.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, values)),
});

/** A client of Prisma, as far as it matters here. */
export type PrismaTransaction = {$queryRawUnsafe<T>(text: string, ...values: unknown[]): Promise<T>};
export type PrismaClient<Tx> = {$transaction<T>(run: (tx: Tx) => Promise<T>): Promise<T>};

export const ofPrisma = <Tx extends PrismaTransaction>(prisma: PrismaClient<Tx>): Database<Tx> => ({
	begin: async run => prisma.$transaction(run),
	query: async (tx, text, values) => ({
		rows: await tx.$queryRawUnsafe<Array<Record<string, unknown>>>(text, ...values),
	}),
});
