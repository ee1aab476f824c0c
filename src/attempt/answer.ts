import type {Answer} from '../dialect/dialect.ts';

/** Larger answers are passed on as streams, in bytes. */
const READ_LIMIT = 1024 * 1024;

/** Answers that have no end to wait for. */
const endless = /^(text\/event-stream|application\/x-ndjson)\b/i;

/**
 * An answer as a value. Up to 1 MiB it is read here, so that a body cut midway fails the attempt; a larger or endless
 * one is left to be passed on. Throws what reading throws.
 */
export async function answerOf(
	response: Response,
	read: boolean,
): Promise<{answer: Answer; stream: Response | undefined}> {
	const {status, statusText, headers, url, redirected, type} = response;
	const facts = {status, statusText, headers, url, redirected, type};
	const length = headers.get('content-length');
	const unread =
		!read || status === 0 || endless.test(headers.get('content-type') ?? '') || Number(length) > READ_LIMIT;
	if (unread) return {answer: {...facts, body: undefined}, stream: response};
	if (response.body === null) return {answer: {...facts, body: new Uint8Array()}, stream: undefined};

	// The length of an encoded body says nothing of what comes out.
	if (length !== null && !headers.has('content-encoding'))
		return {answer: {...facts, body: new Uint8Array(await response.arrayBuffer())}, stream: undefined};

	const reader = response.body.getReader();
	const chunks: Uint8Array[] = [];
	let size = 0;
	for (;;) {
		const {done, value} = await reader.read();
		if (done) return {answer: {...facts, body: joined(chunks, size)}, stream: undefined};
		chunks.push(value);
		size += value.byteLength;
		if (size > READ_LIMIT)
			return {
				answer: {...facts, body: undefined},
				stream: withFacts(new Response(rest(chunks, reader), response), facts),
			};
	}
}

/** A new Response for one caller. `url`, `redirected` and `type` are those of the answer, which a constructor cannot set. */
export function responseOf(answer: Answer): Response {
	const {status, statusText, headers, body} = answer;
	const empty = status === 204 || status === 205 || status === 304;
	return withFacts(new Response(empty ? null : (body ?? null), {status, statusText, headers}), answer);
}

function withFacts(response: Response, {url, redirected, type}: Pick<Answer, 'url' | 'redirected' | 'type'>): Response {
	const clone = () => withFacts(Response.prototype.clone.call(response), {url, redirected, type});
	return Object.defineProperties(response, {
		url: {value: url},
		redirected: {value: redirected},
		type: {value: type},
		clone: {value: clone},
	});
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(size);
	let at = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, at);
		at += chunk.byteLength;
	}

	return bytes;
}

function rest(chunks: Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
	return new ReadableStream({
		async pull(controller) {
			const chunk = chunks.shift();
			if (chunk !== undefined) {
				controller.enqueue(chunk);
				return;
			}

			const {done, value} = await reader.read();
			if (done) controller.close();
			else controller.enqueue(value);
		},
		cancel: reason => reader.cancel(reason),
	});
}
