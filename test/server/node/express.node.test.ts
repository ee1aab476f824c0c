import {execFile} from 'node:child_process';
import {createServer} from 'node:http';
import {once} from 'node:events';
import {createRequire} from 'node:module';
import type {AddressInfo} from 'node:net';
import {promisify} from 'node:util';
import {gunzipSync} from 'node:zlib';
import {create} from 'axios';
import axiosRetry from 'axios-retry';
import compression from 'compression';
import connect from 'connect';
import express5 from 'express';
import {Stripe} from 'stripe';
import {describe, expect, onTestFinished, test} from 'vitest';
import {corsHeaders} from '../../../src/server/cors.ts';
import {memoryEntries} from '../../../src/server/memory.ts';
import {idempotent, operationOf} from '../../../src/server/node/index.ts';
import {listen} from './serve.ts';

const express4 = createRequire(import.meta.url)('express-4') as typeof express5;
const options = () => ({store: memoryEntries(), scope: null});

describe.each([
	['4', express4],
	['5', express5],
])('express %s', (_, express) => {
	const failed: express5.ErrorRequestHandler = (error: Error, _req, res, next) => {
		if (res.headersSent) next(error);
		else res.status(500).json({error: error.message});
	};

	test.each(['before', 'after'])('json, with the parser %s the guard', async when => {
		const app = express();
		let runs = 0;
		const parts = [idempotent(options()), express.json()];
		if (when === 'before') parts.reverse();
		app.use((_req, res, next) => {
			res.set('x-request-id', String(Math.random()));
			res.set('access-control-expose-headers', corsHeaders.expose.join(', '));
			next();
		});
		const router = express.Router();
		router.post('/pay', ...parts, (req, res) => {
			runs++;
			res.cookie('a', '1').cookie('b', '2');
			res.status(201).json({amount: (req.body as {amount: number}).amount, key: operationOf(req).idempotencyKey});
		});
		app.use('/v1', router);
		const {send} = await listen(app);
		const sent = {path: '/v1/pay'};
		const [first, again] = [await send(sent), await send(sent)];
		expect([first.status, first.text, first.headers['set-cookie']?.length]).toEqual([201, '{"amount":1,"key":"k"}', 2]);
		expect([again.status, again.text, again.headers['set-cookie']]).toEqual([201, first.text, undefined]);
		expect([again.headers.etag, again.headers['idempotent-replayed']]).toEqual([first.headers.etag, 'true']);
		expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
		const other = await send({...sent, body: '{"amount":2}'});
		expect([other.status, other.headers['access-control-expose-headers']]).toEqual([
			422,
			corsHeaders.expose.join(', '),
		]);
		expect(runs).toBe(1);
	});

	test('redirect, sendFile and download', async () => {
		const app = express();
		const guard = idempotent(options());
		app.post('/redirect', guard, (_req, res) => {
			res.redirect('/there');
		});
		app.post('/file', guard, (_req, res) => {
			res.sendFile(import.meta.filename);
		});
		app.post('/download', guard, (_req, res) => {
			res.download(import.meta.filename, 'a.ts');
		});
		const {send} = await listen(app);
		for (const path of ['/redirect', '/file', '/download']) {
			const [first, again] = [await send({path}), await send({path})];
			expect([again.status, again.text, again.headers.location]).toEqual([
				first.status,
				first.text,
				first.headers.location,
			]);
			expect([again.headers['content-disposition'], again.headers['idempotent-replayed']]).toEqual([
				first.headers['content-disposition'],
				'true',
			]);
		}
	});

	test('a file is sent though its caller has left, and a repeat gets it', async () => {
		const app = express();
		let runs = 0;
		app.post('/file', idempotent(options()), (req, res) => {
			runs++;
			const answer = () => {
				res.sendFile(import.meta.filename);
			};
			if (runs > 1) answer();
			else req.socket.once('close', answer).destroy();
		});
		const {open, send} = await listen(app);
		const outgoing = open({path: '/file'});
		outgoing.end('{"amount":1}');
		await expect(once(outgoing, 'response')).rejects.toThrow('socket hang up');
		await expect.poll(async () => (await send({path: '/file'})).status).toBe(200);
		expect((await send({path: '/file'})).headers['idempotent-replayed']).toBe('true');
		expect(runs).toBe(1);
	});

	test.each(['before', 'after'])('compression %s the guard', async when => {
		const app = express();
		const parts = [idempotent(options()), compression({threshold: 0})];
		if (when === 'before') parts.reverse();
		app.post('/pay', ...parts, (_req, res) => void res.json({a: 'a'.repeat(5_000)}));
		app.post('/live', ...parts, (_req, res) => {
			res.type('text/event-stream').write('one,');
			setImmediate(() => res.end('two'));
		});
		const {send} = await listen(app);
		const headers = {'accept-encoding': 'gzip'};
		for (const it of [await send({headers}), await send({headers})])
			expect([it.headers['content-encoding'], gunzipSync(it.bytes).length]).toEqual(['gzip', 5_008]);
		const live = await send({path: '/live', headers: {'accept-encoding': 'identity'}});
		expect(live.text).toBe('one,two');
	});

	test.each(['guard alone', 'guarded handler'])('what fails is a doubt, with a %s', async how => {
		const app = express();
		const fails: express5.RequestHandler = (_req, _res, next) => {
			next(new Error('no'));
		};
		app.post(
			'/pay',
			...(how === 'guard alone'
				? [idempotent(options()), fails]
				: [
						idempotent(
							(req: express5.Request, res: express5.Response, _operation: unknown, next: express5.NextFunction) =>
								fails(req, res, next),
							options(),
						),
					]),
		);
		app.use(failed);
		const {send} = await listen(app);
		expect(await send()).toMatchObject({status: 500, text: '{"error":"no"}'});
		expect((await send()).text).toContain('outcome-unknown');
	});

	test('an error that says 503 frees nothing where the handler is guarded', async () => {
		const app = express();
		app.post(
			'/pay',
			idempotent(async () => Promise.reject(Object.assign(new Error('upstream'), {status: 503})), options()),
		);
		app.use(((error: {status: number}, _req, res, next) => {
			if (res.headersSent) next(error);
			else res.status(error.status).end();
		}) as express5.ErrorRequestHandler);
		const {send} = await listen(app);
		expect((await send()).status).toBe(503);
		expect((await send()).text).toContain('outcome-unknown');
	});
});

test('connect', async () => {
	const app = connect();
	let runs = 0;
	app.use('/pay', idempotent(options()));
	app.use('/pay', (_req, res) => {
		runs++;
		res.end('ok');
	});
	const {send} = await listen(app);
	expect([(await send()).text, (await send()).text, runs]).toEqual(['ok', 'ok', 1]);
});

/** A guarded till whose first answers are lost: after the work the connection is cut, or a proxy says 503. */
async function till(faults: Array<'cut' | '503'>) {
	let effects = 0;
	const app = express5();
	app.post('/{*path}', idempotent(options()), express5.text({type: () => true}), (_req, res) => {
		effects++;
		res.status(200).json({id: 'ch_1', object: 'charge', effects});
	});
	const inner = await listen(app);
	const proxy = createServer((req, res) => {
		void (async () => {
			const parts: Buffer[] = [];
			for await (const part of req) parts.push(part as Buffer);
			const answer = await fetch(`http://127.0.0.1:${inner.port}${req.url}`, {
				method: 'POST',
				headers: {
					'idempotency-key': String(req.headers['idempotency-key']),
					'content-type': req.headers['content-type'] ?? 'text/plain',
				},
				body: Buffer.concat(parts),
			});
			const body = await answer.text();
			const fault = faults.shift();
			if (fault === 'cut') res.destroy();
			else if (fault) res.writeHead(503).end();
			else
				res
					.writeHead(answer.status, [...answer.headers].filter(([name]) => /type|idempot/.test(name)).flat())
					.end(body);
		})();
	}).listen(0, '127.0.0.1');
	await once(proxy, 'listening');
	onTestFinished(() => {
		proxy.closeAllConnections();
		proxy.close();
	});
	return {port: (proxy.address() as AddressInfo).port, effects: () => effects, faults};
}

describe('what retries under one key takes effect once', () => {
	test('the stripe SDK', async () => {
		const {port, effects, faults} = await till(['cut', '503']);
		const stripe = new Stripe('sk_test_x', {
			host: '127.0.0.1',
			port,
			protocol: 'http',
			maxNetworkRetries: 3,
			telemetry: false,
		});
		const charge = await stripe.charges.create({amount: 100, currency: 'eur'});
		expect([charge.id, effects(), faults]).toEqual(['ch_1', 1, []]);
	});

	test('axios-retry', async () => {
		const {port, effects, faults} = await till(['cut', '503']);
		const client = create({headers: {'Idempotency-Key': 'one-key'}});
		axiosRetry(client, {retries: 3, retryCondition: () => true, retryDelay: () => 1});
		const {data} = await client.post<{effects: number}>(`http://127.0.0.1:${port}/pay`, {amount: 1});
		expect([data.effects, effects(), faults]).toEqual([1, 1, []]);
	});

	test('curl --retry', async () => {
		const {port, effects, faults} = await till(['cut', '503']);
		const args = [
			'-sS',
			'--retry',
			'3',
			'--retry-all-errors',
			'--retry-delay',
			'0',
			'-H',
			'Idempotency-Key: one-key',
			'-d',
			'amount=1',
		];
		const {stdout} = await promisify(execFile)('curl', [...args, `http://127.0.0.1:${port}/pay`]);
		expect([stdout.includes('"effects":1'), effects(), faults]).toEqual([true, 1, []]);
	});
});
