/** Any value, as a message shows it. */
export function shown(value: unknown): string {
	if (typeof value === 'string') return JSON.stringify(value);
	if (typeof value === 'function') return 'a function';
	return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
