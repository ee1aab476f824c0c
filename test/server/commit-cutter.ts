import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';

/** A way to Postgres that breaks at a COMMIT: before it arrives, or before its answer does. */
export async function commitCutter(url: string) {
	const target = new URL(url);
	let cut: 'never' | 'before' | 'after' = 'never';
	const sockets = new Set<Socket>();
	const server = createServer(near => {
		const far = connect(Number(target.port), target.hostname);
		let committing = false;
		for (const socket of [near, far]) {
			sockets.add(socket);
			socket.on('error', () => undefined);
		}

		const end = () => {
			near.destroy();
			far.destroy();
		};
		near.on('close', end);
		far.on('close', end);
		near.on('data', data => {
			committing = cut !== 'never' && data.includes('COMMIT');
			if (!committing || cut === 'after') return far.write(data);
			cut = 'never';
			return end();
		});
		far.on('data', data => {
			if (!committing) return near.write(data);
			cut = 'never';
			return end();
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const way = new URL(url);
	way.port = String((server.address() as AddressInfo).port);
	return {
		url: way.href,
		/** The next COMMIT. */
		cut(when: 'before' | 'after') {
			cut = when;
		},
		async close() {
			for (const socket of sockets) socket.destroy();
			server.close();
			await once(server, 'close');
		},
	};
}
