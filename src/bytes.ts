import {can} from './utils.ts';

/** Bytes after bytes, in one new array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
	let at = 0;
	for (const part of parts) {
		bytes.set(part, at);
		at += part.byteLength;
	}

	return bytes;
}

/** The bytes of a chunk, not copied; `undefined` where it is neither bytes nor text. */
export function bytesOf(chunk: unknown): Uint8Array<ArrayBuffer> | undefined {
	if (typeof chunk === 'string') return new TextEncoder().encode(chunk);
	if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength);
	// Of any realm, shared or not.
	if (!/ (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(chunk))) return undefined;
	return new Uint8Array(chunk as ArrayBuffer);
}

/** What comes piece by piece, of whatever runtime. */
export type Source = {
	readonly read: () => Promise<{readonly done?: boolean | undefined; readonly value?: unknown}>;
	readonly cancel: (reason?: unknown) => Promise<unknown>;
};

/** Locks a stream at once. `undefined`: it is none. */
export function sourceOf(body: object): Source | undefined {
	if (can(body, 'getReader')) return (body as unknown as ReadableStream<unknown>).getReader();
	// Node's own streams, such as node-fetch gives; Safari's are no async iterables.
	const iterator = (body as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator]?.();
	return iterator && {read: () => iterator.next(), cancel: async () => iterator.return?.()};
}
