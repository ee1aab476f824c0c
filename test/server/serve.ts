import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {Readable} from 'node:stream';

/** What goes wrong with an exchange, after the handler has run: nothing, no answer, or half of one. */
export type Fault = 'none' | 'lose-request' | 'lose-response' | 'cut';

/** A handler of fetch's kind on a port of its own, over real HTTP. `faults`: one for each request, in order. */
export async function serveOn(handler: (request: Request) => Promise<Response>, faults: Fault[] = []) {
	let arrived = 0;
	const server = createServer((incoming, outgoing) => {
		const fault = faults[arrived++] ?? 'none';
		const answer = async () => {
			if (fault === 'lose-request') return outgoing.destroy();
			const {method = 'GET', url = '/'} = incoming;
			const hasBody = method !== 'GET' && method !== 'HEAD';
			const request = new Request(new URL(url, `http://${incoming.headers.host}`), {
				method,
				headers: Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
					values.map((value): [string, string] => [name, value]),
				),
				...(hasBody && {body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half'}),
			});
			const response = await handler(request);
			if (fault === 'lose-response') return outgoing.destroy();
			const body = new Uint8Array(await response.arrayBuffer());
			outgoing.writeHead(response.status, [...response.headers].flat());
			if (fault !== 'cut') return outgoing.end(body);
			outgoing.write(body.subarray(0, 1));
			return setImmediate(() => outgoing.destroy());
		};
		answer().catch(() => {
			outgoing.statusCode = 500;
			outgoing.end();
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pay`,
		arrived: () => arrived,
		async close() {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
