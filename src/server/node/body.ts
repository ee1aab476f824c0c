import type {IncomingMessage} from 'node:http';
import {Readable} from 'node:stream';
import {mistake} from '../../mistake.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Chunk = Buffer<ArrayBuffer> | string;

/** What body parsers leave. */
type Parsed = {readonly rawBody?: unknown; readonly body?: unknown; readonly file?: unknown; readonly files?: unknown};

/**
 * The bytes of a request as they came, after which they are still there to be read; what a body parser made of them, where
 * one was first. `undefined`: the caller has gone before it had sent them all. `whole`: nothing of it may be missing.
 */
export async function bodyOf(req: IncomingMessage, whole: boolean): Promise<Bytes | undefined> {
	const {'content-length': length, 'transfer-encoding': coding} = req.headers;
	if (coding === undefined && (length === undefined || Number(length) === 0)) return new Uint8Array();
	if (req.readableEnded || req.readableDidRead) return parsedBody(req, whole);
	if (!req.complete) return arrived(req);
	const bytes = readFrom(req);
	// In the same tick, before the stream says that it has ended.
	if (bytes.byteLength > 0) req.unshift(bytes);
	return bytes;
}

function parsedBody(req: IncomingMessage & Parsed, whole: boolean): Bytes {
	const {rawBody, file, files} = req;
	const taken = [file, ...Object.values(Object(files) as object)].some(Boolean);
	if (whole && taken && !rawBody)
		throw mistake(`keyFrom: 'content' takes the files of a body for nothing: let the guard be before their parser`);
	const parsed = rawBody ?? req.body;
	if (parsed === undefined || parsed === null)
		throw mistake('the body was read before the guard: let the guard be first, or keep it as req.rawBody or req.body');
	if (parsed instanceof Uint8Array) return new Uint8Array(parsed);
	const text = typeof parsed === 'string' ? parsed : JSON.stringify(parsed);
	// FormData, URLSearchParams, Map: all that there are would be one.
	if (typeof parsed === 'object' && text === '{}' && Object.prototype.toString.call(parsed) !== '[object Object]')
		throw mistake('the body, as its parser has left it, cannot be compared: keep its bytes as req.rawBody');
	return Buffer.from(text);
}

const ARRIVING = Symbol('latchkey.arriving');

/** Takes what the parser pushes, and pushes it in one piece at its end: to whoever reads, nothing has been read. */
type Arriving = {parts: Buffer<ArrayBuffer>[]; over: (bytes: Bytes | undefined) => void};
type Taken = IncomingMessage & {[ARRIVING]?: Arriving | undefined};

function readFrom(req: IncomingMessage): Buffer<ArrayBuffer> {
	return bufferOf((req.read() as Chunk | null) ?? '', req.readableEncoding);
}

/** Hosts without a socket push text, and somebody may have set an encoding. */
function bufferOf(chunk: Chunk, encoding?: BufferEncoding | null): Buffer<ArrayBuffer> {
	return typeof chunk === 'string' ? Buffer.from(chunk, encoding ?? undefined) : chunk;
}

/** Shared by all requests: functions of their own would make the collection of garbage ten times slower. */
function take(this: Taken, chunk: Chunk | null, encoding?: BufferEncoding): boolean {
	const arriving = this[ARRIVING];
	if (!arriving) return Readable.prototype.push.call(this, chunk, encoding);
	if (chunk !== null) arriving.parts.push(bufferOf(chunk, encoding));
	else end.call(this);
	return true;
}

function end(this: Taken): void {
	const {parts, over} = this[ARRIVING] as Arriving;
	const [only] = parts;
	const bytes = only && parts.length === 1 ? only : Buffer.concat(parts);
	this[ARRIVING] = undefined;
	if (bytes.byteLength > 0) this.push(bytes);
	this.push(null);
	over(bytes);
}

/** At any end of a request: what had come whole is there already. */
function cut(this: Taken): void {
	const arriving = this[ARRIVING];
	this[ARRIVING] = undefined;
	arriving?.over(undefined);
}

async function arrived(req: Taken): Promise<Bytes | undefined> {
	if (req.destroyed) return undefined;
	const parts: Buffer<ArrayBuffer>[] = [];
	while (req.readableLength > 0) parts.push(readFrom(req));
	return new Promise(over => {
		req[ARRIVING] = {parts, over};
		req.push = take;
		req.on('close', cut);
		// Lets the socket flow, should it have been held up.
		req.read(0);
	});
}
