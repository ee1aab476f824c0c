import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer, type AddressInfo, type Socket} from 'node:net';
import {once} from 'node:events';
import {brotliCompressSync, deflateSync, gzipSync} from 'node:zlib';
import {describe, expect, test} from 'vitest';
import {systemClock} from '../../src/probe/clock.ts';
import {exchange} from '../../src/probe/exchange.ts';
import {guard, start} from './guard.ts';
import {body, findings, latchkey, reportOn} from './run.ts';

type Behave = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const gzipped = gzipSync('{"id":"order-1"}');

/** What a server does with every request; what becomes of the first call. */
const answers: ReadonlyArray<readonly [string, Behave, RegExp]> = [
	['never answers', () => {}, /got no answer \(timed out\)/],
	['closes the connection', incoming => incoming.socket.destroy(), /got no answer \(closed.*\)/],
	['resets the connection', incoming => incoming.socket.resetAndDestroy(), /got no answer \(closed, ECONNRESET\)/],
	[
		'redirects',
		(_, outgoing) => outgoing.writeHead(307, {location: '/login'}).end(),
		/answered with 307, which is not followed/,
	],
	['refuses', (_, outgoing) => outgoing.writeHead(401).end(), /answered with 401/],
	['fails', (_, outgoing) => outgoing.writeHead(503).end('{'), /answered with 503/],
	['says nothing but 102', (_, outgoing) => outgoing.writeProcessing(), /timed out/],
	['begins an answer and stops', (_, outgoing) => void outgoing.writeHead(201).write('{'), /timed out/],
	['has a head without an end', endless('x: y\r\n'), /malformed|closed/],
	['does not speak HTTP', ({socket}) => socket.end('HELO\r\n\r\n'), /malformed/],
	[
		'sends two lengths',
		({socket}) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
		/malformed/,
	],
];

function endless(piece: string): Behave {
	return ({socket}) => {
		const pour = () => {
			while (!socket.destroyed && socket.write(piece.repeat(1000)));
		};
		socket.on('drain', pour).on('error', () => {});
		socket.write('HTTP/1.1 200 OK\r\n');
		pour();
	};
}

test.each(answers)('a server that %s: the probe says so, and ends with 3', async (_, behave, said) => {
	await using server = await start((incoming, outgoing) => {
		incoming.resume();
		incoming.on('end', () => behave(incoming, outgoing));
	});
	const {status, err, out} = await latchkey('probe', server.origin, '--body', body, '--timeout', '300ms', '--json');
	expect({status, out}).toEqual({status: 3, out: ''});
	expect(err).toMatch(said);
});

test('a server that is not there', async () => {
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	await new Promise(resolve => server.close(resolve));
	const {status, err} = await latchkey('probe', `http://127.0.0.1:${port}`);
	expect(status).toBe(3);
	expect(err).toContain('got no answer (not connected, ECONNREFUSED)');
});

describe('what can be read is probed', () => {
	test.each<[string, (outgoing: ServerResponse, id: string) => void]>([
		['broken JSON', (outgoing, id) => outgoing.end(`{"id":"${id}"`)],
		['no body', (outgoing, id) => outgoing.setHeader('location', `/orders/${id}`).end()],
		['gzip', (outgoing, id) => outgoing.setHeader('content-encoding', 'gzip').end(gzipSync(`{"id":"${id}"}`))],
		[
			'brotli',
			(outgoing, id) => outgoing.setHeader('content-encoding', 'br').end(brotliCompressSync(`{"id":"${id}"}`)),
		],
		['gzip that is none', (outgoing, id) => outgoing.setHeader('content-encoding', 'gzip').end(`{"id":"${id}"}`)],
		['gzip that is cut', outgoing => outgoing.setHeader('content-encoding', 'gzip').end(gzipped.subarray(0, 25))],
		['a length that is too long', (outgoing, id) => cutAt(outgoing, `{"id":"${id}"}`)],
		['a large header', (outgoing, id) => outgoing.setHeader('x-large', 'x'.repeat(100_000)).end(`{"id":"${id}"}`)],
		['a body without an end', outgoing => pour(outgoing)],
		['terminal escapes', (outgoing, id) => outgoing.end(`{"id":"${id}","title":"\u001B[2J"}`)],
	])('%s', async (_, write) => {
		let orders = 0;
		await using server = await start((incoming, outgoing) => {
			incoming.resume();
			incoming.on('end', () => write(outgoing, `order-${++orders}`));
		});
		const report = await reportOn(server.origin, '--body', body, '--timeout', '2s');
		expect(['executed-again', 'unclear']).toContain(findings(report)['replay']);
		expect(report.verdict.safe).not.toBe('yes');
	});
});

function cutAt(outgoing: ServerResponse, text: string): void {
	outgoing.writeHead(201, {'content-length': 1000});
	outgoing.write(text, () => outgoing.destroy());
}

function pour(outgoing: ServerResponse): void {
	const more = () => {
		while (!outgoing.destroyed && outgoing.write('x'.repeat(10_000)));
	};
	outgoing.on('drain', more).on('error', () => {});
	outgoing.writeHead(200);
	more();
}

test.each([
	['gzip', gzipSync],
	['deflate', deflateSync],
	['br', brotliCompressSync],
] as const)('what comes as %s is read', async (encoding, compress) => {
	await using server = await start((_, outgoing) => {
		outgoing.writeHead(200, {'content-encoding': encoding}).end(compress('{"id":1}'));
	});
	const sent = {url: new URL(server.origin), method: 'GET', headers: [], body: undefined};
	const seen = await exchange(sent, {clock: systemClock, timeout: 10_000});
	expect(seen).toMatchObject({body: '{"id":1}', cut: false});
});

test('a server that turns hostile later is probed to its end', async () => {
	const shop = guard();
	let calls = 0;
	const sockets = new Set<Socket>();
	await using server = await start((incoming, outgoing) => {
		sockets.add(incoming.socket);
		if (++calls <= 5) shop.listener(incoming, outgoing);
		else if (calls % 2 === 0) incoming.socket.destroy();
	});
	const report = await reportOn(server.origin, '--body', body, '--timeout', '100ms');
	expect(findings(report)).toMatchObject({replay: 'replayed', 'twenty-at-once': 'failed', 'missing-key': 'no-answer'});
	expect(report.verdict.safe).toBe('unknown');
	expect(report.sent).toBeLessThanOrEqual(report.plan.requests);
});

test('a handler that goes on after its client has gone is counted', async () => {
	const shop = guard({afterAbort: 'freed'});
	await using server = await start(shop.listener);
	const report = await reportOn(`${server.origin}/orders`, '--body', body, '--count', `${server.origin}/orders`);
	expect(findings(report)['client-abort']).toBe('several-effects');
});

test('a count that breaks on the way ends the probe, and it says that requests were sent', async () => {
	const shop = guard();
	let counts = 0;
	await using server = await start((incoming, outgoing) => {
		if (incoming.method === 'GET' && ++counts > 10) outgoing.writeHead(500).end();
		else shop.listener(incoming, outgoing);
	});
	const {status, err} = await latchkey('probe', server.origin, '--body', body, '--count', server.origin);
	expect(status).toBe(3);
	expect(err).toBe('--count was answered with 500, after requests were sent\n');
});

test('a user and a password that are not percent-encoded well', async () => {
	const shop = guard();
	await using server = await start(shop.listener);
	const {host} = new URL(server.origin);
	const {status} = await latchkey('probe', `http://a%zz:b%@${host}/`, '--body', body);
	expect(status).toBe(0);
});
