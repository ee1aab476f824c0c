/**
 * Whether a handler throws what our client threw at it: it does not know what became of its call, nor hence of itself.
 * `'final'`: the same call again would not find out.
 */
export function unknownCall(error: unknown): 'final' | 'open' | undefined {
	const {code, reason} = Object(error) as {readonly code?: unknown; readonly reason?: unknown};
	if (code !== 'OUTCOME_UNKNOWN' && code !== 'PENDING') return undefined;
	return reason === undefined ? 'open' : 'final';
}
