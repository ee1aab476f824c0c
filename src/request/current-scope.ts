import type {Environment} from '../environment.ts';
import type {FetchOptions} from '../options.ts';

/**
 * Whose operation this is, read when it begins. Throws a TypeError where one process serves many users and nobody
 * said which of them this is: the next user must never inherit a key or an answer.
 */
export function currentScope(scope: FetchOptions['scope'], environment: Environment): string | null {
	const now = typeof scope === 'function' ? scope() : scope;
	if (now === undefined && environment.shared)
		throw new TypeError(
			'latchkey: a named operation needs a scope where one process serves many users: createFetch({scope: () => user.id}), or scope: null if all callers are one. Nothing was sent.',
		);
	if (now === undefined || now === null) return null;
	if (typeof now !== 'string' || now === '')
		throw new TypeError(
			`latchkey: scope is ${now === '' ? 'an empty string' : typeof now}; it takes a user's id, or null`,
		);
	return now;
}
