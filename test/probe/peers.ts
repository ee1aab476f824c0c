import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {text} from 'node:stream/consumers';
import {setTimeout as work} from 'node:timers/promises';
import {Controller, Module, Post, Req, Res, HttpException} from '@nestjs/common';
import {NestFactory} from '@nestjs/core';
import {Idempotency, IdempotencyError, IdempotencyErrorCodes} from '@node-idempotency/core';
import {Idempotent, NodeIdempotencyModule} from '@node-idempotency/nestjs';
import {MemoryStorageAdapter} from '@node-idempotency/storage-adapter-memory';
import express, {type Request, type Response} from 'express';
import {getSharedIdempotencyService, idempotency} from 'express-idempotency';
import {memoryEntries} from '../../src/server/index.ts';
import {idempotent} from '../../src/server/node/index.ts';

type Outcome = {readonly status: number; readonly body: object};

/** A shop: refuses what has no amount, fails where a header says so, and counts. */
function openShop() {
	let arrivals = 0;
	const shop = {
		effects: 0,
		/** Notes that a request has come. */
		arrived() {
			arrivals++;
		},
		/** Is at work until nothing more has come for a while: of requests at once, all find the first one at work. */
		async order(payload: unknown, headers: IncomingMessage['headers']): Promise<Outcome> {
			for (let before = -1; before !== arrivals;) {
				before = arrivals;
				await work(40);
			}

			if (headers['x-fail'] !== undefined) return {status: 500, body: {error: 'failed'}};
			const {amount} = payload as {amount?: unknown};
			if (typeof amount !== 'number') return {status: 400, body: {error: 'no amount'}};
			return {status: 201, body: {id: `order-${++shop.effects}`, amount}};
		},
	};
	return shop;
}

/** A package of npm before that shop, with its own defaults and in-memory store; GET /count says how many orders there are. */
export type Peer = {readonly name: string; readonly open: () => Promise<RequestListener>};

async function expressIdempotency(): Promise<RequestListener> {
	const shop = openShop();
	const app = express();
	// It is quiet about errors there.
	app.set('env', 'test');
	app.use(express.json());
	app.use((_, __, next) => {
		shop.arrived();
		next();
	});
	app.get('/count', (_, response) => void response.json({count: shop.effects}));
	app.post('/orders', idempotency(), (request: Request, response: Response) => {
		if (getSharedIdempotencyService().isHit(request)) return;
		void shop.order(request.body, request.headers).then(({status, body}) => response.status(status).send(body));
	});
	return app;
}

const statuses: Record<IdempotencyErrorCodes, number> = {
	[IdempotencyErrorCodes.IDEMPOTENCY_FINGERPRINT_MISSMATCH]: 422,
	[IdempotencyErrorCodes.IDEMPOTENCY_KEY_LEN_EXEEDED]: 400,
	[IdempotencyErrorCodes.IDEMPOTENCY_KEY_MISSING]: 400,
	[IdempotencyErrorCodes.REQUEST_IN_PROGRESS]: 409,
};

/** The core knows nothing of HTTP: statuses and headers are those of its adapters. */
async function nodeIdempotencyCore(): Promise<RequestListener> {
	const shop = openShop();
	const guard = new Idempotency(new MemoryStorageAdapter());

	async function answer({method = '', url = '', headers}: IncomingMessage, payload: string): Promise<Replayable> {
		if (method === 'GET') return {status: 200, body: {count: shop.effects}};
		const request = {method, path: url, headers, body: JSON.parse(payload) as Record<string, unknown>};
		try {
			const known = await guard.onRequest<object, unknown>(request);
			if (known) return {...(known.additional as Outcome), replayed: true};
			const outcome = await shop.order(request.body, headers);
			await guard.onResponse(request, {additional: outcome});
			return outcome;
		} catch (error) {
			if (!(error instanceof IdempotencyError)) throw error;
			return {status: statuses[error.code], body: {message: error.message}, busy: statuses[error.code] === 409};
		}
	}

	return (incoming: IncomingMessage, outgoing: ServerResponse) => {
		shop.arrived();
		void text(incoming)
			.then(async payload => answer(incoming, payload))
			.then(({status, body, replayed, busy}) => {
				if (replayed === true) outgoing.setHeader('Idempotent-Replayed', 'true');
				if (busy === true) outgoing.setHeader('Retry-After', '1');
				outgoing.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
			});
	};
}

type Replayable = Outcome & {readonly replayed?: boolean; readonly busy?: boolean};

async function nodeIdempotencyNest(): Promise<RequestListener> {
	const shop = openShop();

	class Orders {
		async create(request: Request, response: Response): Promise<object> {
			const {status, body} = await shop.order(request.body, request.headers);
			if (status >= 400) throw new HttpException(body, status);
			response.status(status);
			return body;
		}
	}

	// As decorators would do it, which Node does not run.
	const described = Object.getOwnPropertyDescriptor(Orders.prototype, 'create') ?? {};
	Post('orders')(Orders.prototype, 'create', described);
	Idempotent()(Orders.prototype, 'create', described);
	Req()(Orders.prototype, 'create', 0);
	Res({passthrough: true})(Orders.prototype, 'create', 1);
	Controller()(Orders);
	class App {
		readonly shop = shop;
	}
	const storage = {adapter: 'memory'} as unknown as Parameters<typeof NodeIdempotencyModule.forRootAsync>[0]['storage'];
	Module({imports: [NodeIdempotencyModule.forRootAsync({storage})], controllers: [Orders]})(App);

	const app = await NestFactory.create(App, {logger: false});
	app.use((_: Request, __: Response, next: () => void) => {
		shop.arrived();
		next();
	});
	app.use('/count', (_: Request, response: Response) => void response.json({count: shop.effects}));
	await app.init();
	return app.getHttpAdapter().getInstance() as RequestListener;
}

/** This package's own. */
async function latchkey(): Promise<RequestListener> {
	const shop = openShop();
	const orders = idempotent(
		async (incoming: IncomingMessage, outgoing: ServerResponse) => {
			const {status, body} = await shop.order(JSON.parse(await text(incoming)), incoming.headers);
			outgoing.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
		},
		{store: memoryEntries(), scope: ({headers}) => String(headers.authorization)},
	);
	return (incoming, outgoing) => {
		shop.arrived();
		if (incoming.method === 'GET') outgoing.end(JSON.stringify({count: shop.effects}));
		else orders(incoming, outgoing);
	};
}

export const peers: readonly Peer[] = [
	{name: 'express-idempotency', open: expressIdempotency},
	{name: '@node-idempotency/core', open: nodeIdempotencyCore},
	{name: '@node-idempotency/nestjs', open: nodeIdempotencyNest},
	{name: 'latchkey', open: latchkey},
];
