import {sha256} from '#platform';
import type {Environment} from '../environment.ts';
import {mistake} from '../mistake.ts';
import type {FetchOptions} from '../options.ts';
import {after, hushed, type MaybePromise} from '../utils.ts';

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

/**
 * Whose operation this is, read when it begins. Throws a TypeError where one process serves many users and nobody
 * said which of them this is: the next user must never inherit a key or an answer.
 */
export function currentScope(scope: FetchOptions['scope'], environment: Environment): string | null {
	const now: unknown = typeof scope === 'function' ? hushed(scope()) : scope;
	if (now === null || (now === undefined && !environment.shared)) return null;
	if (typeof now === 'string' && now !== '') return now;
	throw mistake(
		`a named operation needs a scope (createFetch({scope: () => user.id}), or null if all callers are one), not ${now === '' ? 'an empty one' : typeof now}`,
	);
}

/**
 * Tells whether an operation is still of whoever is there now. A scope that cannot be told any more is another one. Without
 * a name of its own it is of whoever is there when this is made.
 */
export function sameScopeAs(
	scope: FetchOptions['scope'],
	environment: Environment,
	named?: string | null,
): () => boolean {
	if (typeof scope !== 'function') return () => true;
	const read = () => {
		try {
			return named === undefined ? hushed(scope()) : currentScope(scope, environment);
		} catch (error) {
			return {error};
		}
	};
	const then = named === undefined ? read() : named;
	return () => read() === then;
}
