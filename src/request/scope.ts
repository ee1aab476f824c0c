import {sha256} from '#platform';
import {after, type MaybePromise} from '../maybe-promise.ts';

/** The last one: a page has one user, and on a server it is as fast to hash again. */
let known: {readonly scope: string; readonly id: string} | undefined;

/**
 * What stands for a scope in a store: a hash, so that no user's id is at rest; `''` where all callers are one (`null`).
 * The scope that was asked for last is answered synchronously, in browsers too.
 */
export function scopeId(scope: string | null): MaybePromise<string> {
	if (scope === null) return '';
	if (scope === known?.scope) return known.id;
	return after(sha256(`latchkey scope\n${scope}`), hash => {
		const id = hash.slice(0, 32);
		known = {scope, id};
		return id;
	});
}
