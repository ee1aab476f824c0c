import {concat} from '../concat.ts';
import type {Answer} from '../dialect/dialect.ts';

/** Larger answers are passed on as streams, in bytes. */
const READ_LIMIT = 1_048_576;

/** Answers that have no end to wait for. */
const endless = /^(text\/event-stream|application\/x-ndjson)\b/i;

/** `stream` is there when the answer was not read. */
type Read = {readonly answer: Answer; readonly stream?: Response};

/**
 * An answer as a value. Up to 1 MiB it is read here, so that a body cut midway fails the attempt; a larger or endless
 * one is left to be passed on. Throws what reading throws.
 */
export async function answerOf(response: Response, whole: boolean): Promise<Read> {
	const {status, statusText, headers, url, redirected, type, body} = response;
	const answer: Answer = {status, statusText, headers, url, redirected, type, body: undefined};
	const read = (bytes: Uint8Array<ArrayBuffer>): Read => ({answer: {...answer, body: bytes}});
	const streams = endless.test(headers.get('content-type') ?? '') || Number(headers.get('content-length')) > READ_LIMIT;
	if (!whole || status === 0 || streams) return {answer, stream: response};
	// There is none, or a polyfill knows no streams.
	if (!body) return read(new Uint8Array(await response.arrayBuffer()));

	const reader = body.getReader();
	const chunks: Uint8Array[] = [];
	for (let size = 0; size <= READ_LIMIT;) {
		const {done, value} = await reader.read();
		if (done) return read(concat(chunks));
		chunks.push(value);
		size += value.byteLength;
	}

	return {answer, stream: responseWith(rest(chunks, reader), answer)};
}

/** A new Response for one caller. Without a body where the answer was passed on unread. */
export function responseOf(answer: Answer): Response {
	return responseWith(answer.body ?? null, answer);
}

/** Reads an answer without taking it from anybody. */
export async function withCopy<T>(
	{answer, stream}: {readonly answer: Answer; readonly stream?: Response},
	read: (copy: Response) => Promise<T>,
): Promise<T> {
	const copy = stream?.clone() ?? responseOf(answer);
	const value = await read(copy);
	// What was left unread of a stream would be kept in memory.
	copy.body?.cancel().catch(() => undefined);
	return value;
}

/** Says what a constructor cannot set, and so do its clones. */
function telling(response: Response, answer: Answer): Response {
	const {status, url, redirected, type} = answer;
	const clone = () => telling(Response.prototype.clone.call(response), answer);
	const facts = {status, ok: status >= 200 && status <= 299, url, redirected, type, clone};
	for (const [name, value] of Object.entries(facts)) Object.defineProperty(response, name, {value, configurable: true});
	return response;
}

function responseWith(body: BodyInit | null, answer: Answer): Response {
	const {status, statusText, headers} = answer;
	const empty = status === 204 || status === 205 || status === 304;
	// A constructor takes no other status; that of a redirect that was not followed is 0.
	const taken = status >= 200 && status <= 599 ? status : 200;
	return telling(new Response(empty ? null : body, {status: taken, statusText, headers}), answer);
}

/** What was read of it, and then what is still to come. */
function rest(
	chunks: readonly Uint8Array[],
	reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
	return new ReadableStream({
		start(controller) {
			for (const chunk of chunks) controller.enqueue(chunk);
		},
		async pull(controller) {
			const {done, value} = await reader.read();
			if (done) controller.close();
			else controller.enqueue(value);
		},
		cancel: reason => reader.cancel(reason),
	});
}
