import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {sqliteStore} from 'latchkey/stores/sqlite';
import {begunRow, handColumns, settledColumns, settledFields, type Subject} from './subject.ts';

export async function sqliteSubject(): Promise<Subject> {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
	const path = join(folder, 'operations.db');
	const store = sqliteStore({path});

	const hand = new DatabaseSync(join(folder, 'hand.db'));
	hand.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
		CREATE TABLE hand (id TEXT PRIMARY KEY, ${handColumns.slice(1).join(' TEXT, ')} TEXT)`);
	const insert = hand.prepare(`INSERT INTO hand VALUES (${handColumns.map(() => '?').join(', ')})`);
	const update = hand.prepare(`UPDATE hand SET ${settledColumns.join(' = ?, ')} = ? WHERE id = ?`);

	// Another connection to the store's file. What it writes need not survive.
	const filler = new DatabaseSync(path);
	filler.exec('PRAGMA synchronous = OFF');
	// So that its disk is not still busy with that when something is measured.
	const flush = () => {
		filler.exec('PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = OFF');
	};

	return {
		name: 'sqlite',
		store,
		async byHand(id) {
			insert.run(...Object.values(begunRow(id)));
			update.run(...Object.values(settledFields()), id);
		},
		growth: {
			async fill(count) {
				const columns = filler.prepare(`SELECT name FROM pragma_table_info('operations')`).all();
				const copied = columns.map(({name}) => (name === 'id' ? 'lower(hex(randomblob(32)))' : String(name)));
				filler.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
					INSERT INTO operations SELECT ${copied.join(', ')} FROM n, (SELECT * FROM operations WHERE keep_until > 0 LIMIT 1)`);
				flush();
			},
			sweep: async () => store.sweep(),
			async expire(count) {
				filler.exec(`UPDATE operations SET keep_until = 1 WHERE rowid IN
					(SELECT rowid FROM operations WHERE keep_until > 1 LIMIT ${count})`);
				flush();
			},
		},
		async close() {
			filler.close();
			hand.close();
			await store.close?.();
			await rm(folder, {recursive: true});
		},
	};
}
