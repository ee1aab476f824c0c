/**
 * The key of a request, without its quotes: the draft wants a structured-field string, most clients send it bare.
 * `null` when there is none, `undefined` when the header holds something else (for instance two keys).
 */
export function keyOf(headers: Headers): string | null | undefined {
	const value = headers.get('idempotency-key');
	return value === null ? null : keyIn(value);
}

/** The key in such a header. */
export function keyIn(value: string): string | undefined {
	if (/^[!#-~]{1,255}$/.test(value)) return value;
	const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1]?.replace(/\\(.)/g, '$1');
	const key = quoted ?? value;
	return /^[!-~]{1,255}$/.test(key) ? key : undefined;
}
