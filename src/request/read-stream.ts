/**
 * All bytes of a stream. Past `limit` bytes, and for chunks that fetch would not send, the error of that reason. It is
 * made by who asks, so that this imports nothing and stays a chunk of its own.
 */
export async function readAll(
	source: ReadableStreamDefaultReader<unknown> | AsyncIterable<unknown>,
	limit: number,
	errorOf: (reason: string) => Error,
): Promise<Uint8Array<ArrayBuffer>> {
	const chunks = 'releaseLock' in source ? chunksOf(source) : source;
	const parts: Array<Uint8Array<ArrayBuffer>> = [];
	let size = 0;
	// Leaving the loop by a throw also cancels the source.
	for await (const chunk of chunks) {
		const part = bytesOf(chunk);
		if (part === undefined) throw errorOf('is a stream of something other than bytes or text');
		size += part.byteLength;
		if (size > limit) throw errorOf(`is a stream of more than ${limit} bytes, too much to keep for a retry`);
		parts.push(part);
	}

	return new Uint8Array(await new Blob(parts).arrayBuffer());
}

// Safari's streams are no async iterables.
async function* chunksOf(reader: ReadableStreamDefaultReader<unknown>): AsyncGenerator {
	try {
		for (;;) {
			const {done, value} = await reader.read();
			if (done) return;
			yield value;
		}
	} finally {
		reader.cancel().catch(() => {});
	}
}

/** A copy: a source may use its buffer again for the next chunk. */
function bytesOf(chunk: unknown): Uint8Array<ArrayBuffer> | undefined {
	if (typeof chunk === 'string') return new TextEncoder().encode(chunk);
	if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
	return undefined;
}
