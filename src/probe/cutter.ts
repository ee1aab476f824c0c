import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import type {Clock} from './clock.ts';

/** A proxy on loopback that gives the server the request, and keeps the answer for itself. */
export type Cutter = {
	readonly port: number;
	/** From now on no byte of the server reaches the client. Before, a TLS handshake has to. */
	readonly arm: () => void;
	/** The bytes that were kept, when the server has ended its answer and the client's connection has been reset. */
	readonly kept: Promise<Buffer>;
	readonly close: () => void;
};

/** An answer has ended when its connection has, or when nothing more comes for so long, in milliseconds. */
const quiet = 1000;

export async function startCutter(
	target: {readonly host: string; readonly port: number},
	clock: Clock,
): Promise<Cutter> {
	const bytes: Buffer[] = [];
	let armed = false;
	let cancel = () => {};
	const sockets = new Set<Socket>();
	let resolve: (bytes: Buffer) => void = () => {};
	const kept = new Promise<Buffer>(settle => {
		resolve = settle;
	});

	const server = createServer({allowHalfOpen: true}, client => {
		const upstream = connect(target);
		for (const socket of [client, upstream]) sockets.add(socket);

		function cut(): void {
			cancel();
			client.resetAndDestroy();
			upstream.destroy();
			resolve(Buffer.concat(bytes));
		}

		client.on('data', chunk => upstream.write(chunk));
		// The client that gave up is no client that lost the answer.
		client.on('close', cut);
		client.on('error', cut);
		upstream.on('data', chunk => {
			if (!armed) {
				client.write(chunk);
				return;
			}

			bytes.push(chunk);
			cancel();
			cancel = clock.after(quiet, cut);
		});
		upstream.on('close', cut);
		upstream.on('error', cut);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');

	return {
		port: (server.address() as AddressInfo).port,
		arm() {
			armed = true;
		},
		kept,
		close() {
			cancel();
			server.close();
			for (const socket of sockets) socket.destroy();
			resolve(Buffer.concat(bytes));
		},
	};
}
