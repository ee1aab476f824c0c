import ky, {TimeoutError, type KyInstance, type Options, type ResponsePromise} from 'ky';
import {sendUnkeyed} from '../attempt/unkeyed.ts';
import {latchkey, type WithOperations} from '../context.ts';
import {environment as realEnvironment, type Environment} from '../environment.ts';
import type {FetchInput} from '../fetch-types.ts';
import {createFetchIn, type LatchkeyFetch} from '../fetch.ts';
import {mistake} from '../mistake.ts';
import {settingsOf, withCall, without, withSaid} from '../normalize-options.ts';
import {callOptionNames, checkClientOptions, checkClientRetry, mistakeInClientCall} from '../option-names.ts';
import {fetchSpecs, retrySpecs, sharedSpecs} from '../option-specs.ts';
import type {CallOptions, FetchOptions, SharedOptions} from '../options.ts';
import {isRequest} from '../request/input.ts';
import {plain} from '../request/prepared-request.ts';
import type {RetryOptions} from '../retry-options.ts';
import {can, nameOf} from '../utils.ts';
import {callTime, type CallTime} from './call-time.ts';

declare module 'ky' {
	interface Options extends Omit<CallOptions, 'timeout' | 'totalTimeout' | 'retry'> {}
}

/**
 * ky's defaults and latchkey's, in one. Times are in milliseconds; of ky's `retry`, the fields of `RetryOptions` count, and any
 * other is a `TypeError`. The defaults are latchkey's; a declared `dialect` is also `keyed: ['POST', 'PATCH']`.
 *
 * @example
 * const api = createClient({prefix: '/api', timeout: 10_000, retry: 5, dialect: stripe});
 * @see https://github.com/sindresorhus/ky#options
 */
export type ClientOptions = Omit<Options, keyof SharedOptions | 'operation' | 'idempotencyKey' | 'fetch'> &
	FetchOptions;

/** A ky instance over `createFetch`. */
export type Client = Omit<KyInstance, 'extend' | 'create'> & {
	(...parameters: Parameters<KyInstance>): ReturnType<KyInstance>;
	/** As ky's; the instance keeps its operations. */
	readonly extend: (options: Options | ((parent: Options) => Options)) => Client;
	/** As ky's: new ky defaults, over the same fetch. */
	readonly create: (options?: Options) => Client;
} & WithOperations;

type Fetch = NonNullable<FetchOptions['fetch']>;

const kyMethods = ['get', 'post', 'put', 'patch', 'head', 'delete'] as const;

/** What ky's fetch call carries for us, under a name that ky passes on. */
type Carried = {readonly latchkeyCall?: Call};

type Call = {
	readonly options: {readonly [Name in 'timeout' | 'totalTimeout' | 'retry']: SharedOptions[Name] | undefined};
	readonly fetch: FetchOptions['fetch'];
	/** Hooks may read the request afterwards. */
	readonly reads: boolean;
	/** ky throws for this status, and reads the answer for its error. */
	readonly readsError: (status: number) => boolean;
	readonly time: CallTime;
};

/** What ours carries for a fetch that is called as by ky: what ky had beside its request. */
type Beside = {readonly latchkeyBeside?: RequestInit};

/**
 * Makes a ky instance whose calls can be operations. Time-outs and retries are latchkey's: each attempt goes under the
 * same key, and GET, HEAD, PUT and DELETE are retried without one. POST and PATCH get a key when they name an
 * operation, or all of them with `keyed` or a declared `dialect`.
 *
 * What a call throws: ky's `HTTPError` for a refusal and `TimeoutError`, and the errors of latchkey.
 *
 * @throws {TypeError | RangeError} for an option that does not exist or is of the wrong kind.
 * @example
 * const api = createClient({prefix: '/api'});
 * const order = await api.post('orders', {json: cart, operation: ['checkout', cart.id]}).json();
 */
export function createClient(options: ClientOptions = {}): Client {
	return createClientIn(realEnvironment, options);
}

/** @internal */
export function createClientIn(environment: Environment, options: ClientOptions): Client {
	checkClientOptions(options);
	const ours = {...fetchSpecs, ...sharedSpecs};
	const kyOptions = without(options, Object.keys(ours));
	const declared: FetchOptions = options.dialect ? {keyed: ['POST', 'PATCH']} : {};
	const fetchOptions = withSaid(declared, options, ours);
	const settings = settingsOf(fetchOptions);
	const fetchOf = fetchByInner(environment, fetchOptions);
	const {[latchkey]: context} = fetchOf(undefined);

	const send = async (input: FetchInput, init: RequestInit & Carried = {}) => {
		const {latchkeyCall: call, ...rest} = init;
		const request = input as Request;
		const beside: Beside = (call?.fetch ?? options.fetch) ? {latchkeyBeside: without(rest, callOptionNames)} : {};
		const all: RequestInit & CallOptions = {...withSaid(rest, call?.options ?? {}, sharedSpecs), ...beside};
		try {
			const fetch = fetchOf(call?.fetch);
			if (!call) return await fetch(request, all);
			const given = call.reads ? request.clone() : request;
			return await call.time.send(request, async signal => fetch(given, {...all, signal}), call.readsError);
		} catch (error) {
			throw asKys(error, request);
		}
	};

	/** That of the call which is being made: ky asks its hooks before it returns. */
	let making: Call | undefined;
	const made = () => {
		const call = making;
		making = undefined;
		return call;
	};

	/** Takes from ky what is latchkey's to do. */
	const handOver = (given: Options) => {
		const wrong = mistakeInClientCall(given) ?? mistakeInBody(given.body);
		const {timeout, totalTimeout, retry, fetch: inner, hooks, throwHttpErrors = true} = given;
		const own = {timeout, totalTimeout, retry: retryOf(retry)};
		const call: Call = {
			options: own,
			fetch: inner === send ? undefined : inner,
			reads: [hooks?.afterResponse, hooks?.beforeError].some(each => each?.length),
			readsError: status => (typeof throwHttpErrors === 'function' ? throwHttpErrors(status) : throwHttpErrors),
			time: callTime(environment, () => withCall(settings, withSaid({}, own, sharedSpecs))),
		};
		making = call;
		const go = wrong ? async () => Promise.reject(wrong) : send;
		Object.assign(given, {latchkeyCall: call, timeout: false, totalTimeout: false, retry: 0, fetch: go});
	};

	const inTime =
		<P extends unknown[]>(ask: (...parameters: P) => ResponsePromise) =>
		(...parameters: P): ResponsePromise => {
			// Of one that threw, or whose hook was taken away.
			made();
			const response = ask(...parameters);
			return made()?.time.bound(response) ?? response;
		};

	/** `instance` is extended without the hook, so that it comes after all others and no `extend` takes it away. */
	function clientOf(instance: KyInstance): Client {
		const handing = instance.extend({hooks: {init: [handOver]}});
		const methods = kyMethods.map(method => [method, inTime(handing[method])]);
		return Object.assign(inTime(handing) as KyInstance, handing, Object.fromEntries(methods), {
			extend: (more: Parameters<KyInstance['extend']>[0]) => clientOf(instance.extend(more)),
			create: (defaults?: Options) => clientOf(instance.create({fetch: send, ...defaults})),
			[latchkey]: context,
		});
	}

	return clientOf(ky.create({...kyOptions, fetch: send}));
}

/** One fetch for each that it sends with; all share what is in the store. */
function fetchByInner(
	environment: Environment,
	options: FetchOptions,
): (inner: FetchOptions['fetch']) => LatchkeyFetch {
	const make = (inner: unknown) =>
		createFetchIn(environment, withSaid(options, {fetch: calledByKy(inner)}, fetchSpecs), sendUnkeyed);
	const own = make(options.fetch);
	const made = new WeakMap<Fetch, LatchkeyFetch>();
	return inner => {
		if (inner === undefined) return own;
		const fetch = made.get(inner) ?? make(inner);
		made.set(inner, fetch);
		return fetch;
	};
}

/** It gets what ky gives it: a Request that holds all that is sent, and beside it only what a Request does not take. */
function calledByKy(fetch: unknown): unknown {
	if (typeof fetch !== 'function') return fetch;
	return (input: FetchInput, {latchkeyBeside: beside, ...init}: RequestInit & Beside = {}) =>
		// A Request that no other could be made of has been read: what is sent is beside it.
		(fetch as Fetch)(input, isRequest(input) && !input.bodyUsed ? withHeadersOf(input, {...beside}) : init);
}

/**
 * Whoever copies `init.headers` has the key among them, as with `createFetch`. They are those of the Request, with what was set
 * on it; nobody who lists what init holds finds them.
 */
function withHeadersOf({headers}: Request, init: RequestInit): RequestInit {
	return Object.defineProperty(init, 'headers', {
		configurable: true,
		get: () => plain(headers),
		set: (value: unknown) => Object.defineProperty(init, 'headers', {value, enumerable: true, writable: true}),
	});
}

/** A time-out is ky's, unless it is that of the caller's own signal. */
function asKys(error: unknown, request: Request): unknown {
	const isLate = (error as Error | undefined)?.name === 'TimeoutError' && error !== request.signal.reason;
	return isLate ? Object.assign(new TimeoutError(request), {cause: error}) : error;
}

/** ky makes a Request of it, and that `toString()`: nobody could see the mistake any more. */
function mistakeInBody(body: unknown): Error | undefined {
	const isPlain =
		Array.isArray(body) ||
		(nameOf(body) === 'Object' && !can(body, 'getReader') && !(Symbol.asyncIterator in Object(body)));
	return isPlain
		? mistake('a body may be no plain object or array: say json, or use JSON.stringify; nothing was sent')
		: undefined;
}

function retryOf(retry: Options['retry']): number | RetryOptions | undefined {
	if (typeof retry !== 'object') return retry;
	checkClientRetry(retry);
	const unknown = Object.keys(retry).filter(field => !(field in retrySpecs));
	if (unknown.length > 0)
		throw mistake(`what is worth a retry is decided here: leave out retry.${unknown.join(', retry.')}`);
	return retry;
}
