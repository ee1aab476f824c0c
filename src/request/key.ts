import type {Dialect} from '../dialects/dialect.ts';
import {mistake} from '../mistake.ts';
import {shown} from '../shown.ts';
import {hushed} from '../utils.ts';
import {displayName} from './identity.ts';

/**
 * Makes the idempotency key of an operation that begins. It must give another key whenever `previousKey` (the last
 * key under this name, if there was one) is another: servers answer a key that they know with what they did then.
 *
 * @throws {TypeError} from the call, where it gives no key: 1 to 255 visible ASCII characters.
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
	throw mistake('an idempotency key has 1 to 255 visible ASCII characters');
}

/** The key, if the dialect's server takes such. */
export function checkedKey<Key>({checkKey}: Pick<Dialect, 'checkKey'>, key: Key): Key {
	if (typeof key === 'string') checkKey?.(key);
	return key;
}

/** In the year 5138: a greater number is in other units than milliseconds. */
const LATEST = 1e14;

/** A key, or a key and the time when it was made; otherwise a `TypeError`, or a `RangeError` for a time that is none. */
export function validateOwnKey(given: unknown): {readonly key: string; readonly since: number | undefined} {
	if (typeof given !== 'object' || given === null) return {key: validateKey(given), since: undefined};
	const {key, since} = given as {readonly key?: unknown; readonly since?: unknown};
	if (typeof since === 'number' && since > 0 && since < LATEST) return {key: validateKey(key), since};
	const Problem = typeof since === 'number' ? RangeError : TypeError;
	throw mistake(
		`idempotencyKey.since takes milliseconds since the epoch, such as order.createdAt.getTime(), not ${shown(since)}`,
		Problem,
	);
}

/** A key as its header bears it. Throws a TypeError for what no header can bear. */
export function keyHeaderOf({header, formatKey}: Pick<Dialect, 'header' | 'formatKey'>, key: string): string {
	if (!formatKey) return key;
	const given: unknown = hushed(formatKey(key));
	const value = typeof given === 'string' && new Headers([[header, given]]).get(header);
	if (!value) throw mistake('formatKey of the dialect gives no header');
	return value;
}

/** For a call with an idempotency key of its own, where another one is live. */
export function otherKey(operation: readonly string[] = []): Error {
	return mistake(
		`operation ${displayName(operation)} is live under another key than the idempotencyKey of this call. Nothing was sent.`,
	);
}
