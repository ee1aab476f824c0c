import {BodyNotReplayableError} from '../errors.ts';
import type {MaybePromise} from '../maybe-promise.ts';
import type {FormEntries} from './multipart.ts';
import {iterableChunks, readChunks, streamChunks} from './read-stream.ts';

/** The most that is read from a stream, so that it can be sent again: 10 MiB. */
export const STREAM_LIMIT: number = 10 * 1024 * 1024;

/** A body that nobody can change any more. `type` is the content type that fetch would set for it. */
export type FrozenBody =
	| {readonly kind: 'none'}
	| {readonly kind: 'text'; readonly text: string; readonly type?: string}
	| {readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer>; readonly type?: string}
	| {readonly kind: 'blob'; readonly blob: Blob; readonly type?: string}
	| {readonly kind: 'form'; readonly entries: FormEntries};

/**
 * Takes what is in the body now, before any await: its owner may go on to change it. A stream (or an async iterable)
 * is locked at once and read, up to `limit` bytes; one that cannot be read again is a `BodyNotReplayableError`.
 *
 * Bodies are told by their tag, because those of another realm or of a polyfill are no instances of ours.
 */
export function freezeBody(body: unknown, limit: number = STREAM_LIMIT): MaybePromise<FrozenBody> {
	if (body === null || body === undefined) return {kind: 'none'};
	if (typeof body === 'string') return textBody(body);
	if (ArrayBuffer.isView(body)) return {kind: 'bytes', bytes: copyOf(body.buffer, body.byteOffset, body.byteLength)};

	switch (Object.prototype.toString.call(body)) {
		case '[object URLSearchParams]':
			return {
				kind: 'text',
				text: (body as URLSearchParams).toString(),
				type: 'application/x-www-form-urlencoded;charset=UTF-8',
			};
		case '[object ArrayBuffer]':
		case '[object SharedArrayBuffer]':
			return {kind: 'bytes', bytes: copyOf(body as ArrayBufferLike)};
		case '[object Blob]':
		case '[object File]': {
			const blob = body as Blob;
			return blob.type === '' ? {kind: 'blob', blob} : {kind: 'blob', blob, type: blob.type};
		}
		case '[object FormData]':
			return {kind: 'form', entries: [...(body as FormData)]};
		case '[object ReadableStream]':
			return bytesBody(streamChunks(body as ReadableStream<unknown>), limit);
		default: {
			const chunks = typeof body === 'object' ? iterableChunks(body) : undefined;
			return chunks === undefined ? textBody(body) : bytesBody(chunks, limit);
		}
	}
}

/**
 * The same for the body of a `Request`, whose headers already say its content type. A multipart body is read as the
 * form that it is: its boundary is a new one after every reload, so it is encoded again by us.
 */
export function freezeRequest(request: Request, limit: number = STREAM_LIMIT): MaybePromise<FrozenBody> {
	if (request.bodyUsed || request.body?.locked)
		throw new BodyNotReplayableError({reason: 'The body of the Request has already been read.'});
	if (request.body === null) return {kind: 'none'};
	if (/^multipart\/form-data\b/i.test(request.headers.get('content-type') ?? '')) return formOf(request);
	return request.body === undefined ? wholeOf(request) : bytesBody(streamChunks(request.body), limit);
}

function textBody(body: unknown): FrozenBody {
	return {kind: 'text', text: String(body), type: 'text/plain;charset=UTF-8'};
}

async function bytesBody(chunks: AsyncIterable<unknown>, limit: number): Promise<FrozenBody> {
	return {kind: 'bytes', bytes: await readChunks(chunks, limit)};
}

/** Firefox has no `Request.body`, so that no body and an empty one are the same. */
async function wholeOf(request: Request): Promise<FrozenBody> {
	const bytes = new Uint8Array(await request.arrayBuffer());
	return bytes.byteLength === 0 ? {kind: 'none'} : {kind: 'bytes', bytes};
}

async function formOf(request: Request): Promise<FrozenBody> {
	try {
		const form = await request.formData();
		return {kind: 'form', entries: Array.from(form, ([name, value]) => [name, timeless(value)] as const)};
	} catch (cause) {
		throw new BodyNotReplayableError({reason: 'The multipart body of the Request cannot be read as a form.', cause});
	}
}

/** A file that was parsed is as old as the parsing, which would make every reading of the same Request another one. */
function timeless(value: string | File): string | File {
	return typeof value === 'string' ? value : new File([value], value.name, {type: value.type, lastModified: 0});
}

/** Only the window of a view, and out of shared memory. */
function copyOf(buffer: ArrayBufferLike, offset = 0, length = buffer.byteLength): Uint8Array<ArrayBuffer> {
	return new Uint8Array(buffer, offset, length).slice();
}
