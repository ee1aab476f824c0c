import type {IncomingMessage} from 'node:http';
import {concat} from '../../bytes.ts';
import {mistake} from '../../mistake.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What body parsers leave. */
type Parsed = {readonly rawBody?: unknown; readonly body?: unknown};

/**
 * The bytes of a request as they came, after which they are still there to be read; what a body parser made of them, where
 * one was first. `undefined`: the caller has gone before it had sent them all.
 */
export async function bodyOf(req: IncomingMessage): Promise<Bytes | undefined> {
	const {'content-length': length, 'transfer-encoding': coding} = req.headers;
	if (coding === undefined && (length === undefined || Number(length) === 0)) return new Uint8Array();
	if (req.readableEnded || req.readableDidRead) return parsedBody(req);
	if (!req.complete) return arriving(req);
	const bytes = req.read() as Buffer<ArrayBuffer> | null;
	// In the same tick, before the stream says that it has ended.
	if (bytes !== null) req.unshift(bytes);
	return bytes ?? new Uint8Array();
}

function parsedBody(req: IncomingMessage & Parsed): Bytes {
	const parsed = req.rawBody ?? req.body;
	if (parsed === undefined || parsed === null)
		throw mistake('the body was read before the guard: let the guard be first, or keep it as req.rawBody or req.body');
	if (parsed instanceof Uint8Array) return new Uint8Array(parsed);
	return Buffer.from(typeof parsed === 'string' ? parsed : JSON.stringify(parsed));
}

/** Takes what the parser pushes, and pushes it in one piece at its end: to whoever reads, nothing has been read. */
async function arriving(req: IncomingMessage): Promise<Bytes | undefined> {
	return new Promise(resolve => {
		const parts: Buffer<ArrayBuffer>[] = [];
		const over = (bytes?: Bytes) => {
			req.off('close', cut);
			Reflect.deleteProperty(req, 'push');
			if (bytes) {
				if (bytes.byteLength > 0) req.push(bytes);
				req.push(null);
			}

			resolve(bytes);
		};
		const cut = () => {
			over();
		};
		while (req.readableLength > 0) parts.push(req.read() as Buffer<ArrayBuffer>);
		req.push = (chunk: Buffer<ArrayBuffer> | null) => {
			if (chunk === null) over(parts.length === 1 ? parts[0] : Buffer.from(concat(parts).buffer));
			else parts.push(chunk);
			return true;
		};
		if (req.destroyed) over();
		else {
			req.once('close', cut);
			// Lets the socket flow, should it have been held up.
			req.read(0);
		}
	});
}
