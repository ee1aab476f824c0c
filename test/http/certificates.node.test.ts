import {once} from 'node:events';
import {createServer, type ServerOptions} from 'node:https';
import {createServer as createTcpServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {Agent} from 'undici';
import {describe, expect, test} from 'vitest';
import {createClient} from '../../src/ky/index.ts';
import {cert, key} from '../support/certificate.ts';
import {realm} from './realm.ts';

const order = {method: 'POST', body: '1', operation: 'pay'} as const;
const trusting = (init: object) => ({...init, dispatcher: new Agent({connect: {ca: cert}})}) as RequestInit;

async function listen(
	server: Server,
): Promise<AsyncDisposable & {readonly port: number; readonly connections: number}> {
	const sockets = new Set<Socket>();
	server.on('connection', (socket: Socket) => {
		socket.on('error', () => undefined);
		sockets.add(socket);
	});
	server.listen(0);
	await once(server, 'listening');
	return {
		port: (server.address() as AddressInfo).port,
		get connections() {
			return sockets.size;
		},
		async [Symbol.asyncDispose]() {
			for (const socket of sockets) socket.destroy();
			server.close();
			await once(server, 'close');
		},
	};
}

/** `effects`: the requests that arrived. */
async function listenTls(options: ServerOptions = {}) {
	const effects: Array<string | undefined> = [];
	const server = createServer({cert, key, ...options}, (incoming, outgoing) => {
		effects.push(incoming.method);
		outgoing.writeHead(201).end();
	});
	return Object.assign(await listen(server), {effects});
}

describe('a server whose certificate the client does not trust gets nothing, and is not asked again', () => {
	test('self-signed', async () => {
		await using server = await listenTls();
		const {fetch, events} = realm();

		await expect(fetch(`https://localhost:${server.port}/pay`, order)).rejects.toMatchObject({
			code: 'NOT_SENT',
			attempts: 1,
			cause: {cause: {code: 'DEPTH_ZERO_SELF_SIGNED_CERT'}},
		});
		expect(events.map(event => event.type)).toEqual(['attempt', 'answer', 'settled']);
		expect(events).toContainEqual(expect.objectContaining({type: 'answer', verdict: 'not-sent'}));
		expect(server.connections).toBe(1);
		expect(server.effects).toEqual([]);
	});

	test('for another host', async () => {
		await using server = await listenTls();
		const {fetch} = realm();

		await expect(fetch(`https://127.0.0.1:${server.port}/pay`, trusting(order))).rejects.toMatchObject({
			code: 'NOT_SENT',
			attempts: 1,
			cause: {cause: {code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: '127.0.0.1'}},
		});
		expect(server.effects).toEqual([]);
	});

	test('by a client', async () => {
		await using server = await listenTls();
		const api = createClient({scope: null});
		const call = api.post(`https://localhost:${server.port}/pay`, {json: {}, operation: 'pay'});

		await expect(call).rejects.toMatchObject({code: 'NOT_SENT', attempts: 1});
		expect(server.effects).toEqual([]);
	});
});

test('a certificate that is trusted is none of it', async () => {
	await using server = await listenTls();
	const {fetch} = realm();

	expect((await fetch(`https://localhost:${server.port}/pay`, trusting(order))).status).toBe(201);
	expect(server.effects).toEqual(['POST']);
});

describe('what the other side does to the connection proves nothing', () => {
	test('an alert that comes after the handshake: it wants a certificate of the client', async () => {
		await using server = await listenTls({requestCert: true, rejectUnauthorized: true, ca: cert});
		const {fetch} = realm({retry: {limit: 1, delay: () => 1}});

		await expect(fetch(`https://localhost:${server.port}/pay`, trusting(order))).rejects.toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			attempts: 2,
		});
	});

	const handshakeFailure = Buffer.from([0x15, 3, 3, 0, 2, 2, 40]);
	const badCertificate = Buffer.from([0x15, 3, 3, 0, 2, 2, 42]);

	test.each<[string, (socket: Socket) => unknown, RegExp]>([
		['an alert of a failed handshake', socket => socket.end(handshakeFailure), /^ERR_SSL_.*ALERT/],
		['an alert of a bad certificate', socket => socket.end(badCertificate), /^ERR_SSL_.*ALERT_BAD_CERTIFICATE/],
		['a closed socket', socket => socket.destroy(), /^ECONNRESET$/],
		['a socket that is reset', socket => socket.resetAndDestroy(), /^ECONNRESET$/],
		['a server that speaks no TLS', socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /^ERR_SSL_/],
	])('%s', async (_, act, code) => {
		const tcp = createTcpServer(socket => {
			socket.once('data', () => {
				act(socket);
			});
		});
		await using server = await listen(tcp);
		const {fetch} = realm({retry: {limit: 1, delay: () => 1}});

		await expect(fetch(`https://localhost:${server.port}/pay`, order)).rejects.toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			attempts: 2,
			cause: {cause: {code: expect.stringMatching(code) as unknown}},
		});
	});
});
