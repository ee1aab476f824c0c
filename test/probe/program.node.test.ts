import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {expect, onTestFinished, test} from 'vitest';
import {cert, key} from '../support/certificate.ts';
import {guard, start} from './guard.ts';
import {findings, latchkey, type Report} from './run.ts';

async function temporaryFile(name: string, text: string): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-probe-'));
	onTestFinished(async () => rm(folder, {recursive: true}));
	await writeFile(join(folder, name), text);
	return join(folder, name);
}

const cli = fileURLToPath(new URL('../../src/probe/cli.ts', import.meta.url));

test('a server under TLS, whose certificate the environment trusts', async () => {
	const shop = guard();
	const server = createTlsServer({cert, key}, shop.listener);
	server.listen(0, 'localhost');
	await once(server, 'listening');
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const authority = await temporaryFile('authority.pem', cert);
	const url = `https://localhost:${(server.address() as AddressInfo).port}/orders`;
	const args = [
		'--conditions=latchkey-source',
		cli,
		'probe',
		url,
		'--body',
		'{"amount":1,"cart":"a"}',
		'--count',
		url,
		'--json',
	];
	const env = {...process.env, NODE_EXTRA_CA_CERTS: authority, NO_COLOR: '1'};
	const {stdout} = await promisify(execFile)(process.execPath, args, {env});
	const report = JSON.parse(stdout) as Report;
	expect(findings(report)).toMatchObject({'lost-response': 'one-effect', 'client-abort': 'one-effect'});
	expect(report.verdict).toMatchObject({safe: 'yes', by: 'count'});
});

test('a body from a file', async () => {
	const file = await temporaryFile('order.json', '{"amount":7}');
	const bodies: string[] = [];
	await using server = await start((incoming, outgoing) => {
		incoming.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk));
		incoming.on('end', () => outgoing.writeHead(409).end());
	});
	await latchkey('probe', server.origin, '--body', `@${file}`);
	expect(bodies).toEqual(['{"amount":7}']);
});

test('there is no escape sequence in what it prints', async () => {
	await using server = await start(guard().listener);
	const {out} = await latchkey('probe', server.origin, '--body', '{"amount":1,"cart":"a"}');
	expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
	const longest = Math.max(...out.split('\n').map(line => line.length));
	expect(longest).toBeLessThanOrEqual(132);
});

test('what is sent is what was asked for', async () => {
	const seen: Array<Record<string, unknown>> = [];
	await using server = await start((incoming, outgoing) => {
		seen.push({method: incoming.method, url: incoming.url, ...incoming.headers});
		incoming.resume().on('end', () => outgoing.writeHead(400).end());
	});
	const url = `${server.origin}/shops/{{uuid}}/orders?ref={{uuid}}`;
	const args = ['--method', 'put', '--header', 'X-Ref: {{uuid}}', '--header', 'Accept: a/b', '--key-header', 'X-Key'];
	await latchkey('probe', url, ...args, '--body', 'a=1');
	const uuid = /[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/;
	const [request] = seen;
	expect(request).toMatchObject({
		method: 'PUT',
		accept: 'a/b',
		'content-type': 'text/plain',
		'x-ref': expect.stringMatching(uuid),
	});
	expect(request?.['url']).toBe(`/shops/${String(request?.['x-ref'])}/orders?ref=${String(request?.['x-ref'])}`);
	expect(request?.['x-key']).toMatch(uuid);
	expect(request?.['x-key']).not.toBe(request?.['x-ref']);
	expect(request).not.toHaveProperty('idempotency-key');
});
