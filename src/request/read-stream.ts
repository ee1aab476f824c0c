import {bytesOf, concat, type Source} from '../bytes.ts';
import {BodyNotReplayableError} from '../errors.ts';

/** The most that is read from a stream, so that it can be sent again: 10 MiB. */
export const STREAM_LIMIT: number = 10_485_760;

/** All bytes of a stream. Past `limit` bytes, and for chunks that fetch would not send, a `BodyNotReplayableError`. */
export async function readAll(source: Source, limit: number): Promise<Uint8Array<ArrayBuffer>> {
	const parts: Uint8Array[] = [];
	try {
		for (let size = 0; ;) {
			const {done, value} = await source.read();
			if (done) return concat(parts);
			// A copy: a source may use its buffer again for the next chunk.
			const part = bytesOf(value)?.slice();
			if (part === undefined) throw unusable('something other than bytes or text');
			size += part.byteLength;
			if (size > limit) throw unusable(`more than ${limit} bytes, too much to keep for a retry`);
			parts.push(part);
		}
	} catch (error) {
		source.cancel().catch(() => undefined);
		throw error;
	}
}

function unusable(what: string): BodyNotReplayableError {
	return new BodyNotReplayableError({reason: `is a stream of ${what}`});
}
