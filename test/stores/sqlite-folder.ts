import {mkdtempSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {fileURLToPath} from 'node:url';
import {afterAll, vi} from 'vitest';
import {environment} from '../../src/environment.ts';
import type {Store} from '../../src/stores/store.ts';
import {temporaryFiles} from '../support/temporary-files.ts';

/** A folder of this test file's own, gone after it. */
export function temporaryFolder() {
	const folder = mkdtempSync(join(temporaryFiles(), 'latchkey-sqlite-'));
	let files = 0;
	afterAll(() => {
		rmSync(folder, {recursive: true, force: true});
	});
	return {
		folder,
		freshFile: () => join(folder, `${files++}.db`),
	};
}

/** The real environment, with another clock. */
export function at(clock: {now: () => number}) {
	return {...environment, now: clock.now};
}

/** A store whose file is opened by this, and its own connection. */
export async function withConnection(open: () => Store): Promise<{store: Store; database: DatabaseSync}> {
	const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
	try {
		const store = await opened(open());
		const [database] = prepare.mock.contexts;
		return {store, database: database as DatabaseSync};
	} finally {
		prepare.mockRestore();
	}
}

/** The store, once its file is open. */
export async function opened(store: Store): Promise<Store> {
	await store.list('nobody');
	return store;
}

/** Somebody else at the file, who keeps everybody from writing until `release`. */
export function lock(file: string) {
	const database = new DatabaseSync(file);
	database.exec('BEGIN IMMEDIATE');
	return {
		release() {
			database.exec('ROLLBACK');
			database.close();
		},
	};
}

/** Runs SQL on a file. */
export function runOn(file: string, sql: string): void {
	const database = new DatabaseSync(file);
	database.exec(sql);
	database.close();
}

/** The rows that a query finds in a file. */
export function rowsOf(file: string, sql: string): Array<Record<string, unknown>> {
	const database = new DatabaseSync(file);
	const rows = database.prepare(sql).all();
	database.close();
	return rows.map(row => ({...row}));
}

/** How Node is told to run a script that imports the sources. `source` gives the address of one. */
export function scriptArguments(script: (source: (path: string) => string) => string): string[] {
	const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url));
	return [
		'--conditions=latchkey-source',
		'--disable-warning=ExperimentalWarning',
		'--input-type=module',
		'--eval',
		script(source),
	];
}

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
