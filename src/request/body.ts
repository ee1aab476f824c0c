import {BodyNotReplayableError} from '../errors.ts';
import type {MaybePromise} from '../maybe-promise.ts';
import type {FormEntries} from './multipart.ts';

/** The most that is read from a stream, so that it can be sent again: 10 MiB. */
export const STREAM_LIMIT: number = 10_485_760;

/** A body that nobody can change any more. `type` is the content type that fetch would set for it. */
export type FrozenBody = PlainBody | FormBody;

export type PlainBody = {readonly content: string | Uint8Array<ArrayBuffer> | Blob | null; readonly type?: string};
export type FormBody = {readonly content: FormEntries; readonly type?: undefined};

export function isForm(body: FrozenBody): body is FormBody {
	return Array.isArray(body.content);
}

/**
 * Takes what is in the body now, before any await: its owner may go on to change it. A stream (or an async iterable)
 * is locked at once and read, up to `limit` bytes; one that cannot be read again is a `BodyNotReplayableError`.
 *
 * Bodies are told by their tag, because those of another realm or of a polyfill are no instances of ours.
 */
export function freezeBody(body: unknown, limit: number = STREAM_LIMIT): MaybePromise<FrozenBody> {
	if (body === null || body === undefined) return {content: null};
	// Only the window of a view, and out of shared memory.
	if (ArrayBuffer.isView(body)) return {content: new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice()};

	switch (Object.prototype.toString.call(body).slice(8, -1)) {
		case 'URLSearchParams':
			return textBody(body, 'application/x-www-form-urlencoded;charset=UTF-8');
		case 'ArrayBuffer':
		case 'SharedArrayBuffer':
			return {content: new Uint8Array(body as ArrayBuffer).slice()};
		case 'Blob':
		case 'File':
			return {content: body as Blob, type: (body as Blob).type};
		case 'FormData':
			return {content: [...(body as FormData)]};
		case 'ReadableStream':
			return streamBody(readerOf(body as ReadableStream<Uint8Array<ArrayBuffer>>), limit);
		default:
			if (typeof body !== 'object' || !(Symbol.asyncIterator in body))
				return textBody(body, 'text/plain;charset=UTF-8');
			// Node's own streams simply give nothing when they are read again.
			if ('readableDidRead' in body && body.readableDidRead) throw alreadyRead();
			return streamBody(body as AsyncIterable<unknown>, limit);
	}
}

/**
 * The same for the body of a `Request`, whose headers already say its content type; it is read whole. A multipart body
 * is read as the form that it is: its boundary is a new one after every reload, so it is encoded again by us.
 */
export function freezeRequest(request: Request): MaybePromise<FrozenBody> {
	if (request.bodyUsed || request.body?.locked) throw alreadyRead();
	return request.body === null ? {content: null} : contentOf(request);
}

async function contentOf(request: Request): Promise<FrozenBody> {
	if (/^multipart\/form-data\b/i.test(request.headers.get('content-type') ?? '')) {
		const [form, {timeless}] = await Promise.all([request.formData(), import('./multipart.ts')]);
		return {content: timeless(form)};
	}

	const content = new Uint8Array(await request.arrayBuffer());
	// Firefox has no `Request.body`, so that no body and an empty one are the same.
	return content.byteLength === 0 ? {content: null} : {content};
}

function textBody(body: unknown, type: string): FrozenBody {
	return {content: String(body), type};
}

/** Reading a stream is loaded when there is one. */
async function streamBody(
	source: ReadableStreamDefaultReader<unknown> | AsyncIterable<unknown>,
	limit: number,
): Promise<FrozenBody> {
	const {readAll} = await import('./read-stream.ts');
	return {content: await readAll(source, limit, reason => new BodyNotReplayableError({reason}))};
}

function readerOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStreamDefaultReader<unknown> {
	try {
		// Only this tells a stream that was read in part from a fresh one.
		void new Response(stream);
		return stream.getReader();
	} catch (cause) {
		throw alreadyRead(cause);
	}
}

function alreadyRead(cause?: unknown): BodyNotReplayableError {
	return new BodyNotReplayableError({reason: 'has already been read or is locked', cause});
}
