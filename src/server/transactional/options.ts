import {tableSpec} from '../../stores/postgres/ask.ts';
import {checkOptions, type OptionSpecs} from '../../validate.ts';
import {databaseSpec, type Database, type PgPool} from '../database.ts';
import {optionalSpecs, scopeSpec, withDefaults, type GuardOptions, type WithDefaults} from '../options.ts';

const shared = [
	'name',
	'required',
	'retention',
	'waiting',
	'answers',
	'keyFrom',
	'bodyLimit',
	'omitHeaders',
	'fingerprint',
	'storeTimeout',
	'onEvent',
] as const;

/** What both kinds of guards take. */
export type SharedTransactionalOptions<Rest extends readonly unknown[]> = Pick<
	GuardOptions<Rest>,
	'scope' | (typeof shared)[number]
>;

export type TransactionalOptions<
	Tx,
	Rest extends readonly unknown[] = readonly never[],
> = SharedTransactionalOptions<Rest> & {
	/**
	 * Who runs the transactions: a pg `Pool`, or a few lines over an ORM. docs/server.md has them for Knex, Drizzle, Kysely and
	 * Prisma. `storeTimeout` bounds how long a connection, the key and the commit are waited for.
	 */
	readonly database: PgPool<Tx> | Database<Tx>;
	/**
	 * The table of keys, in the database of the effects: `'table'` or `'schema.table'`.
	 *
	 * @default 'latchkey_keys'
	 */
	readonly table?: string;
};

/** The options that both take. */
export const sharedSpecs: OptionSpecs = Object.fromEntries(
	shared.flatMap(name => {
		const spec = optionalSpecs[name];
		return spec ? [[name, spec]] : [];
	}),
);

export type Settings<Tx, Rest extends readonly unknown[]> = WithDefaults<TransactionalOptions<Tx, Rest>>;

export function settingsOf<Tx, Rest extends readonly unknown[]>(
	options: TransactionalOptions<Tx, Rest>,
): Settings<Tx, Rest> {
	checkOptions(
		'transactional',
		options,
		{database: databaseSpec, scope: scopeSpec},
		{...sharedSpecs, table: tableSpec},
	);
	return withDefaults(options);
}
