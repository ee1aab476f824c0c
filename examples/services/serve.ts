import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer} from 'node:stream/consumers';

/** Serves a handler of fetch's kind, tells the parent process its port, and ends with it. */
export function serve(handler: (request: Request) => Promise<Response>): void {
	const server = createServer((incoming, outgoing) => {
		const answer = async () => {
			const {method = 'GET', url = '/', headers} = incoming;
			const body = method === 'GET' ? null : await buffer(incoming);
			const init = {method, headers: headers as HeadersInit, body};
			const response = await handler(new Request(new URL(url, 'http://localhost'), init));
			outgoing.writeHead(response.status, [...response.headers].flat());
			outgoing.end(new Uint8Array(await response.arrayBuffer()));
		};
		answer().catch((error: unknown) => {
			console.error(error);
			outgoing.writeHead(500).end();
		});
	});
	server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
	process.on('disconnect', () => process.exit());
}
