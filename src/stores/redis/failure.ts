import {shown} from '../../shown.ts';

/** What to do about the failures that only somebody at the keyboard can end. */
const advice: ReadonlyArray<readonly [said: RegExp, todo: string]> = [
	[/\b(NOAUTH|WRONGPASS)\b/, 'give the client the right username and password'],
	[
		/\bNOPERM\b/,
		'let the user run EVAL, EVALSHA, ZRANGEBYSCORE, SMEMBERS and what the scripts do, on keys under the prefix',
	],
	[/\bWRONGTYPE\b/, 'something else is kept under a key of this store: give the store another prefix'],
	[/\bREADONLY\b/, 'the client is connected to a replica: connect it to the primary'],
	[/\bOOM\b/, 'the server is full: give it more memory'],
	[/client is closed/i, 'call connect() on the client first'],
	[/unknown command/i, 'the store needs Redis 6 or later, with scripts'],
];

/** The client's own error, told as Redis's, with what to do. */
export function redisFailure(error: unknown): Error {
	const {message, name} = error instanceof Error ? error : {message: shown(error), name: ''};
	// Failed connections come without words, one error for each address.
	const said = (message || (error as {code?: unknown}).code?.toString() || name).replace(/\.+$/, '');
	const todo = advice.find(([pattern]) => pattern.test(said))?.[1];
	return new Error(todo === undefined ? `Redis: ${said}` : `Redis: ${said}: ${todo}`, {cause: error});
}

/** What stands under the keys of one record is no record, or something else altogether. */
export function isOfRecord(error: unknown): boolean {
	return error instanceof TypeError || String(error).includes('WRONGTYPE');
}

export function isUnknownScript(error: unknown): boolean {
	return error instanceof Error && error.message.includes('NOSCRIPT');
}
