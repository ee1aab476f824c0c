import {once} from 'node:events';
import type {ClientRequest, IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {connect, createServer} from 'node:http2';
import type {AddressInfo} from 'node:net';
import {json, text} from 'node:stream/consumers';
import {createGunzip, gzipSync} from 'node:zlib';
import {describe, expect, onTestFinished, test} from 'vitest';
import {OutcomeUnknownError} from '../../../src/index.ts';
import type {GuardEvent} from '../../../src/server/events.ts';
import {idempotent as idempotentFetch} from '../../../src/server/index.ts';
import {memoryEntriesIn} from '../../../src/server/memory.ts';
import {idempotentIn} from '../../../src/server/node/guard.ts';
import type {Listener} from '../../../src/server/node/listener.ts';
import type {NodeGuardOptions} from '../../../src/server/node/index.ts';
import {virtualEnvironment} from '../../support/virtual-environment.ts';
import {codeOf, gate, payment} from '../shop.ts';
import {listen, type Answer} from './serve.ts';

type Pay = Listener<IncomingMessage, ServerResponse>;

/** A listener under the guard, on virtual time, behind what is done before it. */
async function shop(
	handler: Pay,
	options: Partial<NodeGuardOptions> = {},
	before?: (...given: Parameters<RequestListener>) => unknown,
) {
	const environment = virtualEnvironment();
	const [events, errors]: [GuardEvent[], unknown[]] = [[], []];
	let runs = 0;
	const guard = idempotentIn<IncomingMessage, ServerResponse>(
		environment,
		(...given) => {
			runs++;
			return handler(...given);
		},
		{
			store: memoryEntriesIn(environment),
			scope: null,
			onEvent: event => events.push(event),
			onError: error => errors.push(error),
			...options,
		},
	);
	const server = await listen((req, res) => {
		const behind = async () => {
			await before?.(req, res);
			guard(req, res);
		};
		void behind();
	});
	return {...server, guard, environment, runs: () => runs, events, errors};
}

const saidBy = ({text}: Answer) => (JSON.parse(text) as {code?: string}).code;

describe('a compressed request', () => {
	const gunzipped: Pay = async (req, res) => res.end(`got ${await text(req.pipe(createGunzip()))}`);
	const headers = {'content-encoding': 'gzip'};

	test('is compared as it was sent, and the handler can still read it', async () => {
		const {send, runs} = await shop(gunzipped);
		const body = gzipSync('{"amount":1}');
		expect((await send({headers, body})).text).toBe('got {"amount":1}');
		const again = await send({headers, body});
		expect([again.text, again.headers['idempotent-replayed']]).toEqual(['got {"amount":1}', 'true']);
		// The same, compressed otherwise: another sending, which a client that repeats its bytes never makes.
		const other = await send({headers, body: gzipSync('{"amount":1}', {level: 0})});
		expect([other.status, runs()]).toEqual([422, 1]);
	});

	test('of another content is another', async () => {
		const {send} = await shop(gunzipped);
		await send({headers, body: gzipSync('{"amount":1}')});
		expect((await send({headers, body: gzipSync('{"amount":2}')})).status).toBe(422);
	});
});

describe('behind a body parser', () => {
	type Parsed = IncomingMessage & {rawBody?: unknown; body?: unknown};
	const told: Pay = (req, res) => res.end(JSON.stringify((req as Parsed).body));

	test('the raw body goes before what was made of it', async () => {
		const {send} = await shop(told, {}, async (req: Parsed) => {
			req.rawBody = Buffer.from(await text(req));
			req.body = {amount: 1};
		});
		expect((await send({body: '{"amount":1}'})).text).toBe('{"amount":1}');
		expect((await send({body: '{"amount":1}'})).headers['idempotent-replayed']).toBe('true');
		expect((await send({body: '{"amount":1.0}'})).status).toBe(422);
	});

	test('without one, what was made of it is compared', async () => {
		const {send} = await shop(told, {}, async (req: Parsed) => {
			req.body = await json(req);
		});
		await send({body: '{"amount":1}'});
		expect((await send({body: '{"amount": 1.0}'})).headers['idempotent-replayed']).toBe('true');
		expect((await send({body: '{"amount":2}'})).status).toBe(422);
	});
});

test('a long handler keeps its lease: others are told that it runs, and then its answer', async () => {
	const work = gate();
	const begun = gate();
	const {send, environment, runs, events} = await shop(async (_, res) => {
		begun.open();
		await work.opened;
		res.writeHead(201).end('paid');
	});
	const first = send();
	await begun.opened;
	for (let minutes = 0; minutes < 3; minutes++) {
		await environment.advance(60_000);
		const other = await send();
		expect([other.status, saidBy(other)]).toEqual([409, 'idempotency-key-in-progress']);
	}

	work.open();
	expect([(await first).text, (await send()).text, runs(), events]).toEqual(['paid', 'paid', 1, []]);
});

describe('what is said before the answer', () => {
	async function informed(open: () => ClientRequest) {
		const request = open();
		const information: unknown[] = [];
		request.on('continue', () => information.push(100));
		request.on('information', ({statusCode, headers}) => information.push([statusCode, headers['link']]));
		request.end('{"amount":1}');
		const [response] = (await once(request, 'response')) as [IncomingMessage];
		return {information, status: response.statusCode, text: await text(response), headers: response.headers};
	}

	test('passes at once, and is no part of what is kept', async () => {
		const {open} = await shop((_, res) => {
			res.writeContinue();
			res.writeProcessing();
			res.writeEarlyHints({link: '</pay.css>; rel=preload'});
			res.writeHead(201, {'x-paid': 'yes'}).end('paid');
		});
		const first = await informed(open);
		expect(first.information).toContainEqual([103, '</pay.css>; rel=preload']);
		expect(first.information).toContain(100);
		expect(first.information).toContainEqual([102, undefined]);
		expect([first.status, first.text, first.headers['x-paid']]).toEqual([201, 'paid', 'yes']);
		const again = await informed(open);
		expect([again.information, again.status, again.text, again.headers['x-paid']]).toEqual([[], 201, 'paid', 'yes']);
		expect(again.headers['link']).toBeUndefined();
	});
});

test('a request of HTTP/2 is refused with an error that says so, and runs nothing', async () => {
	const {guard, errors, runs} = await shop((_, res) => res.end('paid'));
	const server = createServer(guard as never).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	onTestFinished(() => {
		session.close();
		server.close();
	});
	const stream = session.request({':method': 'POST', ':path': '/pay', 'idempotency-key': 'k'});
	const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
	stream.resume();
	expect([headers[':status'], runs()]).toEqual([500, 0]);
	expect(errors).toEqual([new TypeError('latchkey: latchkey/server/node guards requests of HTTP/1, not of HTTP/2')]);
});

describe('a handler that throws that it does not know', () => {
	const unknown = () => {
		throw new OutcomeUnknownError({attempts: 2});
	};

	test('leaves a doubt, and its caller is told the same, by a listener', async () => {
		const {send, runs, events, errors} = await shop(unknown);
		for (const told of [await send(), await send()]) {
			expect([told.status, saidBy(told)]).toEqual([409, 'idempotency-outcome-unknown']);
			expect(told.headers['content-type']).toBe('application/problem+json');
			expect(told.headers['x-should-retry']).toBe('false');
		}

		expect([runs(), events, errors]).toEqual([
			1,
			[expect.objectContaining({type: 'doubt', error: expect.any(OutcomeUnknownError)})],
			[],
		]);
	});

	test('is told so, too, where it had begun to answer', async () => {
		const {send} = await shop(async (_, res) => {
			res.writeHead(201, {'x-paid': 'yes'});
			res.write('pai');
			await Promise.resolve();
			unknown();
		});
		const told = await send();
		expect([told.status, saidBy(told), told.headers['x-paid']]).toEqual([
			409,
			'idempotency-outcome-unknown',
			undefined,
		]);
	});

	test('and of fetch’s kind', async () => {
		const guard = idempotentFetch(unknown, {store: memoryEntriesIn({now: () => 0}), scope: null});
		for (const told of [await guard(payment()), await guard(payment())])
			expect([told.status, await codeOf(told)]).toEqual([409, 'idempotency-outcome-unknown']);
	});
});

test('a header that was there before the guard belongs to who set it: one that the handler removes comes back with a replay', async () => {
	const {send} = await shop(
		(_, res) => {
			res.removeHeader('x-frame-options');
			res.setHeader('x-paid', 'yes');
			res.end('paid');
		},
		{},
		(_, res) => {
			res.setHeader('x-frame-options', 'DENY');
		},
	);
	const [first, again] = [await send(), await send()];
	expect([first.headers['x-frame-options'], first.headers['x-paid']]).toEqual([undefined, 'yes']);
	expect([again.headers['x-frame-options'], again.headers['x-paid']]).toEqual(['DENY', 'yes']);
});
