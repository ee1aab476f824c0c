import {checkOptions} from '../../validate.ts';
import {scopeSpec, withDefaults, type WithDefaults} from '../options.ts';
import {sharedSpecs, type SharedTransactionalOptions} from './options.ts';
import type {SqliteDatabase} from './sqlite-table.ts';

export type SqliteTransactionalOptions<
	Connection extends SqliteDatabase,
	Rest extends readonly unknown[] = readonly never[],
> = Omit<SharedTransactionalOptions<Rest>, 'waiting'> & {
	/** The connection on which effects are written: a `DatabaseSync` of `node:sqlite`, or a `Database` of better-sqlite3. */
	readonly database: Connection;
	/**
	 * The table of keys, in the same file.
	 *
	 * @default 'latchkey_keys'
	 */
	readonly table?: string;
};

export function sqliteSettingsOf<Connection extends SqliteDatabase, Rest extends readonly unknown[]>(
	options: SqliteTransactionalOptions<Connection, Rest>,
): WithDefaults<SqliteTransactionalOptions<Connection, Rest>> {
	const callback = {expects: 'a function', test: (value: unknown) => typeof value === 'function'};
	const {waiting: _, ...shared} = sharedSpecs;
	checkOptions(
		'transactional',
		options,
		{
			database: {
				expects: 'a connection of node:sqlite or better-sqlite3',
				test: value => typeof value === 'object' && value !== null,
				required: {exec: callback, prepare: callback},
			},
			scope: scopeSpec,
		},
		{
			...shared,
			table: {
				expects: 'the name of a table',
				test: value => typeof value === 'string' && value !== '' && !value.includes('\0'),
			},
		},
	);
	return withDefaults(options);
}
