import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';

/** Serves, tells the parent process its port, and ends with it. */
export function serve(listener: RequestListener): void {
	const server = createServer(listener);
	server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
	process.on('disconnect', () => process.exit());
}
