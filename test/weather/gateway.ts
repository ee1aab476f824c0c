import {once} from 'node:events';
import {createServer, request as requestOf, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

export type Gateway = {
	readonly port: number;
	/** How many preflights were asked. */
	readonly preflights: number;
	/** Allows other origins these request headers from now on. */
	allow(headers: string): void;
	close(): Promise<void>;
};

export type GatewayOptions = {
	/** The origin of the server behind it. Where that breaks a connection, so does this. */
	readonly upstream: string;
	/** Scripts by their path; the page loads `/shop.js`. */
	readonly scripts: ReadonlyMap<string, string>;
	/** Whether connections are used again: a browser then resends by itself what got no answer on an old one. */
	readonly keepAlive: boolean;
};

/** Serves the page of a shop and its API from one origin, and to others what it allows them. */
export async function startGateway({upstream, scripts, keepAlive}: GatewayOptions): Promise<Gateway> {
	let preflights = 0;
	let allowed = '';
	const server = createServer((incoming, outgoing) => {
		outgoing.shouldKeepAlive = keepAlive;
		outgoing.setHeader('access-control-allow-origin', '*');
		if (incoming.method === 'GET') {
			servePage(new URL(incoming.url ?? '', upstream).pathname, outgoing, scripts);
		} else if (incoming.method === 'OPTIONS') {
			preflights++;
			outgoing.writeHead(204, {'access-control-allow-headers': allowed}).end();
		} else forward(incoming, outgoing, upstream);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');

	return {
		port: (server.address() as AddressInfo).port,
		get preflights() {
			return preflights;
		},
		allow(headers) {
			allowed = headers;
		},
		async close() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}

/** `/away` is a page without a shop, `/sandboxed` one whose origin is opaque, so that the browser forbids it all storage. */
function servePage(path: string, outgoing: ServerResponse, scripts: ReadonlyMap<string, string>): void {
	const script = scripts.get(path);
	if (script !== undefined) {
		outgoing.setHeader('content-type', 'text/javascript').end(script);
		return;
	}

	if (path === '/sandboxed') outgoing.setHeader('content-security-policy', 'sandbox allow-scripts');
	const shop = path === '/away' ? '' : '<script type="module" src="/shop.js"></script>';
	outgoing.setHeader('content-type', 'text/html').end(`<!doctype html><title>${path}</title>${shop}`);
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, upstream: string): void {
	const {method, headers} = incoming;
	const onward = requestOf(new URL(incoming.url ?? '', upstream), {method, headers}, answer => {
		const {connection, ...passed} = answer.headers;
		outgoing.writeHead(answer.statusCode ?? 502, passed);
		answer.on('error', () => outgoing.destroy());
		answer.pipe(outgoing);
	});
	onward.on('error', () => outgoing.destroy());
	outgoing.on('close', () => onward.destroy());
	incoming.pipe(onward);
}
