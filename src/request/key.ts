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

/** The key, or a `TypeError`: 1 to 255 characters of visible ASCII, the most that a header carries everywhere. */
export function validateKey(key: unknown): string {
	if (typeof key !== 'string')
		throw new TypeError(`An idempotency key is a string, not ${key === null ? 'null' : typeof key}.`);
	if (key.length < 1 || key.length > 255)
		throw new TypeError(`An idempotency key has 1 to 255 characters; this one has ${key.length}.`);
	if (!/^[!-~]+$/.test(key))
		throw new TypeError('An idempotency key consists of visible ASCII characters: no spaces, line breaks or accents.');
	return key;
}
