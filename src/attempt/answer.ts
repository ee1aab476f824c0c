import {bytesOf, concat, sourceOf, type Source} from '../bytes.ts';
import type {Answer} from '../dialects/dialect.ts';
import {can} from '../utils.ts';
import {headersOf} from './headers.ts';

/** Larger answers are passed on as streams, in bytes. */
const READ_LIMIT = 1_048_576;

/** Answers that have no end to wait for. */
const endless = /^(text\/event-stream|application\/x-ndjson)\b/i;

/** `stream` is there when the answer was not read, or not to its end. */
type Read = {readonly answer: Answer; readonly stream?: Response};

/** A Response as a runtime, a polyfill or somebody's own `fetch` may make it: anything may be missing. */
type Given = Partial<Omit<Response, 'headers' | 'body'>> & {readonly headers?: unknown; readonly body?: unknown};

/**
 * An answer as a value. Up to 1 MiB it is read here, so that a body cut midway fails the attempt; a larger or endless
 * one, and one that cannot be read here, is left to be passed on. Throws only what reading rejects with.
 */
export async function answerOf(response: Response, whole: boolean, sentTo = ''): Promise<Read> {
	// Somebody's own fetch may forget to return it.
	const given = Object(response) as Given;
	const answer = answerWithout(given, sentTo);
	const {status, headers} = answer;
	const passed: Read = {answer, stream: response};
	const streams = endless.test(headers.get('content-type') ?? '') || Number(headers.get('content-length')) > READ_LIMIT;
	// A logger may have read it.
	if (!whole || status === 0 || streams || given.bodyUsed) return passed;
	const read = (bytes: Uint8Array<ArrayBuffer>): Read => ({answer: {...answer, body: bytes}});
	const body = Object(given.body) as {readonly locked?: unknown; readonly readableDidRead?: unknown};
	// Somebody else reads it.
	if (body.locked || body.readableDidRead) return passed;
	const source = sourceOf(body);
	// There is none, or a polyfill knows no streams.
	if (source === undefined) {
		const bytes = bytesOf(await contentOf(given));
		return bytes ? read(bytes) : passed;
	}

	const parts: Uint8Array[] = [];
	for (let size = 0; ;) {
		const {done, value} = await source.read();
		if (done) return read(concat(parts));
		const part = bytesOf(value);
		// Whoever understands what is no bytes may go on to read it.
		if (!part || (size += part.byteLength) > READ_LIMIT)
			return {answer, stream: responseWith(streamOf([...parts, part ?? value], source), answer)};
		parts.push(part);
	}
}

/** A new Response for one caller, that bears `value`. Without a body where the answer was passed on unread. */
export function responseOf(answer: Answer, value?: unknown): Response {
	return responseWith(answer.body ?? null, answer, value);
}

/** Another one to read: a clone, else the very same. Node's streams come without their body, because a clone would stop them. */
function copyOf(response: Response, answer: Answer): Response {
	const {body} = response;
	try {
		return body && !can(body, 'getReader') ? responseOf(answer) : response.clone();
	} catch {
		return response;
	}
}

/** Reads an answer without taking it from anybody. */
export async function withCopy<T>(
	{answer, stream}: {readonly answer: Answer; readonly stream?: Response},
	read: (copy: Response) => Promise<T>,
): Promise<T> {
	const copy = stream ? copyOf(stream, answer) : responseOf(answer);
	const value = await read(copy);
	if (copy !== stream) void discard(copy);
	return value;
}

/** What is left unread of a copy would be kept in memory. */
async function discard(copy: Response): Promise<void> {
	try {
		await copy.body?.cancel();
	} catch {
		// Somebody reads it.
	}
}

function answerWithout({status, statusText, headers, url, redirected, type}: Given, sentTo: string): Answer {
	// React Native and polyfills follow redirects and do not say so; where it ended they tell.
	const elsewhere = redirected === undefined && !!url && !!sentTo && withoutHash(String(url)) !== withoutHash(sentTo);
	return {
		status: Number.isInteger(status) ? (status as number) : 0,
		statusText: String(statusText ?? ''),
		headers: headers instanceof Headers ? headers : headersOf(headers),
		url: String(url ?? ''),
		redirected: redirected === true || elsewhere,
		type: type ?? 'default',
		body: undefined,
	};
}

function withoutHash(url: string): string {
	return url.replace(/#.*/s, '');
}

/** All of it at once. React Native had a time when it could not read bytes; then the body is still there. */
async function contentOf(response: Given): Promise<unknown> {
	try {
		if (response.arrayBuffer) return await response.arrayBuffer();
	} catch (error) {
		if (response.bodyUsed || !response.text) throw error;
	}

	return response.text?.();
}

// A property, because a WeakMap of every Response costs the garbage collector more than all the rest of a call.
const borne = Symbol.for('latchkey.result');
/** By what somebody's own fetch has frozen. */
const borneAside = /* @__PURE__ */ new WeakMap<Response, unknown>();

export function borneBy(response: Response): unknown {
	return (response as {[borne]?: unknown})[borne] ?? borneAside.get(response);
}

/** What a constructor cannot set. */
const facts = ['status', 'statusText', 'ok', 'url', 'redirected', 'type'] as const;

/** Makes it say these facts, and bear something for `borneBy` to find; its clones do the same. */
export function telling(response: Response, said: Pick<Response, (typeof facts)[number]>, value: unknown): Response {
	if (value !== undefined && !Reflect.set(response, borne, value)) borneAside.set(response, value);
	for (const name of facts)
		if (response[name] !== said[name]) Reflect.defineProperty(response, name, {value: said[name], configurable: true});
	if (!can(response, 'clone')) return response;
	const clone = response.clone.bind(response);
	Reflect.defineProperty(response, 'clone', {value: () => telling(clone(), response, value), configurable: true});
	return response;
}

function responseWith(body: BodyInit | null, answer: Answer, value?: unknown): Response {
	const {status, headers} = answer;
	const empty = status === 204 || status === 205 || status === 304;
	// A constructor takes no other status; that of a redirect that was not followed is 0. Nor every status text.
	const init = {status: status >= 200 && status <= 599 ? status : 200, headers};
	const ok = status >= 200 && status <= 299;
	return telling(new Response(empty ? null : body, init), {...answer, ok}, value);
}

/** What was read of it, and then what is still to come. */
function streamOf(chunks: unknown[], source: Source): ReadableStream<Uint8Array<ArrayBuffer>> {
	return new ReadableStream({
		async pull(controller) {
			const {done, value} = chunks.length > 0 ? {value: chunks.shift()} : await source.read();
			if (done) controller.close();
			else controller.enqueue((bytesOf(value) ?? value) as Uint8Array<ArrayBuffer>);
		},
		async cancel(reason) {
			await source.cancel(reason);
		},
	});
}
