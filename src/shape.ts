/** What a value calls itself: by its tag, or by its class where that has none (React Native, happy-dom). */
export function nameOf(value: unknown): string {
	const tag = Object.prototype.toString.call(value).slice(8, -1);
	if (tag !== 'Object') return tag;
	const prototype = Object.getPrototypeOf(value) as {constructor?: {name?: string}} | null;
	return prototype?.constructor?.name ?? tag;
}

/** Whether it has these methods. */
export function can<M extends string>(value: unknown, ...methods: readonly M[]): value is Record<M, () => unknown> {
	return methods.every(method => typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function');
}
