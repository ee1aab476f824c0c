/**
 * Makes the idempotency key of an operation that begins. It must give another key whenever `previousKey` (the last
 * key under this name, if there was one) is another: servers answer a key that they know with what they did then.
 */
export type KeyFrom = (input: {
	/** A hash of whose operation it is; `''` where all callers are one. */
	readonly scope: string;
	readonly operation: readonly string[];
	readonly fingerprint: string;
	readonly previousKey: string | undefined;
}) => string;

export function isKey(key: unknown): key is string {
	return typeof key === 'string' && /^[!-~]{1,255}$/.test(key);
}

/** The key, or a `TypeError`: 1 to 255 characters of visible ASCII, the most that a header carries everywhere. */
export function validateKey(key: unknown): string {
	if (isKey(key)) return key;
	throw new TypeError('latchkey: an idempotency key has 1 to 255 visible ASCII characters');
}
