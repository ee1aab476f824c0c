export function isKey(text: string): boolean {
	return /^[!-~]{1,255}$/.test(text);
}

/**
 * The key in an `Idempotency-Key` header, without its quotes: the draft wants a structured-field string, most clients send it
 * bare. `null` when there is none, `undefined` when the header holds something else (for instance two keys).
 */
export function keyIn(value: string | null | undefined): string | null | undefined {
	if (value === null || value === undefined) return null;
	const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1];
	const key = quoted?.replace(/\\(.)/g, '$1') ?? value;
	return isKey(key) ? key : undefined;
}

/** The key of a request, in the same words. */
export function keyOf(headers: Headers): string | null | undefined {
	return keyIn(headers.get('idempotency-key'));
}
