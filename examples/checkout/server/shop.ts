import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer, json} from 'node:stream/consumers';
import {setTimeout as sleep} from 'node:timers/promises';
import {createDesk, type Desk, type TillName} from './desk.ts';
import {createTill, type Till} from './till.ts';

export type PageFile = {readonly type: string; readonly body: string | Uint8Array};

export type Shop = AsyncDisposable & {
	readonly origin: string;
	readonly tills: Readonly<Record<TillName, Till>>;
	readonly desk: Desk;
	readonly close: () => Promise<void>;
};

export type ShopOptions = {
	/** The first port to try; the next ones follow where it is taken. Default: any. */
	readonly port?: number;
	/** The checkout page, by path. Default: none. */
	readonly files?: ReadonlyMap<string, PageFile>;
	/** How time passes in the shop. Default: as it does. */
	readonly pause?: (ms: number) => Promise<unknown>;
};

/** The shop as the demo opens it, so that the first press shows what it is about: its answer is lost. */
export async function startDemo(options?: ShopOptions): Promise<Shop> {
	const shop = await startShop(options);
	shop.desk.flip('lost', true);
	return shop;
}

/** The API below `/api`, the desk below `/desk`, the page at the root. Only this machine can reach it. */
export async function startShop({port = 0, files = new Map(), pause = sleep}: ShopOptions = {}): Promise<Shop> {
	const desk = createDesk(() => Object.values(tills));
	const till = (name: TillName) =>
		createTill({
			pause,
			onCharge: charge => {
				desk.book(name, charge);
			},
		});
	const tills = {latchkey: till('latchkey'), plain: till('plain')};

	const server = createServer((incoming, outgoing) => {
		// Browsers send a POST again by themselves when a connection that they reuse breaks; here each attempt must show.
		outgoing.shouldKeepAlive = false;
		answer(incoming, outgoing).catch((error: unknown) => {
			if (outgoing.headersSent) outgoing.destroy();
			else outgoing.writeHead(500).end(String(error));
		});
	});

	async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		const {method = '', url = ''} = incoming;
		const file = files.get(url);
		if (url === '/api/pay/latchkey') await pay(tills.latchkey, incoming, outgoing);
		else if (url === '/api/pay/plain') await pay(tills.plain, incoming, outgoing);
		else if (url === '/desk/switches' && method === 'POST') await flip(incoming, outgoing);
		else if (url === '/desk/purchases' && method === 'POST') await move(incoming, outgoing);
		else if (url === '/desk') stream(outgoing);
		else if (file === undefined) outgoing.writeHead(404).end('Not found');
		else
			outgoing
				.writeHead(200, {'content-type': `${file.type}; charset=utf-8`, 'cache-control': 'no-store'})
				.end(file.body);
	}

	async function pay({pay}: Till, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		if (desk.state().switches.plug) {
			incoming.socket.destroy();
			return;
		}

		const {method = '', url = '', headers} = incoming;
		const body = await buffer(incoming);
		const response = await pay(new Request(new URL(url, origin), {method, headers: headers as HeadersInit, body}));
		if (response === undefined) outgoing.destroy();
		else
			outgoing
				.setHeaders(response.headers)
				.writeHead(response.status)
				.end(Buffer.from(await response.arrayBuffer()));
	}

	/** The desk stays reachable with the plug pulled, or nobody could put it back. */
	async function flip(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		const {name, on} = (await json(incoming)) as {name: string; on: boolean};
		desk.flip(name, on);
		outgoing.writeHead(204).end(() => {
			if (name === 'plug' && on) server.closeAllConnections();
		});
	}

	async function move(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		const {cart} = (await json(incoming)) as {cart: string};
		desk.nextPurchase(cart);
		outgoing.writeHead(204).end();
	}

	function stream(outgoing: ServerResponse): void {
		const send = () => {
			outgoing.write(`data: ${JSON.stringify(desk.state())}\n\n`);
		};
		outgoing.writeHead(200, {'content-type': 'text/event-stream', 'cache-control': 'no-store'});
		outgoing.write('retry: 500\n\n');
		send();
		outgoing.on('close', desk.watch(send));
	}

	for (let next = port; ; next++) {
		server.listen(next, 'localhost');
		try {
			await once(server, 'listening');
			break;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
		}
	}

	const origin = `http://localhost:${(server.address() as AddressInfo).port}`;

	async function close(): Promise<void> {
		server.closeAllConnections();
		await new Promise(resolve => server.close(resolve));
	}

	return {origin, tills, desk, close, [Symbol.asyncDispose]: close};
}
