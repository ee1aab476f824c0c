export function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that the text is; `undefined` where it is none. */
export function objectOf(text: string | undefined): JsonObject | undefined {
	const value = text === undefined ? undefined : jsonOf(text);
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
