import type {IncomingMessage, ServerResponse} from 'node:http';
import {inspect} from 'node:util';
import type {MaybePromise} from '../../utils.ts';
import {guardSettings, type GuardOptions, type GuardSettings} from '../options.ts';
import {validate} from '../../validate.ts';

/** How a guard of `node:http`, Express or Connect behaves: the options of the other guard, with `req` and `res` in place of a `Request`. */
export type NodeGuardOptions<Req = IncomingMessage, Res = ServerResponse> = Omit<
	GuardOptions,
	'scope' | 'fingerprint' | 'keyFrom' | 'waitUntil'
> & {
	/**
	 * Whose request it is: the id of a user or a tenant. The same key of two of them is two keys. Never derive it from what
	 * changes between two sendings of one request, such as a token. A `Response` is the answer: a 401 for nobody.
	 * `null`: all callers are one.
	 *
	 * @example req => req.user?.id ?? new Response(null, {status: 401})
	 */
	readonly scope: null | ((req: Req, res: Res) => MaybePromise<string | Response>);
	/**
	 * What makes a body this body, where parts of it change between two sendings.
	 *
	 * @default all its bytes, with the content type
	 */
	readonly fingerprint?: (req: Req, body: Uint8Array) => MaybePromise<string>;
	/**
	 * The key of a request that comes without one. `'content'`: a hash of method, path, query, content type and body (or of
	 * what `fingerprint` gives), so that **two identical requests of one scope are one until `retention` is over, also where two
	 * were meant**. A function gives a key of its own, or `undefined` for none.
	 *
	 * @default none: `required` says what becomes of it
	 */
	readonly keyFrom?: 'content' | ((req: Req, body: Uint8Array) => MaybePromise<string | null | undefined>);
	/** Keeps the runtime alive for what goes on after a response, or after its caller has left. */
	readonly waitUntil?: (work: Promise<unknown>, req: Req, res: Res) => void;
	/**
	 * Is told of an error that has nowhere else to go: what a listener of `node:http` threw, which is answered 500, and what
	 * any handler threw after its answer. In Express and Connect what comes before goes to `next`.
	 *
	 * @default writes it to stderr
	 */
	readonly onError?: (error: unknown, req: Req, res: Res) => void;
};

export type NodeSettings<Req, Res> = Omit<
	GuardSettings<readonly never[]>,
	'scope' | 'fingerprint' | 'keyFrom' | 'waitUntil'
> &
	Pick<NodeGuardOptions<Req, Res>, 'scope' | 'fingerprint' | 'keyFrom' | 'waitUntil'> & {
		readonly onError: (error: unknown, req: Req, res: Res) => void;
	};

export function nodeSettings<Req, Res>(options: NodeGuardOptions<Req, Res>): NodeSettings<Req, Res> {
	const {onError = (error: unknown) => void process.stderr.write(`${inspect(error)}\n`), ...given} = options;
	validate({onError}, {onError: {expects: 'a function', test: it => typeof it === 'function'}});
	return {...(guardSettings(given as unknown as GuardOptions) as unknown as NodeSettings<Req, Res>), onError};
}
