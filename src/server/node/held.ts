import {ServerResponse} from 'node:http';
import {concat} from '../../bytes.ts';
import type {KeptAnswer} from '../entry.ts';
import {bareOf, isEndless, keptHeaders, type Copied} from '../kept.ts';
import {changedSince, headersOf, setHeaders} from './headers.ts';

/** An answer to a request of `node:http`. */
export type NodeAnswer = {
	readonly status: number;
	/** Lets the caller have it. */
	readonly give: () => void;
	readonly copied: (limit: number, omitted: readonly string[]) => Copied<NodeAnswer>;
};

/** A response that is held back. */
export type Held = NodeAnswer & {
	/** Fulfils once its handler has ended it, or it is known that it cannot be kept whole. */
	readonly ready: Promise<Held>;
	/** Its handler has failed. `false`: too late, it is ready. */
	readonly fail: (error: unknown) => boolean;
	/** As if nothing had been written. */
	readonly drop: () => void;
};

/** Fields by which `node:http` itself tells what was sent; those who wrap a response look at them, too. */
const [HEADER, CLOSED, TRAILER] = ['_header', '_closed', '_trailer'] as const;

type Method = (this: ServerResponse, ...given: unknown[]) => unknown;
type MethodName = 'write' | 'end' | 'writeHead' | 'flushHeaders' | 'emit' | 'destroy';
type Fields = Record<MethodName, Method> & {
	finished: boolean;
	destroyed: boolean;
	[HEADER]: string | null;
	[CLOSED]: boolean;
	readonly [TRAILER]: string;
	readonly writableNeedDrain: boolean;
};
type Chunk = string | Uint8Array;

/** RFC 9110 §15.3.5, §15.3.6 and §15.4.5: no body. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Holds back what is written to a response until it is given. Its methods are replaced, whoever has done so before, and
 * everything passes through them after that.
 */
export function holdBack(res: ServerResponse, limit: number): Held {
	const fields = res as unknown as Fields;
	const {write, end, writeHead, flushHeaders, emit, destroy} = fields;
	const native: Record<MethodName, Method> = {write, end, writeHead, flushHeaders, emit, destroy};
	const before = headersOf(res);
	const parts: Chunk[] = [];
	let [size, ended, given, settled] = [0, false, false, false];
	let status = 0;
	let message = '';
	let gone = fields.destroyed;
	let fulfil: (held: Held) => void;
	let reject: (error: unknown) => void;
	const ready = new Promise<Held>((resolve, fail) => {
		[fulfil, reject] = [resolve, fail];
	});
	const isReady = () => {
		settled = true;
		fulfil(held);
	};
	const alive = (is: boolean) => {
		fields.destroyed = !is;
		fields[CLOSED] = !is;
	};
	if (gone) alive(true);

	function add(chunk: Chunk, encoding: unknown, copy: boolean): void {
		if (typeof chunk === 'string') {
			const part = typeof encoding === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk;
			size += Buffer.byteLength(part);
			parts.push(part);
		} else {
			size += chunk.byteLength;
			// A source may use its buffer again after the callback, which does not wait for the store.
			parts.push(copy ? new Uint8Array(chunk) : chunk);
		}
	}

	const methods: Record<MethodName, Method> = {
		writeHead(...head) {
			if (given) return native.writeHead.apply(res, head);
			// Throws.
			if (fields[HEADER] !== null) return (ServerResponse.prototype.writeHead as Method).apply(res, head);
			const [code, reason, more] = head;
			status = Number(code) | 0;
			if (status < 100 || status > 999)
				throw coded(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${String(code)}`);
			message = typeof reason === 'string' ? reason : res.statusMessage || '';
			if (/[^\t\x20-\x7e\x80-\xff]/.test(message))
				throw coded(TypeError, 'ERR_INVALID_CHAR', 'Invalid character in statusMessage');
			setHeaders(res, typeof reason === 'string' ? more : (more ?? reason));
			res.statusCode = status;
			fields[HEADER] = ' ';
			if (isEndless(String(res.getHeader('content-type') ?? ''))) isReady();
			return res;
		},
		write(chunk, encoding, callback) {
			if (given || fields.finished) return native.write.call(res, chunk, encoding, callback);
			checkChunk(chunk);
			const told = typeof encoding === 'function' ? encoding : callback;
			if (fields[HEADER] === null) res.writeHead(res.statusCode);
			add(chunk, encoding, true);
			if (typeof told === 'function') process.nextTick(told);
			if (size > limit && !settled) isReady();
			// Short of what makes any stream say so, for one that compresses in between says when to go on by itself.
			return size <= Math.max(limit, res.writableHighWaterMark);
		},
		end(...last) {
			if (given || fields.finished) return native.end.apply(res, last);
			const told = last.find(it => typeof it === 'function');
			const [chunk, encoding] = last;
			const isChunk = chunk !== undefined && chunk !== null && chunk !== told;
			if (isChunk) checkChunk(chunk);
			if (fields[HEADER] === null) res.writeHead(res.statusCode);
			if (isChunk) add(chunk as Chunk, encoding, false);
			if (told) res.once('finish', told as () => void);
			fields.finished = true;
			ended = true;
			if (!settled) isReady();
			return res;
		},
		flushHeaders() {
			if (given) return native.flushHeaders.call(res);
			if (fields[HEADER] === null) res.writeHead(res.statusCode);
			return undefined;
		},
		// The work goes on without its caller, and a pipe ends at the close of what it writes to.
		emit(event, ...details) {
			if (given || event !== 'close') return native.emit.call(res, event, ...details);
			gone = true;
			alive(true);
			return true;
		},
		destroy(error) {
			if (!given && !settled) held.fail(error ?? new Error('the handler destroyed its response'));
			return native.destroy.call(res, error);
		},
	};
	Object.assign(res, methods);

	/** From now on everything passes. */
	function open(): void {
		given = true;
		fields[HEADER] = null;
		fields.finished = false;
		if (gone) alive(false);
	}

	function bytes(): Uint8Array {
		return concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part)));
	}

	const held: Held = {
		ready,
		get status() {
			return status;
		},
		fail(error) {
			if (settled) return false;
			settled = true;
			reject(error);
			return true;
		},
		drop() {
			if (given) return;
			open();
			for (const name of res.getHeaderNames()) res.removeHeader(name);
			setHeaders(
				res,
				before.flatMap(([name, values]) => values.map(value => [name, value])),
			);
			res.statusCode = 200;
			res.statusMessage = '';
			if (gone) native.emit.call(res, 'close');
		},
		copied(most, omitted) {
			const bare = {status, statusText: message};
			if (most < 0) return {kept: bareOf(bare), response: held};
			const facts = {...bare, headers: keptHeaders(changedSince(res, before), omitted)};
			if (!ended || size > most) return {kept: {...facts, body: null, bodyLost: true}, response: held};
			return {kept: {...facts, body: bodiless.has(status) ? null : bytes()}, response: held};
		},
		give() {
			if (given) return;
			open();
			if (gone) {
				// It has nobody to go to.
				fields[HEADER] = ' ';
				fields.finished = ended;
				native.emit.call(res, 'close');
				return;
			}

			res.statusCode = status;
			res.statusMessage = message;
			const [only] = parts;
			// A length takes the place of chunks; trailers need chunks.
			if (ended && !fields[TRAILER] && parts.length < 2) native.end.call(res, only);
			else if (ended && !fields[TRAILER]) native.end.call(res, bytes());
			else {
				res.writeHead(status);
				for (const part of parts) native.write.call(res, part);
				if (ended) native.end.call(res);
				else if (!fields.writableNeedDrain) native.emit.call(res, 'drain');
			}
		},
	};
	return held;
}

/** Writes an answer of the guard, beside the headers that are there already. */
export function replyOn(res: ServerResponse, kept: KeptAnswer): NodeAnswer {
	const {status, statusText, headers, body} = kept;
	const answer: NodeAnswer = {
		status,
		copied: () => ({kept, response: answer}),
		give() {
			if (res.destroyed || res.headersSent) return;
			res.statusCode = status;
			if (statusText) res.statusMessage = statusText;
			setHeaders(res, headers);
			res.end(body ?? undefined);
		},
	};
	return answer;
}

function coded(Kind: ErrorConstructor, code: string, text: string): Error {
	return Object.assign(new Kind(text), {code});
}

/** As `node:http` does. */
function checkChunk(chunk: unknown): asserts chunk is Chunk {
	if (typeof chunk === 'string' || chunk instanceof Uint8Array) return;
	if (chunk === null) throw coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
	throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "chunk" argument must be a string, a Buffer or a Uint8Array');
}
