import {IncomingMessage, ServerResponse, type RequestListener} from 'node:http';
import {once} from 'node:events';
import type {Socket} from 'node:net';
import {PassThrough, Readable} from 'node:stream';
import express from 'express';
import {describe, expect, test} from 'vitest';
import {memoryEntries} from '../../../src/server/memory.ts';
import {idempotent} from '../../../src/server/node/index.ts';

const headersOf = (body: string, key: string) => ({
	'content-type': 'application/json',
	'content-length': String(Buffer.byteLength(body)),
	'idempotency-key': key,
});

/** A request as serverless-http makes it of an event: it has come whole, and gives its body when it is asked to. */
function wholeRequest(body: string, key: string): IncomingMessage {
	const req = new IncomingMessage(new PassThrough() as unknown as Socket);
	const headers = headersOf(body, key);
	const read = () => {
		req.push(body);
		req.push(null);
	};
	const facts = {complete: true, httpVersionMajor: '1', method: 'POST', url: '/pay', headers};
	return Object.assign(req, facts, {['_read']: read});
}

/** And as light-my-request does: a stream of text. */
function plainRequest(body: string, key: string): IncomingMessage {
	const req = new Readable({
		autoDestroy: false,
		read() {
			this.push(body);
			this.push(null);
		},
	});
	const facts = {socket: new PassThrough(), httpVersionMajor: 1, method: 'POST', url: '/pay'};
	return Object.assign(req, facts, {headers: headersOf(body, key)}) as unknown as IncomingMessage;
}

/** Hands an event to a listener, and waits for what is written: the head of the response is an empty string beforehand. */
async function invoke(listener: RequestListener, req: IncomingMessage) {
	const written: string[] = [];
	const res = new ServerResponse(req);
	Object.assign(res, {useChunkedEncodingByDefault: false, _header: ''});
	const write = (data: string | Uint8Array, encoding: unknown, done: unknown) => {
		written.push(Buffer.from(data as Uint8Array).toString());
		const told = typeof encoding === 'function' ? encoding : done;
		if (typeof told === 'function') told();
		return true;
	};
	const nothing = () => undefined;
	const socket = {
		_writableState: {},
		writable: true,
		on: nothing,
		removeListener: nothing,
		cork: nothing,
		uncork: nothing,
	};
	res.assignSocket({...socket, write, destroy: nothing} as unknown as Socket);
	const finished = once(res, 'finish');
	listener(req, res);
	await finished;
	const [head = '', body] = written.join('').split('\r\n\r\n');
	return {status: res.statusCode, replayed: /idempotent-replayed: true/i.test(head), body};
}

describe.each([
	['that has come whole', wholeRequest],
	['that pushes text', plainRequest],
])('in a Lambda, a request %s', (_, request) => {
	test.each(['before', 'after'])('takes effect once, with the parser %s the guard', async when => {
		let runs = 0;
		const app = express();
		const parts = [idempotent({store: memoryEntries(), scope: null}), express.json()];
		if (when === 'before') parts.reverse();
		app.post('/pay', ...parts, (req, res) => {
			res.status(201).json({run: ++runs, got: req.body as unknown});
		});
		const pay = async (body: string, key = 'k') => invoke(app, request(body, key));
		const body = '{"run":1,"got":{"name":"Jürgen"}}';
		expect(await pay('{"name":"Jürgen"}')).toEqual({status: 201, replayed: false, body});
		expect(await pay('{"name":"Jürgen"}')).toEqual({status: 201, replayed: true, body});
		expect((await pay('{"name":"Ann"}')).status).toBe(422);
		expect((await pay('{}', 'other')).status).toBe(201);
		expect(runs).toBe(2);
	});
});
