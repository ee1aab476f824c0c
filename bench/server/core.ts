import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import type {Idempotency} from '@node-idempotency/core';
import {made, type Order} from './orders.ts';

type Answer = {readonly status: number; readonly body: object};

/** `@node-idempotency/core` around the same handler, which it needs as a function: it knows nothing of HTTP. */
export function guardedByCore(guard: Idempotency): RequestListener {
	async function answer(req: IncomingMessage, text: string): Promise<Answer> {
		const {method = '', url = '', headers} = req;
		const body = JSON.parse(text) as Record<string, unknown> & Order;
		const request = {method, path: url, headers, body};
		const known = await guard.onRequest<object, unknown>(request);
		if (known) return known.additional as Answer;
		const answered = {status: 201, body: made(body)};
		await guard.onResponse(request, {additional: answered});
		return answered;
	}

	return (req: IncomingMessage, res: ServerResponse) => {
		const parts: Buffer[] = [];
		req.on('data', (part: Buffer) => parts.push(part));
		req.on('end', () => {
			answer(req, Buffer.concat(parts).toString()).then(
				({status, body}) => res.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body)),
				(error: unknown) => {
					console.error(error);
					res.destroy();
				},
			);
		});
	};
}
