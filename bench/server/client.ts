import {once} from 'node:events';
import {connect, type Socket} from 'node:net';

/** Sends one request under a key, and reads its answer whole. */
type Send = (key: string) => Promise<void>;

export type Client = {
	/**
	 * Sends one request under each of the keys, so many at once. `awake`: it never sleeps meanwhile. Waking it up is paid for by
	 * the server, at each answer, and the more the slower the server is.
	 */
	readonly send: (keys: readonly string[], inFlight: number, awake: boolean) => Promise<void>;
	readonly close: () => void;
};

const BODY = JSON.stringify({article: 'a book on retries', amount: 3});

function requestOf(key: string): string {
	return `POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: ${key}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
}

/** Connections that stay open. By hand, because a client of `node:http` takes longer than the servers. */
export async function clientOf(port: number, connections: number): Promise<Client> {
	const sockets = await Promise.all(Array.from({length: connections}, async () => open(port)));
	const senders = sockets.map(senderOn);
	return {
		async send(keys, inFlight, awake) {
			let [next, over] = [0, false];
			const turn = () => {
				if (!over) setImmediate(turn);
			};
			if (awake) turn();
			const line = async (send: Send) => {
				for (let key = keys[next++]; key !== undefined; key = keys[next++]) await send(key);
			};
			await Promise.all(senders.slice(0, inFlight).map(line)).finally(() => {
				over = true;
			});
		},
		close() {
			for (const socket of sockets) socket.destroy();
		},
	};
}

async function open(port: number): Promise<Socket> {
	const socket = connect({port, host: '127.0.0.1', noDelay: true});
	await once(socket, 'connect');
	return socket;
}

function senderOn(socket: Socket): Send {
	let waiting: {done: () => void; fail: (error: Error) => void} | undefined;
	let read = '';
	socket.setEncoding('latin1');
	socket.on('data', (text: string) => {
		read += text;
		if (!isWhole(read)) return;
		const {status} = /^HTTP\/1\.1 (?<status>\d+)/.exec(read)?.groups ?? {};
		if (status === '201') waiting?.done();
		else waiting?.fail(new Error(`The answer was ${read}`));
		read = '';
	});
	socket.on('close', () => waiting?.fail(new Error('The server has closed a connection')));
	socket.on('error', () => undefined);
	return async key =>
		new Promise((done, fail) => {
			waiting = {done, fail};
			socket.write(requestOf(key));
		});
}

/** Of the two ways to end that servers of `node:http` have. */
function isWhole(text: string): boolean {
	const head = text.indexOf('\r\n\r\n');
	if (head < 0) return false;
	const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
	return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= head + 4 + Number(length);
}
