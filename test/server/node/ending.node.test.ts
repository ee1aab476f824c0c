import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createRequire} from 'node:module';
import express5 from 'express';
import {describe, expect, test} from 'vitest';
import type {GuardEvent} from '../../../src/server/events.ts';
import {memoryEntries} from '../../../src/server/memory.ts';
import {idempotent, type Listener, type NodeGuardOptions} from '../../../src/server/node/index.ts';
import {gate} from '../shop.ts';
import {listen} from './serve.ts';

const express4 = createRequire(import.meta.url)('express-4') as typeof express5;

type Pay = Listener<IncomingMessage, ServerResponse>;

function guardOf(handler: Pay, options: Partial<NodeGuardOptions> = {}) {
	const events: GuardEvent[] = [];
	const errors: unknown[] = [];
	const guard = idempotent<IncomingMessage, ServerResponse>(handler, {
		store: memoryEntries(),
		scope: null,
		onEvent: event => events.push(event),
		onError: error => errors.push(error),
		...options,
	});
	return {guard, events, errors};
}

describe('a timer that refuses while the handler works', () => {
	/** A time limit of the kind that stands before all handlers. */
	function limited(status: number, options: Partial<NodeGuardOptions> = {}) {
		const [began, timeUp, done] = [gate(), gate(), gate()];
		let [runs, charges] = [0, 0];
		const made = guardOf(async (_req, res, operation) => {
			runs++;
			began.open();
			await done.opened;
			await operation.effect(() => charges++);
			if (!res.headersSent) res.writeHead(201).end('paid');
		}, options);
		const listener = (req: IncomingMessage, res: ServerResponse) => {
			if (runs === 0)
				void timeUp.opened.then(() => {
					if (!res.headersSent) res.writeHead(status).end('timeout');
				});
			made.guard(req, res);
		};
		return {...made, listener, began, timeUp, done, counts: () => ({runs, charges})};
	}

	test.each([503, 408, 429])('with %i frees nothing: what it may have done is not done twice', async status => {
		const {listener, began, timeUp, done, counts, events, errors} = limited(status);
		const {send} = await listen(listener);
		const first = send();
		await began.opened;
		timeUp.open();
		expect((await first).text).toContain('idempotency-outcome-unknown');
		done.open();
		expect((await send()).text).toContain('idempotency-outcome-unknown');
		expect(counts()).toEqual({runs: 1, charges: 1});
		expect(events.map(({type}) => type)).toEqual(['doubt']);
		expect(String(errors[0])).toContain('while its handler was at work');
	});

	test('frees nothing in a middleware, either, where connect-timeout did it', async () => {
		const [began, done] = [gate(), gate()];
		let charges = 0;
		const app = express5();
		app.use((req, _res, next) => {
			const timeUp = () => {
				Object.assign(req, {timedout: true});
				next(Object.assign(new Error('Response timeout'), {status: 503}));
			};
			void began.opened.then(timeUp);
			next();
		});
		app.post('/pay', idempotent({store: memoryEntries(), scope: null, onError: () => undefined}), async (_req, res) => {
			began.open();
			await done.opened;
			charges++;
			if (!res.headersSent) res.end('paid');
		});
		const failed: express5.ErrorRequestHandler = ({status}: {status: number}, _req, res, next) => {
			if (res.headersSent) next();
			else res.status(status).end();
		};
		app.use(failed);
		const {send} = await listen(app);
		expect((await send()).text).toContain('idempotency-outcome-unknown');
		done.open();
		await send();
		expect(charges).toBe(1);
	});

	test('frees the key where effects are marked, and the effect does not begin any more but in the repeat', async () => {
		const {listener, began, timeUp, done, counts} = limited(503, {effects: 'marked'});
		const {send} = await listen(listener);
		const first = send();
		await began.opened;
		timeUp.open();
		expect(await first).toMatchObject({status: 503, text: 'timeout'});
		done.open();
		expect((await send()).text).toBe('paid');
		expect(counts()).toEqual({runs: 2, charges: 1});
	});

	test('is none where the handler itself refuses, and ends', async () => {
		let runs = 0;
		const {guard, errors} = guardOf(async (_req, res) => {
			runs++;
			await Promise.resolve();
			res.writeHead(429).end('later');
			await Promise.resolve();
		});
		const {send} = await listen(guard);
		expect([await send(), await send()].map(({text}) => text)).toEqual(['later', 'later']);
		expect([runs, errors]).toEqual([2, []]);
	});
});

test('a server that closes waits for an answer that is being stored', async () => {
	const [storing, stored] = [gate(), gate()];
	const store = memoryEntries();
	const {answer} = store;
	store.answer = async (...step) => {
		storing.open();
		await stored.opened;
		return answer(...step);
	};
	const {guard} = guardOf(
		(_req, res) => {
			res.writeHead(201).end('paid');
			expect(res.writableEnded).toBe(true);
			res.end();
		},
		{store},
	);
	const {server, send} = await listen(guard);
	const paid = send({headers: {connection: 'keep-alive'}});
	await storing.opened;
	const closed = once(server, 'close');
	server.close();
	stored.open();
	expect(await paid).toMatchObject({status: 201, text: 'paid'});
	server.closeIdleConnections();
	await closed;
});

describe('what fails in a request that is not guarded', () => {
	const failing: Record<string, Pay> = {
		'a throw': () => {
			throw new Error('no');
		},
		'a rejection': async () => Promise.reject(new Error('no')),
		'next(error)': (_req, _res, _operation, next) => {
			next(new Error('no'));
		},
	};

	test.each(Object.entries(failing))('by %s is a 500 and told, and the process lives', async (_, handler) => {
		const {guard, errors} = guardOf(handler, {required: false});
		const {send} = await listen(guard);
		for (const sent of [{method: 'GET', body: null}, {key: null}])
			expect(await send(sent)).toMatchObject({status: 500, text: ''});
		expect(errors.map(String)).toEqual(['Error: no', 'Error: no']);
	});

	test('after its answer is told, and the answer stays', async () => {
		const {guard, errors} = guardOf(async (_req, res) => {
			res.end('ok');
			throw new Error('late');
		});
		const {send} = await listen(guard);
		expect((await send({method: 'GET', body: null})).text).toBe('ok');
		expect(errors.map(String)).toEqual(['Error: late']);
	});

	test.each([
		['4', express4],
		['5', express5],
	])('by a rejection goes to the error handler of express %s', async (_, express) => {
		const app = express();
		app.all('/pay', guardOf(failing['a rejection'] as Pay).guard as express5.RequestHandler);
		const failed: express5.ErrorRequestHandler = (error: Error, _req, res, next) => {
			if (res.headersSent) next(error);
			else res.status(500).send(error.message);
		};
		app.use(failed);
		const {send} = await listen(app);
		expect(await send({method: 'GET', body: null})).toMatchObject({status: 500, text: 'no'});
	});
});
