import {DatabaseSync} from 'node:sqlite';
import type {Pool, PoolClient} from 'pg';
import type {InboxPlace} from '../../src/consumer/contract.ts';
import {postgresInbox} from '../../src/consumer/postgres-inbox.ts';
import {sqliteInboxIn} from '../../src/consumer/sqlite-inbox.ts';
import {someTable} from '../stores/postgres-pool.ts';

/** An inbox in memory, and the time that it goes by. */
export function sqlitePlace(clock: {now(): number} = {now: () => Date.now()}): InboxPlace<DatabaseSync> & {
	readonly database: DatabaseSync;
} {
	const database = new DatabaseSync(':memory:');
	database.exec('CREATE TABLE effects (name TEXT NOT NULL)');
	return {
		database,
		inbox: sqliteInboxIn(clock, {database}),
		write(tx, name) {
			tx.prepare('INSERT INTO effects VALUES (?)').run(name);
		},
		written: () =>
			database
				.prepare('SELECT name FROM effects')
				.all()
				.map(({name}) => String(name)),
		close() {
			database.close();
		},
	};
}

export type PostgresPlace = InboxPlace<PoolClient> & {readonly table: string; readonly effects: string};

export async function postgresPlace(pool: Pool): Promise<PostgresPlace> {
	const [table, effects] = [someTable(), someTable()];
	await pool.query(`CREATE TABLE ${effects} (id bigserial, name text NOT NULL)`);
	const inbox = postgresInbox({database: pool, table});
	await inbox.setup();
	return {
		table,
		effects,
		inbox,
		async write(tx, name) {
			await tx.query(`INSERT INTO ${effects} (name) VALUES ($1)`, [name]);
		},
		async written() {
			const {rows} = await pool.query<{name: string}>(`SELECT name FROM ${effects} ORDER BY id`);
			return rows.map(({name}) => name);
		},
	};
}

/** Something that somebody waits for. */
export function gate() {
	let open = () => undefined as void;
	const opened = new Promise<void>(resolve => {
		open = resolve;
	});
	return {opened, open: () => open()};
}
