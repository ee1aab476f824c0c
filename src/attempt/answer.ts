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

	// The length of an encoded body says nothing of what comes out. A polyfill's response may have no stream at all.
	if ((length !== null && !headers.has('content-encoding')) || response.body === undefined)
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
				stream: responseWith(rest(chunks, reader), facts),
			};
	}
}

/** A new Response for one caller. Without a body where the answer was passed on unread. */
export function responseOf(answer: Answer): Response {
	return responseWith(answer.body ?? null, answer);
}

type Facts = Omit<Answer, 'body'>;

const factsOf = Symbol('facts');

/** What a constructor cannot set: these getters read it from the answer, for a clone too. */
const told: object = Object.create(Response.prototype, {
	status: getter(({status}) => status),
	ok: getter(({status}) => status >= 200 && status <= 299),
	url: getter(({url}) => url),
	redirected: getter(({redirected}) => redirected),
	type: getter(({type}) => type),
	clone: {
		value(this: Response & {[factsOf]: Facts}) {
			return telling(Response.prototype.clone.call(this), this[factsOf]);
		},
	},
});

function getter(read: (facts: Facts) => unknown): PropertyDescriptor {
	return {
		get(this: {[factsOf]: Facts}) {
			return read(this[factsOf]);
		},
	};
}

function telling(response: Response, facts: Facts): Response {
	return Object.setPrototypeOf(Object.assign(response, {[factsOf]: facts}), told) as Response;
}

function responseWith(body: BodyInit | null, facts: Facts): Response {
	const {status, statusText, headers} = facts;
	const empty = status === 204 || status === 205 || status === 304;
	// A constructor takes no other status; that of a redirect that was not followed is 0.
	const taken = status >= 200 && status <= 599 ? status : 200;
	return telling(new Response(empty ? null : body, {status: taken, statusText, headers}), facts);
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
