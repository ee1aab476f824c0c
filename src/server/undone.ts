/** SQLSTATE `serialization_failure` and `deadlock_detected`, and what Prisma makes of them. */
const undone: ReadonlySet<unknown> = new Set(['40001', '40P01', 'P2034']);

/** Where ORMs put the error of their driver. */
const wrappers = ['cause', 'original', 'originalError', 'parent', 'driverError', 'meta', 'driverAdapterError'] as const;

type Wrapped = Readonly<Partial<Record<(typeof wrappers)[number] | 'code' | 'originalCode' | 'sqlState', unknown>>>;

/** The codes of an error and of what it wraps, from the outermost on. */
export function codesOf(error: unknown, depth = 0): unknown[] {
	if (typeof error !== 'object' || error === null || depth > 6) return [];
	const {code, originalCode, sqlState} = error as Wrapped;
	const own = [code, originalCode, sqlState].filter(it => typeof it === 'string');
	return [...own, ...wrappers.flatMap(name => codesOf((error as Wrapped)[name], depth + 1))];
}

/** The transaction was undone because of another one, and may be run again. An error of an ORM is looked into. */
export function isTransactionUndone(error: unknown): boolean {
	return codesOf(error).some(code => undone.has(code));
}

/** Classes of SQLSTATE with which a COMMIT is refused: nothing was committed. All else may have been lost on its way. */
const refused = /^(P2034|2[1-8D]...|40(?!003)...|4[24]...|P0...|5[35]...)$/;

/** Whether Postgres itself has said that it did not commit. */
export function isCommitRefused(error: unknown): boolean {
	return codesOf(error).some(code => refused.test(String(code)));
}
