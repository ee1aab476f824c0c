import {ServerResponse} from 'node:http';
import {concat} from '../../bytes.ts';
import {bareOf, isEndless, keptHeaders} from '../kept.ts';
import {changedSince, headersOf, setHeaders, type Lines} from './headers.ts';
import {endWith, type NodeAnswer} from './reply.ts';

/** A response that is held back. */
export type Held = NodeAnswer & {
	/** Fulfils once its handler has ended it, or it is known that it cannot be kept whole. */
	readonly ready: Promise<void>;
	/** Its handler has failed. `false`: too late, it is ready. */
	readonly fail: (error: unknown) => boolean;
	/** As if nothing had been written. */
	readonly drop: () => void;
};

/** Fields by which `node:http` itself tells what was sent; those who wrap a response look at them, too. */
const [HEADER, CLOSED, TRAILER] = ['_header', '_closed', '_trailer'] as const;
const STATE = Symbol('latchkey.held');

type Method = (this: Fields, ...given: unknown[]) => unknown;
type MethodName = 'write' | 'end' | 'writeHead' | 'flushHeaders' | 'emit' | 'destroy';
type Fields = Omit<ServerResponse, MethodName> &
	Record<MethodName, Method> & {
		finished: boolean;
		destroyed: boolean;
		[HEADER]: string | null;
		[CLOSED]: boolean;
		readonly [TRAILER]: string;
		[STATE]: State;
	};
type Chunk = string | Uint8Array;
type State = {
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

/** RFC 9110 §15.3.5, §15.3.6 and §15.4.5: no body. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Shared by all responses: functions of their own would make the collection of garbage ten times slower. */
const methods: Record<MethodName, Method> = {
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

/**
 * Holds back what is written to a response until it is given. Its methods are replaced, and everything passes through them
 * after that.
 */
export function holdBack(response: ServerResponse, limit: number): Held {
	const res = response as unknown as Fields;
	const {write, end, writeHead, flushHeaders, emit, destroy} = res;
	const state: State = {
		native: {write, end, writeHead, flushHeaders, emit, destroy},
		limit,
		before: headersOf(res),
		headless: res[HEADER],
		parts: [],
		size: 0,
		answer: {status: 0},
		message: '',
		ended: false,
		settled: false,
		given: false,
		gone: res.destroyed,
		fulfil: () => undefined,
		reject: () => undefined,
	};
	const ready = new Promise<void>((resolve, reject) => {
		state.fulfil = resolve;
		state.reject = reject;
	});
	res[STATE] = state;
	Object.assign(res, methods);
	if (state.gone) stay(res);

	// Without getters: V8 gives each object that has one a map of its own, which only a full collection of garbage lets go, with all it holds.
	const held: Held & {status: number} = {
		ready,
		status: 0,
		fail: error => fail(state, error),
		drop() {
			if (state.given) return;
			open(res);
			Reflect.deleteProperty(res, 'writableEnded');
			for (const name of res.getHeaderNames()) res.removeHeader(name);
			for (const [name, values] of state.before) res.setHeader(name, values);
			res.statusCode = 200;
			res.statusMessage = '';
			if (state.gone) emit.call(res, 'close');
		},
		copied(most, omitted) {
			const {message: statusText, ended, size} = state;
			const {status} = held;
			if (most < 0) return {kept: bareOf({status, statusText}), response: held};
			const facts = {status, statusText, headers: keptHeaders(changedSince(res, state.before), omitted)};
			if (!ended || size > most) return {kept: {...facts, body: null, bodyLost: true}, response: held};
			return {kept: {...facts, body: bodiless.has(status) ? null : bytesOf(state)}, response: held};
		},
		give() {
			if (!state.given) give(res);
		},
	};
	state.answer = held;
	return held;
}

function give(res: Fields): void {
	const {native, parts, answer, message, ended, gone} = res[STATE];
	const {status} = answer;
	open(res);
	if (gone) {
		// It has nobody to go to.
		res[HEADER] = ' ';
		res.finished = ended;
		native.emit.call(res, 'close');
		return;
	}

	res.statusCode = status;
	res.statusMessage = message;
	// A length takes the place of chunks; trailers need chunks.
	if (ended && !res[TRAILER]) {
		endWith(res, native.end, parts.length > 0 ? bytesOf(res[STATE]) : undefined);
		return;
	}

	res.writeHead(status);
	for (const part of parts) native.write.call(res, part);
	if (ended) native.end.call(res);
	else if (!res.writableNeedDrain) native.emit.call(res, 'drain');
}

/** As `node:http` takes what comes after the end. */
function afterEnd(res: Fields, method: 'write' | 'end', given: unknown[]): unknown {
	res.finished = true;
	try {
		return res[STATE].native[method].apply(res, given);
	} finally {
		res.finished = false;
	}
}

/** From now on everything passes. */
function open(res: Fields): void {
	res[STATE].given = true;
	res[HEADER] = res[STATE].headless;
	if (res[STATE].gone) setClosed(res, true);
}

/** As if its caller had not left. `on-finished`, by which `sendFile` goes, asks the socket. */
function stay(res: Fields): void {
	setClosed(res, false);
	(res as {socket: unknown}).socket = null;
}

function setClosed(res: Fields, is: boolean): void {
	res.destroyed = is;
	res[CLOSED] = is;
}

function settle(state: State): void {
	if (state.settled) return;
	state.settled = true;
	state.fulfil();
}

function fail(state: State, error: unknown): boolean {
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

function bytesOf(state: State): Uint8Array {
	return (state.whole ??= concat(state.parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part))));
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
