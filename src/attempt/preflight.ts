import type {Environment} from '../environment.ts';

/**
 * Whether a failure looks like a refused preflight: another origin, and an error without a word. Browsers tell it
 * from no other network failure.
 */
export function suspectsPreflight({baseUrl}: Environment, url: string, error: unknown): boolean {
	const base = baseUrl();
	return (
		base !== undefined &&
		error instanceof TypeError &&
		URL.canParse(base) &&
		new URL(base).origin !== new URL(url).origin
	);
}
