/** What is wrong and what to do, by SQLite's primary result code: https://sqlite.org/rescode.html */
const problems: Readonly<Record<number, string>> = {
	3: 'may not be used by this user: check who owns it and its folder',
	8: 'cannot be written to: check who owns it and its folder, and how its disk is mounted',
	10: 'could not be read or written: check its disk, and the limits of this process',
	11: 'is damaged: restore it; to begin with a new one is to forget which keys were sent',
	13: 'has no room left on its disk: make some',
	14: 'cannot be opened: check that its folder exists, that it is no folder itself, and that this user may write there',
	26: 'is no SQLite database: name another file',
};

export function isOfSqlite(error: unknown): boolean {
	return codeOf(error) !== undefined;
}

/** Somebody else holds the lock, or had it when this began. */
export function isLocked(error: unknown): boolean {
	const code = codeOf(error);
	return code === 5 || code === 6;
}

/** An error that tells what is wrong with the file, in words that go on from it. */
export function fileError(file: string, what: string, cause?: unknown): Error {
	return new Error(`the SQLite file ${file} ${what}`, cause === undefined ? undefined : {cause});
}

/** SQLite's own error in the words of somebody who has to put it right; any other as it is. `waited`: milliseconds. */
export function inOurWords(file: string, error: unknown, waited = 0): unknown {
	const code = codeOf(error);
	if (code === undefined) return error;
	const problem = isLocked(error)
		? `has been locked by another program for ${Math.round(waited / 1_000)} s: look for one that keeps a transaction open`
		: (problems[code] ?? 'cannot be used');
	return fileError(file, `${problem} (${(error as Error).message})`, error);
}

function codeOf(error: unknown): number | undefined {
	const {errcode} = Object(error) as {errcode?: number};
	// The higher bits only say more: https://sqlite.org/rescode.html#extrc
	return errcode === undefined ? undefined : errcode & 0xff;
}
