import {BodyNotReplayableError} from '../errors.ts';

/** All bytes of a stream. Past `limit` bytes, and for chunks that fetch would not send, a `BodyNotReplayableError`. */
export async function readChunks(chunks: AsyncIterable<unknown>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
	const parts: Array<Uint8Array<ArrayBuffer>> = [];
	let size = 0;
	// Leaving the loop by a throw also cancels the source.
	for await (const chunk of chunks) {
		const part = bytesOf(chunk);
		size += part.byteLength;
		if (size > limit)
			throw new BodyNotReplayableError({
				reason: `The body is a stream of more than ${limit} bytes, which is too much to keep for a retry.`,
			});
		parts.push(part);
	}

	const bytes = new Uint8Array(size);
	let offset = 0;
	for (const part of parts) {
		bytes.set(part, offset);
		offset += part.byteLength;
	}

	return bytes;
}

/** The chunks of a stream that nobody has begun to read; it is locked before this returns. */
export function streamChunks(stream: ReadableStream<unknown>): AsyncIterable<unknown> {
	return chunksOf(readerOf(stream));
}

/** The chunks of anything else that Node's fetch takes for a stream; `undefined` if it is none. */
export function iterableChunks(value: object): AsyncIterable<unknown> | undefined {
	if (!(Symbol.asyncIterator in value)) return undefined;
	// Node's own streams simply give nothing when they are read again.
	if ('readableDidRead' in value && value.readableDidRead === true) throw alreadyRead();
	return value as AsyncIterable<unknown>;
}

function readerOf(stream: ReadableStream<unknown>): ReadableStreamDefaultReader<unknown> {
	try {
		// Only this tells a stream that was read in part from a fresh one.
		void new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>);
		return stream.getReader();
	} catch (cause) {
		throw alreadyRead(cause);
	}
}

function alreadyRead(cause?: unknown): BodyNotReplayableError {
	return new BodyNotReplayableError({reason: 'The body is a stream that has already been read or is locked.', cause});
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
function bytesOf(chunk: unknown): Uint8Array<ArrayBuffer> {
	if (typeof chunk === 'string') return new TextEncoder().encode(chunk);
	if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
	throw new BodyNotReplayableError({reason: 'The body is a stream of something other than bytes or text.'});
}
