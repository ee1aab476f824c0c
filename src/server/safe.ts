/** RFC 9110 §9.2.1. */
const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/** Whether nothing of such a request takes effect. */
export function isSafe(method: string): boolean {
	return safe.has(method.toUpperCase());
}
