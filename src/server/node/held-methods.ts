import {ServerResponse} from 'node:http';
import {isEndless} from '../kept.ts';
import {setHeaders, type Lines} from './headers.ts';

/** Fields by which `node:http` itself tells what was sent; those who wrap a response look at them, too. */
export const HEADER = '_header';
export const TRAILER = '_trailer';
const CLOSED = '_closed';
export const STATE: unique symbol = Symbol('latchkey.held');

type Method = (this: Fields, ...given: unknown[]) => unknown;
type MethodName = 'write' | 'end' | 'writeHead' | 'flushHeaders' | 'emit' | 'destroy';
export type Fields = Omit<ServerResponse, MethodName> &
	Record<MethodName, Method> & {
		finished: boolean;
		destroyed: boolean;
		[HEADER]: string | null;
		[CLOSED]: boolean;
		readonly [TRAILER]: string;
		[STATE]: State;
	};
type Chunk = string | Uint8Array;
export type State = {
	/** The methods before, whoever has replaced them. */
	readonly native: Record<MethodName, Method>;
	readonly limit: number;
	readonly before: Lines;
	/** Null, or '' in a Lambda. */
	readonly headless: string | null;
	readonly parts: Chunk[];
	whole?: Uint8Array;
	size: number;
	/** Whose status is set with the head. */
	answer: {status: number};
	message: string;
	ended: boolean;
	/** `ready` or `fail`: which it is to be is known. */
	settled: boolean;
	/** Everything passes. */
	given: boolean;
	/** The caller has left. */
	gone: boolean;
	fulfil: () => void;
	reject: (error: unknown) => void;
};

/** Shared by all responses: functions of their own would make the collection of garbage ten times slower. */
export const methods: Record<MethodName, Method> = {
	writeHead(...head) {
		const state = this[STATE];
		if (state.given) return state.native.writeHead.apply(this, head);
		// Throws.
		if (this[HEADER]) return (ServerResponse.prototype.writeHead as unknown as Method).apply(this, head);
		const [code, reason, more] = head;
		const status = Math.trunc(Number(code));
		if (!(status >= 100 && status <= 999))
			throw coded(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${String(code)}`);
		const message = typeof reason === 'string' ? reason : this.statusMessage || '';
		if (/[^\t\x20-\x7e\x80-\xff]/.test(message))
			throw coded(TypeError, 'ERR_INVALID_CHAR', 'Invalid character in statusMessage');
		setHeaders(this, typeof reason === 'string' ? more : (more ?? reason));
		this.statusCode = status;
		state.answer.status = status;
		state.message = message;
		this[HEADER] = ' ';
		if (isEndless(String(this.getHeader('content-type') ?? ''))) settle(state);
		return this;
	},
	write(chunk, encoding, callback) {
		const state = this[STATE];
		if (state.given) return state.native.write.call(this, chunk, encoding, callback);
		if (state.ended) return afterEnd(this, 'write', [chunk, encoding, callback]);
		checkChunk(chunk);
		if (!this[HEADER]) this.writeHead(this.statusCode);
		// A source may use its buffer again after the callback, which does not wait for the store.
		add(state, typeof chunk === 'string' ? chunk : new Uint8Array(chunk), encoding);
		const told = typeof encoding === 'function' ? encoding : callback;
		if (typeof told === 'function') process.nextTick(told);
		if (state.size > state.limit) settle(state);
		// Short of what makes any stream say so, for one that compresses in between says when to go on by itself.
		return state.size <= Math.max(state.limit, this.writableHighWaterMark);
	},
	end(...last) {
		const state = this[STATE];
		if (state.given) return state.native.end.apply(this, last);
		if (state.ended) return afterEnd(this, 'end', last);
		const [chunk, encoding] = last;
		const isChunk = chunk !== undefined && chunk !== null && typeof chunk !== 'function';
		if (isChunk) checkChunk(chunk);
		if (!this[HEADER]) this.writeHead(this.statusCode);
		if (isChunk) add(state, chunk, encoding);
		const told = last.find(it => typeof it === 'function');
		if (told) this.once('finish', told as () => void);
		// Not `finished`: where that is set, `server.close()` takes the connection for an idle one and cuts it off.
		Object.defineProperty(this, 'writableEnded', {value: true, configurable: true});
		state.ended = true;
		settle(state);
		return this;
	},
	flushHeaders() {
		const state = this[STATE];
		if (state.given) return state.native.flushHeaders.call(this);
		if (!this[HEADER]) this.writeHead(this.statusCode);
		return undefined;
	},
	// The work goes on without its caller, and a pipe ends at the close of what it writes to.
	emit(event, ...details) {
		const state = this[STATE];
		if (state.given || event !== 'close') return state.native.emit.call(this, event, ...details);
		state.gone = true;
		stay(this);
		return true;
	},
	destroy(error) {
		const state = this[STATE];
		fail(state, error ?? new Error('the handler destroyed its response'));
		return state.native.destroy.call(this, error);
	},
};

/** As `node:http` takes what comes after the end. */
function afterEnd(res: Fields, method: 'write' | 'end', given: unknown[]): unknown {
	res.finished = true;
	try {
		return res[STATE].native[method].apply(res, given);
	} finally {
		res.finished = false;
	}
}

/** As if its caller had not left. `on-finished`, by which `sendFile` goes, asks the socket. */
export function stay(res: Fields): void {
	setClosed(res, false);
	(res as {socket: unknown}).socket = null;
}

export function setClosed(res: Fields, is: boolean): void {
	res.destroyed = is;
	res[CLOSED] = is;
}

function settle(state: State): void {
	if (state.settled) return;
	state.settled = true;
	state.fulfil();
}

export function fail(state: State, error: unknown): boolean {
	if (state.settled) return false;
	state.settled = true;
	state.reject(error);
	return true;
}

function add(state: State, chunk: Chunk, encoding: unknown): void {
	const plain = typeof chunk !== 'string' || typeof encoding !== 'string';
	const part = plain ? chunk : Buffer.from(chunk, encoding as BufferEncoding);
	state.size += Buffer.byteLength(part);
	state.parts.push(part);
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
