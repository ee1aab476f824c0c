import {once} from 'node:events';
import {IncomingMessage, type ServerResponse} from 'node:http';
import {connect} from 'node:net';
import {Readable} from 'node:stream';
import {buffer, text} from 'node:stream/consumers';
import {pipeline} from 'node:stream/promises';
import {setImmediate as tick} from 'node:timers/promises';
import {describe, expect, test} from 'vitest';
import type {GuardEvent} from '../../../src/server/events.ts';
import {memoryEntries} from '../../../src/server/memory.ts';
import {idempotent, operationOf, type Listener, type NodeGuardOptions} from '../../../src/server/node/index.ts';
import {gate} from '../shop.ts';
import {listen} from './serve.ts';

type Pay = Listener<IncomingMessage, ServerResponse>;

async function shop(handler: Pay, options: Partial<NodeGuardOptions> = {}) {
	let runs = 0;
	const events: GuardEvent[] = [];
	const errors: unknown[] = [];
	const store = memoryEntries();
	const guard = idempotent<IncomingMessage, ServerResponse>(
		(...given) => {
			runs++;
			return handler(...given);
		},
		{store, scope: null, onEvent: event => events.push(event), onError: error => errors.push(error), ...options},
	);
	return {...(await listen(guard)), guard, store, runs: () => runs, events, errors};
}

const big = Buffer.alloc(300_000, 'x');
const ways: Record<string, [Pay, string | Buffer]> = {
	'end of a string': [(_, res) => res.end('grüß'), 'grüß'],
	'end in latin1': [(_, res) => res.end('grüß', 'latin1'), Buffer.from('grüß', 'latin1')],
	'end in base64': [(_, res) => res.end('AP8N', 'base64'), Buffer.from([0, 255, 13])],
	'end of bytes': [(_, res) => res.end(new Uint8Array([0, 255, 13])), Buffer.from([0, 255, 13])],
	'end of nothing': [(_, res) => res.end(), ''],
	'writes and callbacks': [
		async (_, res) => {
			await new Promise(done => res.write('one,', done));
			await new Promise(done => res.write('two,', 'utf8', done));
			await new Promise<void>(done => {
				res.end('three', done);
			});
		},
		'one,two,three',
	],
	'a buffer that is used again': [
		async (_, res) => {
			const chunk = Buffer.from('aaa');
			await new Promise(done => res.write(chunk, done));
			chunk.fill('b');
			res.end(chunk);
		},
		'aaabbb',
	],
	'an only buffer that is used again once it is out': [
		(_, res) => {
			const chunk = Buffer.from('aaa');
			res.end(chunk, () => chunk.fill('b'));
		},
		'aaa',
	],
	pipe: [(_, res) => void Readable.from([big, big]).pipe(res), Buffer.concat([big, big])],
	pipeline: [async (_, res) => pipeline(Readable.from([big, 'end']), res), Buffer.concat([big, Buffer.from('end')])],
	'flushed headers': [
		async (_, res) => {
			res.flushHeaders();
			await tick();
			res.end('late');
		},
		'late',
	],
};

describe('what is written', () => {
	test.each(Object.entries(ways))('by %s comes as it is, and again', async (_, [handler, expected]) => {
		const {send, runs} = await shop(handler);
		const [first, again] = [await send(), await send()];
		expect(first.bytes.equals(Buffer.from(expected))).toBe(true);
		expect(again.bytes.equals(Buffer.from(expected))).toBe(true);
		expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed'], runs()]).toEqual([
			undefined,
			'true',
			1,
		]);
	});

	test.each([
		['an object', {'X-One': '1', Link: ['a', 'b']}],
		['a list', ['X-One', '1', 'Link', 'a', 'Link', 'b']],
		[
			'pairs',
			[
				['X-One', '1'],
				['Link', 'a'],
				['Link', 'b'],
			] as never,
		],
	] as const)('has status, message and headers in %s', async (_, headers) => {
		const {send} = await shop((_req, res) => res.writeHead(201, 'Made', headers as never).end('ok'));
		for (const {status, message, raw} of [await send(), await send()]) {
			expect([status, message]).toEqual([201, 'Made']);
			expect(raw.join('|')).toMatch(/X-One\|1\|Link\|a\|Link\|b/);
		}
	});

	test('has numbers for values, and one name in two spellings, as lines of their own', async () => {
		const {send, runs} = await shop((_req, res) => {
			res.setHeader('Connection', [1] as never);
			res.writeHead(201, {'X-Amount': 5, 'x-note': 'a', 'X-Note': 'b', 'X-Many': [6, 7]} as never).end('ok');
		});
		for (const {status, raw} of [await send(), await send()]) {
			expect(status).toBe(201);
			expect(raw.join('|')).toMatch(/X-Amount\|5\|x-note\|a\|x-note\|b\|X-Many\|6\|X-Many\|7/);
		}

		expect(runs()).toBe(1);
	});

	test('keeps headers of several lines, and cookies to the first', async () => {
		const {send} = await shop((_, res) => {
			res.setHeader('Set-Cookie', ['a=1', 'b=2']);
			res.appendHeader('Vary', 'Accept').appendHeader('Vary', 'Origin');
			res.setHeader('X-Gone', '1').removeHeader('X-Gone');
			res.setHeader('X-Latin', 'gr\u00fc\u00df');
			res.end('ok');
		});
		const [first, again] = [await send(), await send()];
		expect([first.headers['set-cookie'], again.headers['set-cookie']]).toEqual([['a=1', 'b=2'], undefined]);
		for (const it of [first, again])
			expect([it.headers.vary, it.headers['x-gone'], it.headers['x-latin']]).toEqual([
				'Accept, Origin',
				undefined,
				'gr\u00fc\u00df',
			]);
	});

	test.each([204, 304])('of a %i has no body', async status => {
		const {send} = await shop((_, res) => res.writeHead(status).end());
		for (const it of [await send(), await send()]) expect([it.status, it.text]).toEqual([status, '']);
	});

	test('may have trailers', async () => {
		const {send} = await shop((_, res) => {
			res.writeHead(200, {Trailer: 'X-Sum'});
			res.write('body');
			res.addTrailers({'X-Sum': '7'});
			res.end();
		});
		expect(await send()).toMatchObject({text: 'body', trailers: {'x-sum': '7'}});
		expect((await send()).text).toBe('body');
	});

	test('cannot be changed once it has begun, as in node:http', async () => {
		const told: unknown[] = [];
		const {send} = await shop((_, res) => {
			const code = (run: () => unknown) => {
				try {
					told.push(run());
				} catch (error) {
					told.push((error as {code: string}).code);
				}
			};
			code(() => res.writeHead(9));
			code(() => res.write(7));
			code(() => res.headersSent);
			res.write('a');
			code(() => res.headersSent);
			code(() => res.setHeader('a', 'b'));
			code(() => res.writeHead(200));
			res.end();
			code(() => res.writableEnded);
		});
		expect((await send()).text).toBe('a');
		expect(told).toEqual([
			'ERR_HTTP_INVALID_STATUS_CODE',
			'ERR_INVALID_ARG_TYPE',
			false,
			true,
			'ERR_HTTP_HEADERS_SENT',
			'ERR_HTTP_HEADERS_SENT',
			true,
		]);
	});

	test('is out only once it is stored', async () => {
		const {send, store} = await shop((_, res) => res.end('ok'));
		const stored = gate();
		const {answer} = store;
		store.answer = async (...given) => {
			await stored.opened;
			return answer(...given);
		};
		let out = false;
		const first = send().finally(() => {
			out = true;
		});
		await expect.poll(async () => (await send()).status).toBe(409);
		expect(out).toBe(false);
		stored.open();
		expect((await first).text).toBe('ok');
	});

	test.each(['pipe', 'pipeline'])('past the limit passes live by %s, and was executed', async how => {
		const {send, runs} = await shop(
			(_, res) => {
				const source = Readable.from([big, big, big]);
				if (how === 'pipe') source.pipe(res);
				else return pipeline(source, res);
				return undefined;
			},
			{bodyLimit: 1_000},
		);
		expect((await send()).bytes.byteLength).toBe(900_000);
		expect(JSON.parse((await send()).text)).toMatchObject({code: 'idempotency-already-executed'});
		expect(runs()).toBe(1);
	});

	test('as events passes before its end', async () => {
		const end = gate();
		const {open, send} = await shop(async (_, res) => {
			res.writeHead(200, {'content-type': 'text/event-stream'});
			res.flushHeaders();
			res.write('data: 1\n\n');
			await end.opened;
			res.end('data: 2\n\n');
		});
		const outgoing = open();
		outgoing.end('{"amount":1}');
		const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
		const [chunk] = (await once(incoming, 'data')) as [Buffer];
		expect(chunk.toString()).toBe('data: 1\n\n');
		expect((await send()).text).toContain('already-executed');
		end.open();
		expect(await text(incoming)).toBe('data: 2\n\n');
	});
});

describe('what is asked', () => {
	const readers: Record<string, (req: IncomingMessage) => Promise<number>> = {
		events: async req =>
			new Promise(resolve => {
				let size = 0;
				req.on('data', (chunk: Buffer) => (size += chunk.byteLength));
				req.on('end', () => {
					resolve(size);
				});
			}),
		iteration: async req => (await buffer(req)).byteLength,
	};
	const bodies = {none: null, some: '{"amount":1}', '10 MB': Buffer.alloc(10_000_000, 'y')};
	const all = Object.keys(readers).flatMap(reader => Object.keys(bodies).map(body => [body, reader] as const));

	test.each(all)('is read with %s body by %s after the guard', async (body, reader) => {
		const bytes = bodies[body as keyof typeof bodies];
		const {send, runs} = await shop(async (req, res) => res.end(String(await readers[reader]?.(req))));
		for (const headers of [{}, {'transfer-encoding': 'chunked'}, {expect: '100-continue'}])
			expect((await send({key: `k${JSON.stringify(headers)}`.replaceAll(/\W/g, ''), headers, body: bytes})).text).toBe(
				String(bytes?.length ?? 0),
			);
		expect(runs()).toBe(3);
	});

	test('is compared by bytes, path and query, and never by host', async () => {
		const {send, runs} = await shop((_, res) => res.end('ok'));
		await send();
		const statuses = [
			await send({headers: {host: 'evil.test:99999999'}}),
			await send({path: 'http://other.test/pay'}),
			await send({body: '{"amount":2}'}),
			await send({path: '/pay?twice'}),
			await send({path: '/other'}),
		].map(it => [it.status, it.headers['idempotent-replayed']]);
		expect(statuses).toEqual([
			[200, 'true'],
			[200, 'true'],
			[422, undefined],
			[422, undefined],
			[200, undefined],
		]);
		expect(runs()).toBe(2);
	});

	test('cut off half-way runs nothing', async () => {
		const {open, send, runs, errors} = await shop((_, res) => res.end('ok'));
		const outgoing = open({headers: {'content-length': '100'}});
		outgoing.on('error', () => undefined);
		outgoing.write('half');
		await tick();
		outgoing.destroy();
		await expect.poll(async () => (await send({key: 'other'})).status).toBe(200);
		expect([runs(), errors]).toEqual([1, []]);
	});

	test('by a safe method passes untouched', async () => {
		const {send, runs} = await shop((_, res) => res.end('ok'));
		for (const method of ['GET', 'GET', 'OPTIONS', 'HEAD']) await send({method, body: null});
		expect(runs()).toBe(4);
	});

	test('in hostile ways is never a 500, and never hangs', async () => {
		const {port} = await shop((_, res) => res.end('ok'));
		const lines = [
			'POST * HTTP/1.1',
			'POST //evil HTTP/1.1',
			'PURGE /%zz%00?%%% HTTP/1.1',
			'post /pay HTTP/1.1',
			'PUT /\u00ff HTTP/1.1',
			'DELETE http://[::1 HTTP/1.1',
		];
		for (const line of lines)
			for (const host of ['x', '%%%', '[', 'a b', '']) {
				const socket = connect(port, '127.0.0.1');
				socket.end(
					Buffer.from(`${line}\r\nhost: ${host}\r\nidempotency-key: k\u00e9y\r\nconnection: close\r\n\r\n`, 'latin1'),
				);
				expect(await text(socket)).toMatch(/^HTTP\/1.1 (200|400|422) /);
			}
	});

	test('needs a key, and a body that nobody has eaten', async () => {
		const {send} = await shop((_, res) => res.end('ok'));
		expect((await send({key: null})).text).toContain('key-missing');
		const fed = idempotent<IncomingMessage, ServerResponse>((_, res) => res.end('ok'), {
			store: memoryEntries(),
			scope: null,
			onError: () => undefined,
		});
		const eaten = await listen((req, res) => {
			void buffer(req).then(() => {
				fed(req, res);
			});
		});
		expect((await eaten.send()).status).toBe(500);
	});

	/** Behind a parser that leaves this. */
	async function parsed(left: object, options: Partial<NodeGuardOptions> = {}) {
		const errors: unknown[] = [];
		let runs = 0;
		const guard = idempotent<IncomingMessage, ServerResponse>((_, res) => res.end(String(++runs)), {
			store: memoryEntries(),
			scope: null,
			onError: error => errors.push(error),
			...options,
		});
		const {send} = await listen((req, res) => {
			void buffer(req).then(() => {
				guard(Object.assign(req, left), res);
			});
		});
		return {send, errors, runs: () => runs};
	}

	const content = {keyFrom: 'content'} as const;
	const form = new FormData();
	form.set('amount', '1');
	test.each([
		['whose file was taken out', {body: {}, file: {originalname: 'a.pdf'}}, content],
		['whose files were taken out', {body: {}, files: {scan: [{originalname: 'a.pdf'}]}}, content],
		['that is a form', {body: form}, {}],
		['that is a list of parameters', {body: new URLSearchParams('amount=1')}, {}],
	])('%s is not taken for every other', async (_, left, options) => {
		const {send, errors, runs} = await parsed(left, options);
		expect((await send()).status).toBe(500);
		expect([runs(), String(errors[0])]).toEqual([0, expect.stringMatching(/^TypeError: latchkey: (the body|keyFrom)/)]);
	});

	test.each([
		['without a file', {body: {}, files: []}, content],
		['with its bytes', {body: {}, rawBody: Buffer.from('x'), file: {}}, content],
		['told apart by the application', {body: {}, file: {}}, {...content, fingerprint: () => 'one'}],
	])('a body %s has a key of its content', async (_, left, options) => {
		const {send, runs} = await parsed(left, options);
		expect([(await send({key: null})).text, (await send({key: null})).text, runs()]).toEqual(['1', '1', 1]);
	});
});

describe('a failure', () => {
	const failing: Record<string, Pay> = {
		'a throw': () => {
			throw new Error('no');
		},
		'a rejection': async () => Promise.reject(new Error('no')),
		'a throw after half an answer': (_, res) => {
			res.setHeader('x-half', '1').write('half');
			throw new Error('no');
		},
		'next(error)': (_req, _res, _operation, next) => {
			next(new Error('no'));
		},
	};
	test.each(Object.entries(failing))('by %s is a 500, a doubt, and told', async (_, handler) => {
		const {send, runs, errors, events} = await shop(handler);
		expect(await send()).toMatchObject({status: 500, text: ''});
		expect((await send()).text).toContain('outcome-unknown');
		expect([runs(), errors.map(String), events.map(({type}) => type)]).toEqual([1, ['Error: no'], ['doubt']]);
	});

	test('before a marked effect frees the key', async () => {
		const {send, runs} = await shop(failing['a throw'] as Pay, {effects: 'marked'});
		expect([(await send()).status, (await send()).status, runs()]).toEqual([500, 500, 2]);
	});

	test('of its response is a doubt', async () => {
		const {send} = await shop((_, res) => res.destroy(new Error('cut')));
		await expect(send()).rejects.toThrow('hang up');
		expect((await send()).text).toContain('outcome-unknown');
	});

	test('after its answer is told, and the answer stays', async () => {
		const {send, errors} = await shop(async (_, res) => {
			res.end('ok');
			throw new Error('late');
		});
		expect([(await send()).text, (await send()).text, errors.map(String)]).toEqual(['ok', 'ok', ['Error: late']]);
	});

	test('503 says that nothing was done', async () => {
		const {send, runs} = await shop((_, res) => res.writeHead(503).end());
		await send();
		await send();
		expect(runs()).toBe(2);
	});
});

test.each(['end', 'pipe'])('where the caller goes away the work goes on, by %s, and its answer is kept', async how => {
	const began = gate();
	const {open, send, runs, errors} = await shop(async (req, res) => {
		const left = once(req.socket, 'close');
		const late = async function* () {
			began.open();
			await left;
			await tick();
			yield big;
		};
		if (how === 'pipe') Readable.from(late()).pipe(res);
		else for await (const chunk of late()) res.end(chunk.subarray(0, 2));
	});
	const outgoing = open();
	outgoing.on('error', () => undefined);
	outgoing.end('{"amount":1}');
	await began.opened;
	outgoing.destroy();
	await expect.poll(async () => (await send()).headers['idempotent-replayed']).toBe('true');
	expect((await send()).text.length).toBe(how === 'pipe' ? 300_000 : 2);
	expect([runs(), errors]).toEqual([1, []]);
});

test('an operation is known to the handler, and may be pending', async () => {
	const {send, guard, runs} = await shop((req, res, operation) => {
		expect(operationOf(req)).toBe(operation);
		operation.pending();
		res.writeHead(202).end(operation.idempotencyKey);
	});
	expect([(await send()).text, (await send()).status]).toEqual(['k', 202]);
	const [entry] = await guard.unsettled();
	expect(await guard.resolve(entry!, new Response('done'))).toBe('resolved');
	expect([(await send()).text, runs()]).toEqual(['done', 1]);
	expect(() => operationOf(new IncomingMessage(undefined as never))).toThrow('latchkey: operationOf takes');
});

test('a scope of none is answered by its Response', async () => {
	const {send, runs} = await shop((_, res) => res.end('ok'), {
		scope: req => (req.headers['x-user'] as string | undefined) ?? new Response('who?', {status: 401}),
	});
	expect(await send()).toMatchObject({status: 401, text: 'who?'});
	expect((await send({headers: {'x-user': 'ann'}})).text).toBe('ok');
	await send({headers: {'x-user': 'bob'}});
	expect(runs()).toBe(2);
});
