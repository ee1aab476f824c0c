/** Any value, as a message shows it. */
export function shown(value: unknown): string {
	if (typeof value === 'string') return JSON.stringify(value);
	if (typeof value === 'function') return 'a function';
	return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** A URL as it may be kept or shown: its query and fragment may be private. */
export function withoutQuery(url: string): string {
	return url.split(/[?#]/, 1)[0] ?? '';
}
