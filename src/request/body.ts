import {bytesOf, sourceOf, type Source} from '../bytes.ts';
import {BodyNotReplayableError} from '../errors.ts';
import {mistake} from '../mistake.ts';
import {after, can, nameOf, type MaybePromise} from '../utils.ts';
import {freezeBlob, isBlob, type FrozenBlob} from './blob.ts';
import {freezeForm, timeless, type FormEntries} from './form.ts';
import {readAll, STREAM_LIMIT} from './read-stream.ts';
import {reading} from './reading.ts';

/** A body that nobody can change any more. `type` is the content type that fetch would set for it. */
export type FrozenBody = PlainBody | FormBody;

export type PlainBody = {readonly content: string | FrozenBlob | null; readonly type?: string};
export type FormBody = {readonly content: FormEntries; readonly type?: undefined};

export function isForm(body: FrozenBody): body is FormBody {
	return Array.isArray(body.content);
}

/**
 * Takes what is in the body now, before any await: its owner may go on to change it. A stream (or an async iterable)
 * is locked at once and read, up to `limit` bytes; what cannot be read, or not again, is a `BodyNotReplayableError`.
 *
 * Bodies are told by their names and by what they can do, because those of another realm or of a polyfill are no
 * instances of ours. What nobody knows is a `TypeError`: fetch would send its `toString()`, most often
 * "[object Object]", and what that gives may change from one attempt or release to the next.
 */
export function freezeBody(body: unknown, limit: number = STREAM_LIMIT): MaybePromise<FrozenBody> {
	if (body === null || body === undefined) return {content: null};
	const name = nameOf(body);
	if (name === 'String') return textBody(body, 'text/plain;charset=UTF-8');
	// Only the window of a view, and out of shared memory.
	if (typeof body === 'object') {
		const bytes = bytesOf(body);
		if (bytes) return {content: bytes.slice()};
		if (name === 'URLSearchParams' || can(body, 'append', 'sort'))
			return textBody(body, 'application/x-www-form-urlencoded;charset=UTF-8');
		if (isBlob(body)) {
			const {type} = body;
			return after(freezeBlob(body), content => ({content, type}));
		}
		if (name === 'FormData' || can(body, 'append', 'getAll')) return after(freezeForm(body), content => ({content}));
		// Node's own streams simply give nothing when they are read again.
		if ('readableDidRead' in body && body.readableDidRead) throw alreadyRead();
		const source = streamOf(body);
		if (source) return streamBody(source, limit);
	}

	throw noBody(name);
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
		// WebKit cannot read a form with a file out of a Request.
		const entries = await reading(async () => freezeForm(await request.formData()));
		return {content: timeless(entries)};
	}

	const content = new Uint8Array(await reading(async () => request.arrayBuffer()));
	checkText(new TextDecoder().decode(content.subarray(0, 100)));
	// Firefox has no `Request.body`, so that no body and an empty one are the same.
	return content.byteLength === 0 ? {content: null} : {content};
}

function textBody(body: unknown, type: string): FrozenBody {
	const content = String(body);
	checkText(content);
	return {content, type};
}

/** In a Request, or where somebody else has made text of it, this is all that is left to see of the mistake. */
function checkText(text: string): void {
	const [, name] = /^\[object ([\w ]+)](,|$)/.exec(text) ?? [];
	if (name !== undefined) throw noBody(name);
}

function noBody(name: string): Error {
	return mistake(
		`a body may be text (JSON.stringify makes it), bytes, a Blob, URLSearchParams, FormData or a stream, not ${name}; nothing was sent`,
	);
}

async function streamBody(source: Source, limit: number): Promise<FrozenBody> {
	return {content: await reading(async () => readAll(source, limit))};
}

function streamOf(body: object): Source | undefined {
	try {
		// Only this tells a stream that was read in part from a fresh one.
		if (can(body, 'getReader')) void new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>);
		return sourceOf(body);
	} catch (cause) {
		throw alreadyRead(cause);
	}
}

function alreadyRead(cause?: unknown): BodyNotReplayableError {
	return new BodyNotReplayableError({reason: 'has already been read or is locked', cause});
}
