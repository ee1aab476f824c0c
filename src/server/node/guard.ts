import type {IncomingMessage, ServerResponse} from 'node:http';
import {mistake} from '../../mistake.ts';
import {isPromise} from '../../utils.ts';
import {coreOf, runtime, type Core, type Serving, type Unsettled} from '../core.ts';
import type {Header} from '../operation-fetch.ts';
import {isSafe} from '../safe.ts';
import type {GuardEnvironment} from '../steps.ts';
import {bodyOf} from './body.ts';
import {failing, type Next} from './failing.ts';
import {handled, operationOn, type Exchange, type Listener} from './listener.ts';
import {nodeSettings, type NodeGuardOptions} from './options.ts';
import {replyOn, type NodeAnswer} from './reply.ts';
import {targetOf} from './target.ts';

/** A listener of `node:http`, or a middleware of Express or Connect, and what can be done about those whose outcome is not known. */
export type NodeGuard<Req, Res> = ((req: Req, res: Res, next?: Next) => void) & Unsettled;

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
		const operation = operationOn(req, free(headerOf(req)), {status: 0});
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

type Guarded<Req, Res> = Pick<Exchange<Req, Res>, 'settings' | 'listener'> & Pick<Core, 'answer'>;

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

function headerOf(req: IncomingMessage): Header {
	const headers = req.headers as Readonly<Record<string, string | undefined>>;
	return name => headers[name];
}

function dropped(task: Promise<unknown>): void {
	task.catch(() => undefined);
}
