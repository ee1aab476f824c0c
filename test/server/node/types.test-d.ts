import express from 'express';
import {createServer, IncomingMessage, ServerResponse} from 'node:http';
import {expectTypeOf, test} from 'vitest';
import {memoryEntries} from '../../../src/server/index.ts';
import {idempotent, operationOf, type NodeOperation} from '../../../src/server/node/index.ts';

const app = express();
const options = {store: memoryEntries(), scope: null};
type User = express.Request & {user?: {id: string}};

test('a middleware leaves the handlers after it what Express gives them', () => {
	app.post('/pay/:order', idempotent(options), (req, res) => {
		expectTypeOf(req.params.order).toEqualTypeOf<string>();
		expectTypeOf(operationOf(req)).toEqualTypeOf<NodeOperation>();
		res.status(201).json({});
	});
	app.use(idempotent(options), express.json());
	app.post('/refund', idempotent({store: memoryEntries(), scope: (req: User) => req.user?.id ?? new Response()}));
});

test('a handler that is handed in is told what it is of, for TypeScript infers nothing through the overloads of app.post', () => {
	const pay: express.RequestHandler<{order: string}> = idempotent((req, res, operation) => {
		expectTypeOf(req.params).toEqualTypeOf<{order: string}>();
		expectTypeOf(operation).toEqualTypeOf<NodeOperation>();
		res.status(201).json({key: operation.key('charge'), type: req.get('content-type')});
	}, options);
	app.post('/pay/:order', pay);
	app.post(
		'/pay',
		idempotent((req: User, res: express.Response) => res.json(req.user), {
			store: memoryEntries(),
			scope: req => req.user?.id ?? new Response(),
		}),
	);
});

test('a listener of node:http needs no annotations', () => {
	createServer(
		idempotent((req, res) => {
			expectTypeOf(req).toEqualTypeOf<IncomingMessage>();
			res.writeHead(201).end();
		}, options),
	);
	createServer(
		idempotent((_, res) => res.end(), {store: memoryEntries(), scope: req => req.headers['x-user']?.toString() ?? ''}),
	);
	const listener = idempotent(async (req, res) => {
		expectTypeOf(req).toEqualTypeOf<IncomingMessage>();
		expectTypeOf(res).toExtend<ServerResponse>();
	}, options);
	expectTypeOf(listener).toBeCallableWith({} as IncomingMessage, {} as ServerResponse<IncomingMessage>);
});
