import type {IncomingMessage, ServerResponse} from 'node:http';
import {mistake} from '../../mistake.ts';
import {isPromise, tellGuarded} from '../../utils.ts';
import {isKept} from '../kept.ts';
import type {Operation, Run} from '../operation.ts';
import {problem} from '../problem.ts';
import {failure, type Next} from './failing.ts';
import {holdBack, type Held} from './held.ts';
import type {NodeSettings} from './options.ts';
import {replyOn, type NodeAnswer} from './reply.ts';

/** What a handler is told of its run. */
export type NodeOperation = Omit<Operation, 'pending'> & {
	/** Says that the answer of this run is for the time being: it is given again, whatever its status, until `resolve` replaces it. */
	readonly pending: () => void;
};

/** What is guarded: a listener of `node:http`, or a handler of Express, which is told of its operation besides. */
export type Listener<Req, Res> = (req: Req, res: Res, operation: NodeOperation, next: Next) => unknown;

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

/** What the handler of this request is told; `answer`: what is for the time being where it says so. */
export function operationOn(req: IncomingMessage, run: Run, answer: object): NodeOperation {
	const {idempotencyKey, key, signal, fetch, effect, undone} = run.operation;
	const pending = () => {
		run.pending = answer;
	};
	const operation = {idempotencyKey, key, signal, fetch, effect, undone, pending};
	(req as Told)[OPERATION] = operation;
	return operation;
}

/** A request that may need a key, and its response. */
export type Exchange<Req, Res> = {
	readonly settings: NodeSettings<Req, Res>;
	readonly listener: Listener<Req, Res>;
	readonly req: Req;
	readonly res: Res;
	readonly next: Next | undefined;
	readonly failed: (error: unknown) => void;
	held: Held | undefined;
};

/** What the listener answers. */
export async function handled<Req extends IncomingMessage, Res extends ServerResponse>(
	exchange: Exchange<Req, Res>,
	run: Run,
): Promise<NodeAnswer> {
	const {settings, listener, req, res, next, failed} = exchange;
	const {effects, onError, bodyLimit} = settings;
	if (run.operation.idempotencyKey === undefined) {
		await listener(req, res, operationOn(req, run, {status: 0}), next ?? (error => void (error && failed(error))));
		return {...replyOn(res, failure), give: () => undefined};
	}

	const mine = (exchange.held = holdBack(res, bodyLimit));
	const fail = (error: unknown) => {
		if (mine.fail(error)) return;
		// Too late for an answer of its own.
		tellGuarded(onError, error, req, res);
		if (!res.writableEnded) res.destroy();
	};
	const operation = operationOn(req, run, mine);
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
