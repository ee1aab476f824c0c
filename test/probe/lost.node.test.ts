import {createServer as createTlsServer} from 'node:https';
import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {Lab} from '../../src/probe/check.ts';
import {lostResponse} from '../../src/probe/checks/lost.ts';
import {systemClock} from '../../src/probe/clock.ts';
import {startCutter} from '../../src/probe/cutter.ts';
import {exchange, type Seen} from '../../src/probe/exchange.ts';
import {cert, key} from '../support/certificate.ts';
import {guard, start} from './guard.ts';

const sent = (url: string) => ({url: new URL(url), method: 'POST', headers: [], body: '{"amount":1}'}) as const;

test('the server answers whole, the client hears nothing, and the proxy has the answer', async () => {
	const done: string[] = [];
	await using server = await start((incoming, outgoing) => {
		outgoing.on('finish', () => done.push('finished'));
		incoming.on('aborted', () => done.push('aborted'));
		incoming.resume().on('end', () => outgoing.writeHead(201, {'x-a': 'b'}).end('{"id":1}'));
	});
	const url = new URL(server.origin);
	const cutter = await startCutter({host: url.hostname, port: Number(url.port)}, systemClock);
	onTestFinished(cutter.close);
	const delivery = {clock: systemClock, timeout: 10_000, viaPort: cutter.port, onConnected: cutter.arm};
	expect(await exchange(sent(server.origin), delivery)).toMatchObject({kind: 'failure', reason: 'closed'});
	expect((await cutter.kept).toString()).toMatch(/^HTTP\/1\.1 201 [^]*x-a: b[^]*\{"id":1\}/);
	expect(done).toEqual(['finished']);
});

test('a server that keeps its connection is cut when it has been quiet', async () => {
	const sockets: Socket[] = [];
	const server = createServer(socket => {
		sockets.push(socket.on('error', () => {}));
		socket.once('data', () => socket.write('HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}'));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	onTestFinished(() => void server.close());
	const waits: number[] = [];
	const clock = {
		...systemClock,
		after: (milliseconds: number, callback: () => void) => {
			waits.push(milliseconds);
			return systemClock.after(milliseconds === 1000 ? 0 : milliseconds, callback);
		},
	};
	const {port} = server.address() as AddressInfo;
	const cutter = await startCutter({host: '127.0.0.1', port}, clock);
	onTestFinished(cutter.close);
	const delivery = {clock, timeout: 10_000, viaPort: cutter.port, onConnected: cutter.arm};
	expect(await exchange(sent(`http://127.0.0.1:${port}`), delivery)).toMatchObject({reason: 'closed'});
	expect(waits).toContain(1000);
	expect((await cutter.kept).toString()).toContain('{}');
});

test('under TLS the handshake passes, and the answer does not', async () => {
	const shop = guard();
	const server = createTlsServer({cert, key}, shop.listener);
	server.listen(0, 'localhost');
	await once(server, 'listening');
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const {port} = server.address() as AddressInfo;
	const url = `https://localhost:${port}/orders`;
	const cutter = await startCutter({host: 'localhost', port}, systemClock);
	onTestFinished(cutter.close);
	const request = {...sent(url), headers: [['Idempotency-Key', 'a']]} as const;
	const delivery = {clock: systemClock, timeout: 10_000, ca: cert};
	const lost = {...delivery, viaPort: cutter.port, onConnected: cutter.arm};
	expect(await exchange(request, lost)).toMatchObject({kind: 'failure', reason: 'closed'});
	expect(shop.effects).toBe(1);
	expect(await exchange(request, delivery)).toMatchObject({kind: 'answer', status: 201});
	expect(shop.effects).toBe(1);
});

test('a certificate that nobody vouches for is no connection', async () => {
	const server = createTlsServer({cert, key});
	server.listen(0, 'localhost');
	await once(server, 'listening');
	onTestFinished(() => void server.close());
	const {port} = server.address() as AddressInfo;
	const seen = await exchange(sent(`https://localhost:${port}`), {clock: systemClock, timeout: 10_000});
	expect(seen).toMatchObject({kind: 'failure', reason: 'not-connected'});
});

test('where nobody listens, the proxy gives up too', async () => {
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	await new Promise(resolve => server.close(resolve));
	const cutter = await startCutter({host: '127.0.0.1', port}, systemClock);
	onTestFinished(cutter.close);
	const client = connect(cutter.port, '127.0.0.1').on('error', () => {});
	await new Promise(resolve => client.on('close', resolve));
	expect(await cutter.kept).toHaveLength(0);
});

describe('what the proxy kept and what the retry got', () => {
	const answer = (body: string): Seen => ({kind: 'answer', status: 201, headers: {}, body, cut: false, ms: 0});
	const operation = {label: 'k1', key: 'a', uuid: 'b'};

	async function judged(kept: Seen | undefined, retry: Seen, tellsApart = true) {
		const lab = {
			tellsApart,
			newOperation: () => operation,
			counted: async () => undefined,
			sendAndLose: async () => ({seen: {kind: 'failure', reason: 'closed', detail: '', ms: 0}, kept}),
			sendUntilDone: async () => retry,
		} as unknown as Lab;
		return (await lostResponse.run(lab)).found;
	}

	test('are two effects where they differ', async () => {
		expect(await judged(answer('{"id":1}'), answer('{"id":2}'))).toBe('several-effects');
		expect(await judged(answer('{"id":1}'), answer('{"id":1}'))).toBe('one-effect');
	});

	test('tell nothing where nothing was kept, or answers tell nothing', async () => {
		expect(await judged(undefined, answer('{"id":2}'))).toBe('unclear');
		expect(await judged(answer('{"id":1}'), answer('{"id":2}'), false)).toBe('unclear');
	});
});
