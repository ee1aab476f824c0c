import {request as requestPlain, type ClientRequest, type IncomingMessage} from 'node:http';
import {request as requestTls} from 'node:https';
import type {Duplex} from 'node:stream';
import {constants, createBrotliDecompress, createGunzip, createInflate} from 'node:zlib';
import type {Clock} from './clock.ts';
import type {Header} from './settings.ts';
import {unescaped} from './templates.ts';

export type Sent = {
	readonly url: URL;
	readonly method: string;
	readonly headers: readonly Header[];
	readonly body: string | undefined;
};

export type Answer = {
	readonly kind: 'answer';
	readonly status: number;
	/** By lower-case name; those that came more than once are joined by commas. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
	/** The body was longer than is read, or ended before its end. */
	readonly cut: boolean;
	readonly ms: number;
};

export type Failure = {
	readonly kind: 'failure';
	readonly reason: 'timed-out' | 'not-connected' | 'closed' | 'malformed' | 'aborted';
	/** From the runtime, not for printing as it is. */
	readonly detail: string;
	readonly ms: number;
};

/** What became of one exchange. */
export type Seen = Answer | Failure;

export type Delivery = {
	readonly clock: Clock;
	/** In milliseconds. */
	readonly timeout: number;
	/** A port of loopback to connect to in place of the server's. */
	readonly viaPort?: number;
	/** Called once when the connection stands, before the request is on it. */
	readonly onConnected?: () => void;
	/** Closes the connection as soon as the request has been written. */
	readonly abortWhenSent?: boolean;
	/** In place of the certificate authorities that the runtime knows. */
	readonly ca?: string;
	/** Speaks over this instead of a connection. */
	readonly over?: Duplex;
};

/** No answer is read past this. */
const bodyLimit = 1024 * 1024;

/**
 * One raw exchange on a connection of its own: nothing is retried, followed or kept. Whatever the server does is a
 * value; the promise never rejects.
 */
export async function exchange(sent: Sent, delivery: Delivery): Promise<Seen> {
	const {clock, timeout} = delivery;
	const start = clock.now();
	const took = () => Math.round(clock.now() - start);
	return new Promise(resolve => {
		let connected = delivery.over !== undefined;
		let aborted = false;
		const cancel = clock.after(timeout, () => {
			end({kind: 'failure', reason: 'timed-out', detail: `no whole answer within ${timeout} ms`, ms: took()});
		});
		const outgoing = open(sent, delivery);

		function end(seen: Seen): void {
			cancel();
			resolve(seen);
			outgoing.destroy();
		}

		function fail(error: NodeJS.ErrnoException): void {
			const reason = aborted ? 'aborted' : reasonOf(error, connected);
			end({kind: 'failure', reason, detail: `${error.code ?? ''} ${error.message}`.trim(), ms: took()});
		}

		outgoing.on('error', fail);
		outgoing.on('close', () => {
			fail(new Error('the connection was closed without an answer'));
		});
		outgoing.on('socket', socket => {
			socket.once(sent.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
				connected = true;
				delivery.onConnected?.();
			});
		});
		outgoing.on('response', incoming => {
			if (aborted) return;
			outgoing.removeAllListeners('close');
			readBody(incoming, ({body, cut}) => {
				end({
					kind: 'answer',
					status: incoming.statusCode ?? 0,
					headers: headersOf(incoming),
					body: body.toString('utf8'),
					cut,
					ms: took(),
				});
			});
		});
		if (delivery.abortWhenSent === true)
			outgoing.on('finish', () => {
				setImmediate(() => {
					aborted = true;
					outgoing.destroy();
				});
			});
		outgoing.end(sent.body);
	});
}

function open({url, method, headers, body}: Sent, {viaPort, over, ca}: Delivery): ClientRequest {
	const request = url.protocol === 'https:' && over === undefined ? requestTls : requestPlain;
	const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
	const outgoing = request({
		method,
		path: url.pathname + url.search,
		// A connection of its own.
		...(over === undefined ? {agent: false as const} : {createConnection: () => over}),
		// A large header is a finding, not a reason to fail.
		maxHeaderSize: 256 * 1024,
		host: viaPort === undefined ? hostname : '127.0.0.1',
		port: viaPort ?? portOf(url),
		...(url.protocol === 'https:' && /[a-z]/i.test(hostname) && {servername: hostname}),
		...(ca !== undefined && {ca}),
		...(url.username !== '' && {auth: `${unescaped(url.username)}:${unescaped(url.password)}`}),
	});
	outgoing.setHeader('accept', '*/*');
	for (const [name] of headers) outgoing.removeHeader(name);
	for (const [name, value] of headers) outgoing.appendHeader(name, value);
	if (!outgoing.hasHeader('host')) outgoing.setHeader('host', url.host);
	outgoing.setHeader('connection', 'close');
	if (body !== undefined) outgoing.setHeader('content-length', Buffer.byteLength(body));
	else if (method !== 'GET' && method !== 'HEAD') outgoing.setHeader('content-length', 0);
	return outgoing;
}

export function portOf(url: URL): number {
	if (url.port !== '') return Number(url.port);
	return url.protocol === 'https:' ? 443 : 80;
}

function reasonOf({code = ''}: NodeJS.ErrnoException, connected: boolean): Failure['reason'] {
	if (code.startsWith('HPE_')) return 'malformed';
	return connected ? 'closed' : 'not-connected';
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
	const all: Record<string, string> = Object.create(null) as Record<string, string>;
	for (const [name, values = []] of Object.entries(incoming.headersDistinct)) all[name] = values.join(', ');
	return all;
}

type Body = {readonly body: Buffer; readonly cut: boolean};

/** Reads up to the limit, decoded where it can be, and calls back once. */
function readBody(incoming: IncomingMessage, done: (body: Body) => void): void {
	const decoder = decoderOf(incoming.headers['content-encoding']);
	const chunks: Buffer[] = [];
	let size = 0;
	let over = false;
	const finish = (cut: boolean) => {
		if (over) return;
		over = true;
		done({body: Buffer.concat(chunks).subarray(0, bodyLimit), cut});
	};
	const source = decoder === undefined ? incoming : incoming.pipe(decoder);
	source.on('data', (chunk: Buffer) => {
		chunks.push(chunk);
		size += chunk.length;
		if (size > bodyLimit) finish(true);
	});
	source.on('end', () => {
		finish(!incoming.complete);
	});
	source.on('error', () => {
		finish(true);
	});
	incoming.on('error', () => {
		finish(true);
	});
	incoming.on('close', () => {
		if (!incoming.complete) finish(true);
	});
}

function decoderOf(encoding: string | undefined) {
	// What ends too early is a cut body, and no error.
	const lenient = {finishFlush: constants.Z_SYNC_FLUSH};
	if (encoding === 'gzip') return createGunzip(lenient);
	if (encoding === 'deflate') return createInflate(lenient);
	return encoding === 'br' ? createBrotliDecompress() : undefined;
}
