import {once} from 'node:events';
import {createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer} from 'node:stream/consumers';
import {gzipSync} from 'node:zlib';

export type ReceivedRequest = {
	readonly method: string;
	readonly url: string;
	readonly headers: IncomingHttpHeaders;
	/** Empty when the server never read it. */
	readonly body: Buffer;
};

/** The healthy answer to a request; its effect waits for `hold`. */
export type Serve = (request: Request, hold?: Promise<unknown>) => Promise<Response>;

/** What one fault has to work with. */
export type Exchange = {
	readonly incoming: IncomingMessage;
	readonly outgoing: ServerResponse;
	readonly read: () => Promise<Buffer>;
	/** Reads the request and does the healthy work. */
	readonly serve: (hold?: Promise<unknown>) => Promise<Response>;
};

export type Fault = (exchange: Exchange) => void | Promise<void>;

export type FaultyServer = AsyncDisposable & {
	readonly origin: string;
	/** In order of arrival. */
	readonly requests: readonly ReceivedRequest[];
	/** One fault per attempt that is yet to come; after the last one, none. GET requests are no attempts. */
	script(faults: readonly Fault[]): void;
	close(): Promise<void>;
};

export const none: Fault = async ({serve, outgoing}) => send(outgoing, await serve());

/** The connection fails before the request is read. */
export const dropRequest: Fault = ({incoming}) => {
	incoming.socket.destroy();
};

/** The work is done, then the connection fails. */
export const dropResponse: Fault = async ({serve, outgoing}) => {
	await serve();
	outgoing.destroy();
};

/** The work is done, then the connection fails in the middle of the answer. */
export const cutResponse: Fault = async ({serve, outgoing}) => {
	const response = await serve();
	const body = Buffer.from(await response.arrayBuffer());
	outgoing.setHeaders(response.headers).writeHead(response.status, {'content-length': body.length});
	outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
};

/** The key is taken, the work waits until the promise resolves. */
export function holdRequest(released: Promise<unknown>): Fault {
	return async ({serve, outgoing}) => send(outgoing, await serve(released));
}

/** The work is done, the answer waits until the promise resolves. */
export function holdResponse(released: Promise<unknown>): Fault {
	return async ({serve, outgoing}) => {
		const response = await serve();
		await released;
		await send(outgoing, response);
	};
}

/** Answers without doing the work: a 503 of a gateway, a redirect to a login page. */
export function answerBefore(status: number, headers: Record<string, string> = {}, body = ''): Fault {
	return async ({read, outgoing}) => {
		await read();
		outgoing.writeHead(status, headers).end(body);
	};
}

/** Does the work, then answers with something else. */
export function answerAfter(status: number, headers: Record<string, string> = {}, body = ''): Fault {
	return async ({serve, outgoing}) => {
		await serve();
		outgoing.writeHead(status, headers).end(body);
	};
}

/** Does the work, then answers piece by piece: server-sent events, ndjson, megabytes. */
export function stream(contentType: string, pieces: Iterable<string> | AsyncIterable<string>): Fault {
	return async ({serve, outgoing}) => {
		await serve();
		outgoing.writeHead(200, {'content-type': contentType}).flushHeaders();
		for await (const piece of pieces) outgoing.write(piece);
		outgoing.end();
	};
}

/** Does the work and compresses the answer. */
export const gzip: Fault = async ({serve, outgoing}) => {
	const response = await serve();
	response.headers.set('content-encoding', 'gzip');
	await send(outgoing, response, gzipSync(Buffer.from(await response.arrayBuffer())));
};

async function send(outgoing: ServerResponse, response: Response, body?: Uint8Array): Promise<void> {
	outgoing
		.setHeaders(response.headers)
		.writeHead(response.status)
		.end(body ?? Buffer.from(await response.arrayBuffer()));
}

/** A server on loopback whose connections break as scripted: what a mock inside the process cannot do. */
export async function startFaultyServer(serve: Serve): Promise<FaultyServer> {
	const requests: ReceivedRequest[] = [];
	let faults: readonly Fault[] = [];
	let attempts = 0;

	async function exchange(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		const {method = '', url = '', headers} = incoming;
		const received = {method, url, headers, body: Buffer.alloc(0)};
		requests.push(received);
		if (method === 'GET') {
			outgoing.writeHead(200, {'content-type': 'text/html'}).end('<h1>A page</h1>');
			return;
		}

		const read = async () => (received.body = await buffer(incoming));
		const fault = faults[attempts++] ?? none;
		await fault({
			incoming,
			outgoing,
			read,
			async serve(hold) {
				const init = {method, headers: headers as HeadersInit, body: await read()};
				return serve(new Request(new URL(url, origin), init), hold);
			},
		});
	}

	const server = createServer((incoming, outgoing) => {
		exchange(incoming, outgoing).catch((error: unknown) => {
			if (outgoing.headersSent) outgoing.destroy();
			else outgoing.writeHead(500).end(String(error));
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

	async function close(): Promise<void> {
		server.closeAllConnections();
		await new Promise(resolve => server.close(resolve));
	}

	return {
		origin,
		requests,
		script(next) {
			faults = next;
			attempts = 0;
		},
		close,
		[Symbol.asyncDispose]: close,
	};
}
