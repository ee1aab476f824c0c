import type {Environment} from '../environment.ts';
import type {FetchOptions, Settings} from '../options.ts';
import {shown} from '../shown.ts';

/**
 * Whose operation this is, read when it begins. Throws a TypeError where one process serves many users and nobody
 * said which of them this is: the next user must never inherit a key or an answer.
 */
export function currentScope(scope: FetchOptions['scope'], environment: Environment): string | null {
	const now = typeof scope === 'function' ? scope() : scope;
	if (now === null || (now === undefined && !environment.shared)) return null;
	if (typeof now === 'string' && now !== '') return now;
	throw new TypeError(
		`latchkey: a named operation needs a scope (createFetch({scope: () => user.id}), or null if all callers are one), not ${shown(now)}`,
	);
}

/** Whether an operation is still of whoever is there now. A scope that cannot be told any more is another one. */
export function isSameScope(of: {
	readonly scope: string | null;
	readonly settings: Pick<Settings, 'scope'>;
	readonly environment: Environment;
}): boolean {
	const {scope, settings, environment} = of;
	try {
		return typeof settings.scope !== 'function' || currentScope(settings.scope, environment) === scope;
	} catch {
		return false;
	}
}
