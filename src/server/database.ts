import {bounded} from '../bounded.ts';
import {clock} from '../clock.ts';
import {mistake} from '../mistake.ts';
import type {OptionSpec} from '../validate.ts';

/** What a statement gives: pg's result is one. */
export type Rows = {readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>};

export type Counted = Rows & {readonly rowCount?: number | null};

/** How many rows it has given or written: a connection of a pool tells that without giving them. */
export const countOf = ({rowCount, rows}: Counted): number => rowCount ?? rows.length;

/** Who runs transactions of Postgres. `Tx`: what the statements of one of them run on. */
export type Database<Tx> = {
	/**
	 * Runs `run` in a transaction on a connection of its own, READ COMMITTED or above: it is committed when `run` resolves, and
	 * rolled back when it rejects. Rejects with what `run` rejected with, or with why it could not begin or commit.
	 */
	begin<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
	/** Runs one statement in this transaction; its values are `$1`, `$2` and so on. */
	query(tx: Tx, text: string, values: unknown[]): Promise<Rows>;
};

/** A connection of a `PgPool`. */
export type PgClient = {
	query(text: string, values?: unknown[]): Promise<Rows & {readonly rowCount: number | null}>;
	/** Gives it back; with an error it is closed. */
	release(error?: Error | boolean): void;
};

/** A `Pool` of pg, or what does as it does. */
export type PgPool<Client = PgClient> = {
	connect(): Promise<Client>;
	// Pg's own overload, without which its client's type is not inferred.
	connect(callback: never): void;
};

const callback: OptionSpec = {expects: 'a function', test: value => typeof value === 'function'};

/** What `databaseOf` takes, as an option. */
export const databaseSpec: OptionSpec = {
	expects: 'a pg Pool, or another object with begin(run) and query(tx, text, values)',
	test: value => isPool(value) || (isObject(value) && callback.test(value['begin']) && callback.test(value['query'])),
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isPool = (value: unknown): value is PgPool =>
	isObject(value) && !callback.test(value['begin']) && callback.test(value['connect']);

/** What runs transactions, from a pool or as it is. Statements are never named, and nothing is left in a session. */
export function databaseOf<Tx>(given: PgPool<Tx> | Database<Tx>): Database<Tx> {
	if (!isPool(given)) return given as Database<Tx>;
	const pool = given as PgPool;
	const database: Database<PgClient> = {
		begin: async run => inTransaction(pool, undefined, async client => ({value: await run(client)})),
		query: async (client, text, values) => client.query(text, values),
	};
	return database as unknown as Database<Tx>;
}

/** What a transaction gives, and its last statement, which has to give a row, or to write one. */
export type Closing<T> = {readonly value: T; readonly closing?: string};

/** Waits for what the database has to say, or gives up. */
export type Limit = <T>(work: Promise<T>) => Promise<T>;

/** The last statement of a transaction that is to leave nothing: `run` has to reject after it. */
export type Last = (text: string) => Promise<Rows>;

/** Runs a transaction whose first statement is this; `run` gets what it gave. Where `limit` gives up, it is rolled back, and its connection closed if that takes long, too. */
export type Framed<Tx> = <T>(
	opening: string | undefined,
	run: (tx: Tx, opened: Counted, last: Last) => Promise<Closing<T>>,
	limit?: Limit,
) => Promise<T>;

/** With a pool the first statement travels with BEGIN, and the last one with COMMIT or ROLLBACK. */
export function framedOf<Tx>(given: PgPool<Tx> | Database<Tx>): Framed<Tx> {
	if (isPool(given)) {
		const pool = given as PgPool;
		const framed: Framed<PgClient> = async (opening, run, limit) => inTransaction(pool, opening, run, limit);
		return framed as unknown as Framed<Tx>;
	}

	const database = given as Database<Tx>;
	return async (opening, run) =>
		database.begin(async tx => {
			const query = async (text: string): Promise<Rows> => ({rows: (await database.query(tx, text, [])).rows});
			const opened = opening === undefined ? {rows: []} : await query(opening);
			// Libraries do not look at what COMMIT answers, which is no error where a statement has failed.
			const {value, closing = 'SELECT 1'} = await run(tx, opened, query);
			if ((await query(closing)).rows.length === 0) throw rolledBack();
			return value;
		});
}

/** How long a rollback may take before its connection is closed instead, in milliseconds. */
const PATIENCE = 2_000;

type Result = Counted & {readonly command?: string};

const unlimited: Limit = async work => work;

async function inTransaction<T>(
	pool: PgPool,
	opening: string | undefined,
	run: (client: PgClient, opened: Counted, last: Last) => Promise<Closing<T>>,
	limit: Limit = unlimited,
): Promise<T> {
	const client = await pool.connect();
	// A connection that is lost says so here, too; where nobody listens that ends the process.
	const emitter = client as Partial<Record<'on' | 'removeListener', (event: 'error', listener: () => void) => unknown>>;
	emitter.on?.('error', ignore);
	let broken: Error | undefined;
	let over = false;
	/** Two statements in one message have no values, and one result each. */
	const both = (one: string, other: string) =>
		limit(client.query(`${one};\n${other}`)) as unknown as Promise<readonly [Result, Result]>;
	try {
		const opened = opening === undefined ? await limit(client.query('BEGIN')) : (await both('BEGIN', opening))[1];
		if (opening !== undefined && typeof opened.rowCount !== 'number')
			throw mistake('the results of the pool have no rowCount, as those of pg have');
		const {value, closing} = await run(client, opened, async text => {
			const [rows] = await both(text, 'ROLLBACK');
			over = true;
			return rows;
		});
		const [kept, end]: readonly [Result | undefined, Result] =
			closing === undefined ? [undefined, await limit(client.query('COMMIT'))] : await both(closing, 'COMMIT');
		// Postgres commits nothing where a statement has failed, and says so only in this way.
		if (end.command === 'ROLLBACK' || (kept && countOf(kept) === 0)) throw rolledBack();
		return value;
	} catch (error) {
		if (!over)
			await bounded(clock, client.query('ROLLBACK'), PATIENCE).catch((failure: unknown) => {
				broken = failure instanceof Error ? failure : new Error(String(failure));
			});
		throw error;
	} finally {
		emitter.removeListener?.('error', ignore);
		client.release(broken);
	}
}

const rolledBack = (): Error =>
	Object.assign(new Error('a statement had failed, or the transaction was ended from within'), {code: '25P02'});

const ignore = (): void => undefined;
