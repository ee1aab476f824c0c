/** What comes piece by piece, of whatever runtime. */
export type Source = {
	readonly read: () => Promise<{readonly done?: boolean | undefined; readonly value?: unknown}>;
	readonly cancel: (reason?: unknown) => Promise<unknown>;
};

/** Locks a stream at once. `undefined`: it is none. */
export function sourceOf(body: object): Source | undefined {
	if ('getReader' in body && typeof body.getReader === 'function') {
		const reader = (body as ReadableStream<unknown>).getReader();
		return {read: async () => reader.read(), cancel: async reason => reader.cancel(reason)};
	}

	// Node's own streams, such as node-fetch gives; Safari's are no async iterables.
	const iterate = (body as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator];
	if (typeof iterate !== 'function') return undefined;
	const iterator = iterate.call(body);
	return {read: async () => iterator.next(), cancel: async () => iterator.return?.()};
}
