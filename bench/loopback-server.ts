/** The server of the loopback cases, in a process of its own: its work is not counted. */
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

const answer = JSON.stringify({id: 'order_1', status: 'paid', total: 4999, currency: 'EUR'});
const server = createServer((request, response) => {
	request.resume().on('end', () => {
		response.writeHead(201, {'content-type': 'application/json', 'content-length': Buffer.byteLength(answer)});
		response.end(answer);
	});
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => {
	server.close();
	server.closeAllConnections();
});
