import {concat} from '../bytes.ts';
import {notSaved} from '../dialects/ietf.ts';
import type {KeptAnswer} from './entry.ts';
import {problem} from './problem.ts';

/**
 * Whether an answer is kept under the key: it would be the same again. What is never kept is the list that the client
 * has, too.
 */
export function isKept(status: number): boolean {
	return status >= 200 && status < 500 && !notSaved.has(status);
}

/** Of one connection, or of this very answer (RFC 9110 §7.6.1). A cookie is its first caller's; the mark of a replay is ours. */
const never: ReadonlySet<string> = /* @__PURE__ */ new Set([
	'connection',
	'content-length',
	'idempotent-replayed',
	'keep-alive',
	'proxy-authenticate',
	'proxy-authorization',
	'proxy-connection',
	'set-cookie',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

/** Those headers of an answer that are kept. */
export function keptHeaders(
	headers: ReadonlyArray<readonly [name: string, value: string]>,
	omitted: readonly string[],
): KeptAnswer['headers'] {
	const named = headers.flatMap(([name, value]) =>
		name.toLowerCase() === 'connection' ? String(value).split(',') : [],
	);
	const gone = named.map(name => name.trim().toLowerCase());
	return headers.filter(([name]) => {
		const lower = name.toLowerCase();
		return !never.has(lower) && !omitted.includes(lower) && !gone.includes(lower);
	});
}

/** Whether it has no end that could be waited for. */
export function isEndless(contentType: string): boolean {
	return /^\s*(text\/event-stream|application\/(x-)?ndjson)\b/i.test(contentType);
}

/** An answer that has been read, and one with the same content for the caller. */
export type Copied<R> = {readonly kept: KeptAnswer; readonly response: R};

/** Nothing but that there was an answer, and its status. */
export const bareOf = ({status, statusText}: Pick<KeptAnswer, 'status' | 'statusText'>): KeptAnswer => ({
	status,
	statusText,
	headers: [],
	body: null,
	bodyLost: true,
});

/**
 * Reads an answer to its end, or to the limit in bytes: past that, its body is not kept. Of a negative limit nothing is kept
 * but the status.
 */
export async function copied(response: Response, limit: number, omitted: readonly string[]): Promise<Copied<Response>> {
	const {status, statusText, headers, body} = response;
	if (limit < 0) return {kept: bareOf(response), response};
	const facts = {status, statusText, headers: keptHeaders([...headers], omitted)};
	if (body === null) return {kept: {...facts, body}, response};
	if (isEndless(headers.get('content-type') ?? '')) return {kept: {...facts, body: null, bodyLost: true}, response};

	const reader = body.getReader();
	const parts: Uint8Array<ArrayBuffer>[] = [];
	for (let size = 0; size <= limit;) {
		const {done, value} = await reader.read();
		if (done) {
			const bytes = concat(parts);
			return {kept: {...facts, body: bytes}, response: new Response(bytes, {status, statusText, headers})};
		}

		if (!ArrayBuffer.isView(value)) throw new TypeError('a Response has to be of bytes');
		// A copy: a source may use its buffer again for the next chunk.
		const part = new Uint8Array(value);
		parts.push(part);
		size += part.byteLength;
	}

	// What was read, and then the rest.
	reader.releaseLock();
	const whole = body.pipeThrough(
		new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
			start(controller) {
				for (const part of parts) controller.enqueue(part);
			},
		}),
	);
	return {kept: {...facts, body: null, bodyLost: true}, response: new Response(whole, {status, statusText, headers})};
}

/** Of another content than the one that was not kept. */
const ofContent = /^(content-type|content-encoding|etag)$/i;

/** The answer again, marked as such. */
export function replayOf(kept: KeptAnswer): KeptAnswer {
	const {status, headers, bodyLost} = kept;
	// A redirect that is not known to where is none.
	if (bodyLost && (status < 300 || (status < 400 && headers.length === 0)))
		return problem('already-executed', undefined, {executed: {status}});
	const left = headers.filter(([name]) => !bodyLost || !ofContent.test(name));
	return {...kept, headers: [...left, ['idempotent-replayed', 'true']]};
}

export function responseOf(kept: KeptAnswer): Response {
	return new Response(kept.body as Uint8Array<ArrayBuffer> | null, kept as KeptAnswer & {headers: [string, string][]});
}
