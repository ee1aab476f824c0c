export function isKey(text: string): boolean {
	return /^[!-~]{1,255}$/.test(text);
}

/**
 * The key in an `Idempotency-Key` header, without its quotes: the draft wants a structured-field string, most clients send it
 * bare. `undefined` when it holds something else (for instance two keys).
 */
export function keyIn(value: string): string | undefined {
	if (!value.startsWith('"') && isKey(value)) return value;
	const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1]?.replace(/\\(.)/g, '$1');
	const key = quoted ?? value;
	return isKey(key) ? key : undefined;
}

/** The key of a request. `null` when there is none, `undefined` when the header holds something else. */
export function keyOf(headers: Headers): string | null | undefined {
	const value = headers.get('idempotency-key');
	return value === null ? null : keyIn(value);
}
