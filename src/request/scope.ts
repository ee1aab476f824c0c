import {sha256} from '#platform';
import type {MaybePromise} from '../maybe-promise.ts';

const LARGEST_MEMO = 100;
const memo = new Map<string, string>();

/**
 * What stands for a scope in a store: a hash, so that no user's id is at rest; `''` where all callers are one (`null`).
 * A scope that was seen before is answered synchronously, in browsers too.
 */
export function scopeId(scope: string | null): MaybePromise<string> {
	if (scope === null) return '';
	if (typeof scope !== 'string' || scope === '')
		throw new TypeError('scope must be a non-empty string (whose operations these are) or null (all callers are one).');
	const known = memo.get(scope);
	if (known !== undefined) return known;
	const hashed = sha256(`latchkey scope\n${scope}`);
	return typeof hashed === 'string' ? remember(scope, hashed) : hashed.then(hex => remember(scope, hex));
}

function remember(scope: string, hex: string): string {
	const id = hex.slice(0, 32);
	const [oldest] = memo.keys();
	if (memo.size >= LARGEST_MEMO && oldest !== undefined) memo.delete(oldest);
	memo.set(scope, id);
	return id;
}
