import {BodyNotReplayableError} from '../errors.ts';
import type {MaybePromise} from '../maybe-promise.ts';
import type {FormEntries} from './multipart.ts';

/** The most that is read from a stream, so that it can be sent again: 10 MiB. */
export const STREAM_LIMIT: number = 10 * 1024 * 1024;

/** A body that nobody can change any more. `type` is the content type that fetch would set for it. */
export type FrozenBody =
	| {readonly kind: 'none'}
	| {readonly kind: 'text'; readonly text: string; readonly type?: string}
	| {readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer>; readonly type?: string}
	| BlobBody
	| FormBody;

export type BlobBody = {readonly kind: 'blob'; readonly blob: Blob; readonly type?: string};
export type FormBody = {readonly kind: 'form'; readonly entries: FormEntries};

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
			return streamBody(readerOf(body as ReadableStream<unknown>), limit);
		default:
			return isIterable(body) ? streamBody(body, limit) : textBody(body);
	}
}

/**
 * The same for the body of a `Request`, whose headers already say its content type; it is read whole. A multipart body
 * is read as the form that it is: its boundary is a new one after every reload, so it is encoded again by us.
 */
export function freezeRequest(request: Request): MaybePromise<FrozenBody> {
	if (request.bodyUsed || request.body?.locked) throw alreadyRead();
	if (request.body === null) return {kind: 'none'};
	return /^multipart\/form-data\b/i.test(request.headers.get('content-type') ?? '')
		? formOf(request)
		: bytesOf(request);
}

function textBody(body: unknown): FrozenBody {
	return {kind: 'text', text: String(body), type: 'text/plain;charset=UTF-8'};
}

/** Reading a stream is loaded when there is one. */
async function streamBody(
	source: ReadableStreamDefaultReader<unknown> | AsyncIterable<unknown>,
	limit: number,
): Promise<FrozenBody> {
	const {readAll} = await import('./read-stream.ts');
	return {kind: 'bytes', bytes: await readAll(source, limit)};
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

/** What else Node's fetch takes for a stream. */
function isIterable(body: unknown): body is AsyncIterable<unknown> {
	if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) return false;
	// Node's own streams simply give nothing when they are read again.
	if ('readableDidRead' in body && body.readableDidRead === true) throw alreadyRead();
	return true;
}

function alreadyRead(cause?: unknown): BodyNotReplayableError {
	return new BodyNotReplayableError({reason: 'The body has already been read or is locked.', cause});
}

/** Firefox has no `Request.body`, so that no body and an empty one are the same. */
async function bytesOf(request: Request): Promise<FrozenBody> {
	const bytes = new Uint8Array(await request.arrayBuffer());
	return bytes.byteLength === 0 ? {kind: 'none'} : {kind: 'bytes', bytes};
}

async function formOf(request: Request): Promise<FrozenBody> {
	const form = await request.formData();
	return {kind: 'form', entries: Array.from(form, ([name, value]) => [name, timeless(value)] as const)};
}

/** A file that was parsed is as old as the parsing, which would make every reading of the same Request another one. */
function timeless(value: string | File): string | File {
	return typeof value === 'string' ? value : new File([value], value.name, {type: value.type, lastModified: 0});
}

/** Only the window of a view, and out of shared memory. */
function copyOf(buffer: ArrayBufferLike, offset = 0, length = buffer.byteLength): Uint8Array<ArrayBuffer> {
	return new Uint8Array(buffer, offset, length).slice();
}
