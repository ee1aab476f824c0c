import process from 'node:process';
import type * as Sqlite from 'node:sqlite';

/** An import of `node:sqlite` fails where it is missing before anybody can say what is needed. */
export function nodeSqlite(): typeof Sqlite {
	const sqlite = process.getBuiltinModule?.('node:sqlite');
	if (sqlite === undefined)
		throw new Error(
			`latchkey: sqliteStore needs Node 22.13 or later, for node:sqlite; this is Node ${process.versions.node}`,
		);
	return sqlite;
}
