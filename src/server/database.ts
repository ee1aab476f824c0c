/** What a statement gives: pg's result is one. */
export type Rows = {readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>};

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
	query(text: string, values?: unknown[]): Promise<Rows>;
	/** Gives it back; with an error it is closed. */
	release(error?: Error | boolean): void;
};

/** A `Pool` of pg, or what does as it does. */
export type PgPool<Client extends PgClient = PgClient> = {connect(): Promise<Client>};
