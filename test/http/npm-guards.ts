import {once} from 'node:events';
import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import {Controller, HttpException, Module, Post, Req, Res} from '@nestjs/common';
import {NestFactory} from '@nestjs/core';
import {Idempotency, IdempotencyError, IdempotencyErrorCodes} from '@node-idempotency/core';
import {Idempotent, NodeIdempotencyModule} from '@node-idempotency/nestjs';
import {MemoryStorageAdapter} from '@node-idempotency/storage-adapter-memory';
import express, {type Request, type Response} from 'express';
import {
	getSharedIdempotencyService,
	idempotency,
	type IdempotencyResource,
	type IIdempotencyDataAdapter,
} from 'express-idempotency';
import type {Dialect} from '../../src/dialects/dialect.ts';
import {expressIdempotency, nodeIdempotency} from '../../src/dialects/index.ts';
import {gate} from './realm.ts';

export type Made = {readonly status: number; readonly body: object};

/** What is behind the guard. */
export type Work = () => Promise<Made>;

/** A guard as its package has it, before some work. */
export type Guard = {
	readonly name: string;
	readonly dialect: Dialect;
	readonly open: (work: Work) => RequestListener | Promise<RequestListener>;
};

/** Express tells by the number of parameters that it takes errors. */
function wordless(...[, , response]: readonly [Error, Request, Response, () => void]): void {
	response.end();
}

Object.defineProperty(wordless, 'length', {value: 4});

type Around = {readonly hushed?: boolean; readonly adapter?: () => IIdempotencyDataAdapter};

function byExpress(name: string, {hushed = false, adapter}: Around = {}): Guard {
	return {
		name,
		dialect: expressIdempotency,
		open(work) {
			const app = express();
			// It writes no errors to the console there.
			app.set('env', 'test');
			app.use(express.json());
			const guard = idempotency(adapter && {dataAdapter: adapter()});
			app.post('/pay', guard, (request: Request, response: Response) => {
				if (getSharedIdempotencyService().isHit(request)) return;
				void work().then(({status, body}) => response.status(status).send(body));
			});
			if (hushed) app.use(wordless);
			return app;
		},
	};
}

/** As a database keeps them, where a step takes its time: so many look at once. */
function database(atOnce: number): IIdempotencyDataAdapter {
	const rows = new Map<string, IdempotencyResource>();
	const {opened, open} = gate();
	let looks = 0;
	const put = async (row: IdempotencyResource) => void rows.set(row.idempotencyKey, row);
	return {
		async findByIdempotencyKey(key) {
			const found = rows.get(key) as IdempotencyResource;
			if (++looks === atOnce) open();
			await opened;
			return found;
		},
		create: put,
		update: put,
		delete: async key => void rows.delete(key),
	};
}

const statuses: Record<IdempotencyErrorCodes, number> = {
	[IdempotencyErrorCodes.IDEMPOTENCY_FINGERPRINT_MISSMATCH]: 422,
	[IdempotencyErrorCodes.IDEMPOTENCY_KEY_LEN_EXEEDED]: 400,
	[IdempotencyErrorCodes.IDEMPOTENCY_KEY_MISSING]: 400,
	[IdempotencyErrorCodes.REQUEST_IN_PROGRESS]: 409,
};

/** The core knows nothing of HTTP: statuses and headers are those of its adapters. */
function core(work: Work): RequestListener {
	const guard = new Idempotency(new MemoryStorageAdapter());

	async function answer({method = '', url = '', headers}: IncomingMessage, payload: string): Promise<Made & Headed> {
		const request = {method, path: url, headers, body: JSON.parse(payload) as Record<string, unknown>};
		try {
			const known = await guard.onRequest<object, unknown>(request);
			if (known) return {...(known.additional as Made), headers: {'idempotent-replayed': 'true'}};
			const made = await work();
			await guard.onResponse(request, {additional: made});
			return made;
		} catch (error) {
			if (!(error instanceof IdempotencyError)) throw error;
			const status = statuses[error.code];
			return {status, body: {message: error.message}, ...(status === 409 && {headers: {'retry-after': '1'}})};
		}
	}

	return (incoming: IncomingMessage, outgoing: ServerResponse) => {
		void text(incoming)
			.then(async payload => answer(incoming, payload))
			.then(({status, headers, body}) =>
				outgoing.writeHead(status, {'content-type': 'application/json', ...headers}).end(JSON.stringify(body)),
			);
	};
}

type Headed = {readonly headers?: Record<string, string>};

async function nest(work: Work): Promise<RequestListener> {
	class Payments {
		async create(_: Request, response: Response): Promise<object> {
			const {status, body} = await work();
			if (status >= 400) throw new HttpException(body, status);
			response.status(status);
			return body;
		}
	}

	// As decorators would do it, which Node does not run.
	const described = Object.getOwnPropertyDescriptor(Payments.prototype, 'create') ?? {};
	Post('pay')(Payments.prototype, 'create', described);
	Idempotent()(Payments.prototype, 'create', described);
	Req()(Payments.prototype, 'create', 0);
	Res({passthrough: true})(Payments.prototype, 'create', 1);
	Controller()(Payments);
	class App {
		readonly work = work;
	}
	const storage = {adapter: 'memory'} as unknown as Parameters<typeof NodeIdempotencyModule.forRootAsync>[0]['storage'];
	Module({imports: [NodeIdempotencyModule.forRootAsync({storage})], controllers: [Payments]})(App);
	const app = await NestFactory.create(App, {logger: false});
	await app.init();
	return app.getHttpAdapter().getInstance() as RequestListener;
}

export const inMemory = byExpress('express-idempotency');
/** Express leaves the words of errors out in production. */
export const hushed = byExpress('express-idempotency in production', {hushed: true});
export const overDatabase = (atOnce: number) =>
	byExpress('express-idempotency over a database', {adapter: () => database(atOnce)});
export const nodeGuards: readonly Guard[] = [
	{name: '@node-idempotency/core', dialect: nodeIdempotency, open: core},
	{name: '@node-idempotency/nestjs', dialect: nodeIdempotency, open: nest},
];

export type GuardedShop = AsyncDisposable & {
	readonly origin: string;
	/** The keys of the attempts, in order of arrival. */
	readonly keys: unknown[];
	effects(): number;
	/** The answers to the next attempts are lost, once there are any. */
	loseAnswers(count: number): void;
};

/** A server of that guard, before work that has an effect each time. */
export async function startGuarded(
	{open}: Guard,
	work: (effects: number) => Made | Promise<Made>,
): Promise<GuardedShop> {
	const keys: unknown[] = [];
	let effects = 0;
	let lost = 0;
	const listener = await open(async () => work(++effects));
	const server = createServer((incoming, outgoing) => {
		keys.push(incoming.headers['idempotency-key']);
		if (lost-- > 0) outgoing.end = () => outgoing.destroy();
		listener(incoming, outgoing);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		keys,
		effects: () => effects,
		loseAnswers(count) {
			lost = count;
		},
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}
