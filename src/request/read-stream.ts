import {bytesOf, concat} from '../concat.ts';
import {BodyNotReplayableError} from '../errors.ts';

/** The most that is read from a stream, so that it can be sent again: 10 MiB. */
export const STREAM_LIMIT: number = 10_485_760;

/** All bytes of a stream. Past `limit` bytes, and for chunks that fetch would not send, a `BodyNotReplayableError`. */
export async function readAll(
	source: ReadableStreamDefaultReader<unknown> | AsyncIterable<unknown>,
	limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
	const chunks = 'releaseLock' in source ? chunksOf(source) : source;
	const parts: Uint8Array[] = [];
	let size = 0;
	// Leaving the loop by a throw also cancels the source.
	for await (const chunk of chunks) {
		// A copy: a source may use its buffer again for the next chunk.
		const part = bytesOf(chunk)?.slice();
		if (part === undefined) throw unusable('something other than bytes or text');
		size += part.byteLength;
		if (size > limit) throw unusable(`more than ${limit} bytes, too much to keep for a retry`);
		parts.push(part);
	}

	return concat(parts);
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

function unusable(what: string): BodyNotReplayableError {
	return new BodyNotReplayableError({reason: `is a stream of ${what}`});
}
