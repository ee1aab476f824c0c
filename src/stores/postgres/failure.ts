type Failure = {readonly code?: unknown; readonly message?: unknown; readonly errors?: readonly unknown[]};

/** SQLSTATE `serialization_failure` and `deadlock_detected`: the statement was undone because of another one. */
const undone: ReadonlySet<unknown> = new Set(['40001', '40P01']);

export function isUndone(error: unknown): boolean {
	return undone.has((error as Failure | null | undefined)?.code);
}

/** A failure of Postgres or of the way to it, in words that say what to do. */
export function explained(error: unknown, table: string): Error {
	const {code} = Object(error) as Failure;
	const hint = hintFor(String(code), table);
	return new Error(`Postgres: ${hint === undefined ? reasonOf(error) : `${reasonOf(error)} (${hint})`}`, {
		cause: error,
	});
}

function hintFor(code: string, table: string): string | undefined {
	switch (code) {
		case '42P01':
			return `make the table with "await store.setup()", or with the SQL in docs/stores.md`;
		case '3F000':
			return 'make the schema first, or name another in the option "table"';
		case '42501':
			return `grant SELECT, INSERT, UPDATE and DELETE on ${table}; for setup() CREATE on its schema, too`;
		case '42703':
		case '42804':
		case '42P10':
		case '23502':
			return `${table} has not the columns of this release: it is of another release or of something else`;
		case '28000':
		case '28P01':
			return 'check user and password of the pool';
		case 'ECONNREFUSED':
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return 'check host and port of the pool, and whether the server runs';
		default:
			return undefined;
	}
}

/** Where a host has several addresses, what is wrong with them is in the errors within. */
function reasonOf(error: unknown): string {
	const {message, errors = []} = Object(error) as Failure;
	if (typeof message === 'string' && message !== '') return message;
	return errors.map(reasonOf).join('; ') || String(error);
}
