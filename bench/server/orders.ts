import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import express, {type Request as ExpressRequest, type RequestHandler} from 'express';

/** What is ordered, and what is answered. */
export type Order = {readonly article: string; readonly amount: number};

export const made = ({article, amount}: Order): object => ({order: 'o-1', article, amount, state: 'created'});

/** The trivial handler: JSON in, JSON out. */
export function order(req: IncomingMessage, res: ServerResponse): void {
	const parts: Buffer[] = [];
	req.on('data', (part: Buffer) => parts.push(part));
	req.on('end', () => {
		const body = JSON.parse(Buffer.concat(parts).toString()) as Order;
		res.writeHead(201, {'content-type': 'application/json'}).end(JSON.stringify(made(body)));
	});
}

export async function orderByFetch(request: Request): Promise<Response> {
	return Response.json(made((await request.json()) as Order), {status: 201});
}

/** `isAnswered`: a guard has answered, and goes on all the same. */
export function expressApp(
	guards: readonly RequestHandler[],
	isAnswered: (request: ExpressRequest) => boolean = () => false,
): RequestListener {
	const app = express();
	app.use(express.json());
	app.post('/orders', ...guards, (request, response) => {
		if (!isAnswered(request)) response.status(201).json(made(request.body as Order));
	});
	return app;
}

/** A handler of Fetch's kind over `node:http`, in as few steps as it takes. */
export function listenerOf(handle: (request: Request) => Promise<Response>): RequestListener {
	async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
		const parts: Buffer[] = [];
		for await (const part of req) parts.push(part as Buffer);
		const {url = '', method = '', headers} = req;
		const init = {method, headers: headers as Record<string, string>, body: Buffer.concat(parts)};
		const response = await handle(new Request(`http://localhost${url}`, init));
		const body = Buffer.from(await response.arrayBuffer());
		res.writeHead(response.status, Object.fromEntries(response.headers)).end(body);
	}

	return (req, res) => {
		answer(req, res).catch((error: unknown) => {
			console.error(error);
			res.destroy();
		});
	};
}
