import type {IncomingMessage, ServerResponse} from 'node:http';
import {mistake} from '../../mistake.ts';
import {isPromise, tellGuarded} from '../../utils.ts';
import {coreOf, runtime, type Core, type Serving, type Unsettled} from '../core.ts';
import {isKept} from '../kept.ts';
import type {Operation, Run} from '../operation.ts';
import type {Header} from '../operation-fetch.ts';
import {problem} from '../problem.ts';
import {isSafe} from '../safe.ts';
import type {GuardEnvironment} from '../steps.ts';
import {bodyOf} from './body.ts';
import {failing, failure, type Next} from './failing.ts';
import {holdBack, type Held} from './held.ts';
import {nodeSettings, type NodeGuardOptions, type NodeSettings} from './options.ts';
import {replyOn, type NodeAnswer} from './reply.ts';
import {targetOf} from './target.ts';

/** What a handler is told of its run. */
export type NodeOperation = Omit<Operation, 'pending'> & {
	/** Says that the answer of this run is for the time being: it is given again, whatever its status, until `resolve` replaces it. */
	readonly pending: () => void;
};

/** What is guarded: a listener of `node:http`, or a handler of Express, which is told of its operation besides. */
export type Listener<Req, Res> = (req: Req, res: Res, operation: NodeOperation, next: Next) => unknown;

/** A listener of `node:http`, or a middleware of Express or Connect, and what can be done about those whose outcome is not known. */
export type NodeGuard<Req, Res> = ((req: Req, res: Res, next?: Next) => void) & Unsettled;

/** On the request: a WeakMap would keep each of them through many collections of garbage. */
const OPERATION = Symbol.for('latchkey.operation');
/** `timedout`: by connect-timeout. */
type Told = IncomingMessage & {[OPERATION]?: NodeOperation; readonly timedout?: unknown};

/**
 * What a handler is told of its run, where it comes after the guard.
 *
 * @throws {TypeError} for a request that has passed no guard.
 * @example
 * import type {IncomingMessage, ServerResponse} from 'node:http';
 * import {operationOf} from 'latchkey/server/node';
 *
 * function pay(req: IncomingMessage, res: ServerResponse) {
 *   res.writeHead(201).end(operationOf(req).key('charge'));
 * }
 */
export function operationOf(req: IncomingMessage): NodeOperation {
	const operation = (req as Told)[OPERATION];
	if (!operation) throw mistake('operationOf takes a request that has passed a guard of latchkey/server/node');
	return operation;
}

/**
 * Runs what handles a request once for each idempotency key, in `node:http`, Express and Connect: repeats get the first
 * answer again, byte for byte, marked `Idempotent-Replayed: true`. Requests of safe methods pass. With a listener, what it
 * throws is a doubt; without, the guard is a middleware, and sees the answers of what comes after it.
 *
 * @throws {TypeError | RangeError} for an option that is missing or of the wrong kind.
 * @example
 * import {createServer} from 'node:http';
 * import {memoryEntries} from 'latchkey/server';
 * import {idempotent} from 'latchkey/server/node';
 *
 * createServer(idempotent((req, res, operation) => {
 *   res.writeHead(201).end(operation.key('charge'));
 * }, {store: memoryEntries(), scope: null}));
 */
export function idempotent<Req extends IncomingMessage, Res extends ServerResponse>(
	listener: Listener<Req, Res>,
	options: NodeGuardOptions<Req, Res>,
): NodeGuard<Req, Res>;
export function idempotent<Req extends IncomingMessage, Res extends ServerResponse>(
	options: NodeGuardOptions<Req, Res>,
): NodeGuard<Req, Res>;
export function idempotent<Req extends IncomingMessage, Res extends ServerResponse>(
	...given: [NodeGuardOptions<Req, Res>] | [Listener<Req, Res>, NodeGuardOptions<Req, Res>]
): NodeGuard<Req, Res> {
	return idempotentIn(runtime, ...given);
}

/** @internal */
export function idempotentIn<Req extends IncomingMessage, Res extends ServerResponse>(
	environment: GuardEnvironment,
	...given: [NodeGuardOptions<Req, Res>] | [Listener<Req, Res>, NodeGuardOptions<Req, Res>]
): NodeGuard<Req, Res> {
	const listener: Listener<Req, Res> = given.length === 2 ? given[0] : (_req, _res, _operation, next) => next();
	const settings = nodeSettings(given.length === 2 ? given[1] : given[0]);
	const {
		scope: _scope,
		fingerprint: _fingerprint,
		keyFrom: _keyFrom,
		waitUntil: _waitUntil,
		onError: _onError,
		...shared
	} = settings;
	const {answer, free, ...unsettled} = coreOf(environment, shared);

	function guard(req: Req, res: Res, next?: Next): void {
		if (!isSafe(req.method ?? '')) return void guarded({answer, settings, listener}, req, res, next);
		const operation = operationIn(free(headerOf(req)), {status: 0});
		(req as Told)[OPERATION] = operation;
		const fail = failing(settings.onError, req, res, next);
		try {
			const running = listener(req, res, operation, next ?? (error => void (error && fail(error))));
			if (isPromise(running)) running.then(undefined, fail);
		} catch (error) {
			fail(error);
		}
	}

	return Object.assign(guard, unsettled);
}

type Guarded<Req, Res> = {
	readonly answer: Core['answer'];
	readonly settings: NodeSettings<Req, Res>;
	readonly listener: Listener<Req, Res>;
};

/** A request that may need a key, and its response. */
type Exchange<Req, Res> = Omit<Guarded<Req, Res>, 'answer'> & {
	readonly req: Req;
	readonly res: Res;
	readonly next: Next | undefined;
	readonly failed: (error: unknown) => void;
	held: Held | undefined;
};

/** Never rejects: there is nobody to tell. */
async function guarded<Req extends IncomingMessage, Res extends ServerResponse>(
	{answer, settings, listener}: Guarded<Req, Res>,
	req: Req,
	res: Res,
	next: Next | undefined,
): Promise<void> {
	const failed = failing(settings.onError, req, res, next);
	const exchange: Exchange<Req, Res> = {settings, listener, req, res, next, failed, held: undefined};
	try {
		if (req.httpVersionMajor > 1) throw mistake('latchkey/server/node guards requests of HTTP/1, not of HTTP/2');
		const working = answer(servingOf(exchange));
		settings.waitUntil?.(
			working.catch(() => undefined),
			req,
			res,
		);
		const answered = await working;
		if (answered !== exchange.held) exchange.held?.drop();
		answered.give();
	} catch (error) {
		exchange.held?.drop();
		failed(error);
	}
}

function servingOf<Req extends IncomingMessage, Res extends ServerResponse>(
	exchange: Exchange<Req, Res>,
): Serving<NodeAnswer> {
	const {settings, req, res} = exchange;
	const {scope, fingerprint, keyFrom, waitUntil} = settings;
	const {path, search} = targetOf(req);
	return {
		path,
		search,
		method: (req.method ?? '').toUpperCase(),
		header: headerOf(req),
		whose: scope && (() => scope(req, res)),
		body: () => bodyOf(req, keyFrom === 'content' && !fingerprint),
		fingerprint: fingerprint && (body => fingerprint(req, body)),
		keyFrom: typeof keyFrom === 'function' ? body => keyFrom(req, body) : keyFrom,
		handle: run => handled(exchange, run),
		background: waitUntil
			? task =>
					waitUntil(
						task.catch(() => undefined),
						req,
						res,
					)
			: dropped,
		reply: kept => replyOn(res, kept),
		async passed({status, statusText, headers: own, body}) {
			const bytes = body && new Uint8Array(await new Response(body).arrayBuffer());
			return replyOn(res, {status, statusText, headers: [...own], body: bytes});
		},
		copied,
	};
}

const copied: Serving<NodeAnswer>['copied'] = (given, limit, omitted) => given.copied(limit, omitted);

/** What the listener answers. */
async function handled<Req extends IncomingMessage, Res extends ServerResponse>(
	exchange: Exchange<Req, Res>,
	run: Run,
): Promise<NodeAnswer> {
	const {settings, listener, req, res, next, failed} = exchange;
	const {effects, onError, bodyLimit} = settings;
	if (run.operation.idempotencyKey === undefined) {
		(req as Told)[OPERATION] = operationIn(run, {status: 0});
		await listener(req, res, operationOf(req), next ?? (error => void (error && failed(error))));
		return {...replyOn(res, failure), give: () => undefined};
	}

	const mine = (exchange.held = holdBack(res, bodyLimit));
	const fail = (error: unknown) => {
		if (mine.fail(error)) return;
		// Too late for an answer of its own.
		tellGuarded(onError, error, req, res);
		if (!res.writableEnded) res.destroy();
	};
	const operation = operationIn(run, mine);
	(req as Told)[OPERATION] = operation;
	let over = true;
	try {
		const running = listener(req, res, operation, error => {
			if (error === undefined || error === null || error === 'route' || error === 'router') next?.(error);
			else fail(error);
		});
		if (isPromise(running)) {
			over = false;
			void running.then(undefined, fail).then(() => {
				over = true;
			});
		}
	} catch (error) {
		fail(error);
	}

	await mine.ready;
	if (effects === 'marked' || !isRefusal(mine.status) || run.pending === mine) return mine;
	if (!over) await new Promise(setImmediate);
	if (over && !(req as Told).timedout) return mine;
	// By a timer, for instance: this says nothing of what the handler does yet.
	const text = `the response was ended with ${mine.status} while its handler was at work: that is not taken for "nothing was done"`;
	tellGuarded(onError, mistake(text), req, res);
	return {...replyOn(res, problem('outcome-unknown')), status: 500};
}

/** Whether it says that nothing was done. */
function isRefusal(status: number): boolean {
	return !isKept(status) && (status < 500 || status === 503);
}

function headerOf(req: IncomingMessage): Header {
	const headers = req.headers as Readonly<Record<string, string | undefined>>;
	return name => headers[name];
}

function dropped(task: Promise<unknown>): void {
	task.catch(() => undefined);
}

function operationIn(run: Run, answer: object): NodeOperation {
	const {idempotencyKey, key, signal, fetch, effect, undone} = run.operation;
	const pending = () => {
		run.pending = answer;
	};
	return {idempotencyKey, key, signal, fetch, effect, undone, pending};
}
