import {once} from 'node:events';
import {createServer, request, type IncomingHttpHeaders, type IncomingMessage, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer} from 'node:stream/consumers';
import {onTestFinished} from 'vitest';

export type Answer = {
	readonly status: number;
	readonly message: string;
	readonly headers: IncomingHttpHeaders;
	readonly raw: readonly string[];
	readonly trailers: NodeJS.Dict<string>;
	readonly bytes: Buffer;
	readonly text: string;
};

type Sent = {
	readonly key?: string | null;
	readonly method?: string;
	readonly path?: string;
	readonly headers?: Record<string, string>;
	readonly body?: string | Uint8Array | null;
};

/** A listener on a port of its own, until the test is over. */
export async function listen(listener: RequestListener) {
	const server = createServer(listener).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});

	/** A request on a connection of its own. */
	function open({key = 'k', method = 'POST', path = '/pay', headers = {}}: Sent = {}) {
		const own = {'content-type': 'application/json', ...(key !== null && {'idempotency-key': key}), ...headers};
		return request({port, host: '127.0.0.1', method, path, headers: own, agent: false});
	}

	async function send(sent: Sent = {}): Promise<Answer> {
		const outgoing = open(sent);
		outgoing.end(sent.body === undefined ? '{"amount":1}' : (sent.body ?? undefined));
		const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
		const bytes = await buffer(incoming);
		return {
			status: incoming.statusCode ?? 0,
			message: incoming.statusMessage ?? '',
			headers: incoming.headers,
			raw: incoming.rawHeaders,
			trailers: incoming.trailers,
			bytes,
			text: bytes.toString(),
		};
	}

	return {server, port, open, send};
}
