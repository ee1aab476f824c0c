import {contextOf, type Context, type WithOperations} from '../context.ts';
import type {FetchInput} from '../fetch-types.ts';
import {mistake} from '../mistake.ts';
import {isTime} from '../specs.ts';
import {isSafe} from './safe.ts';

type Send = Context['send'];

/** A fetch of `createFetch` that was given a `scope`. */
export type ClientFetch = WithOperations & Send;

/** What a call of a handler to another service may say: all that one of the client may, but that its key is the operation's. */
export type StepInit = Omit<Parameters<Send>[1], 'operation' | 'idempotencyKey'> & {
	/** The name of the step: its key is `operation.key(step)`. Needed unless the method is safe. */
	readonly operation?: string;
};

export type OperationFetch = (input: FetchInput, init?: StepInit) => Promise<Response>;

/** Of a request, by its name in lower case. */
export type Header = (name: string) => string | null | undefined;

/** What calls to other services have of the request that is being served, and of its operation. */
export type Serving = {
	readonly header: Header;
	/** Since it came, in milliseconds. */
	readonly elapsed: () => number;
	readonly key: (step: string) => string;
	readonly signal: AbortSignal;
	/** When the first of these keys may have been sent, in milliseconds since the epoch. */
	readonly since: number | undefined;
	/** Makes a call that takes effect. */
	readonly act: (call: () => Promise<Response>) => Promise<Response>;
};

/** What a guard makes the calls of its handler by. */
export type StepCalls = {readonly during: (serving: Serving) => OperationFetch};

/** How long a caller waits that does not say so, in milliseconds: as long as an attempt of our client. */
const ASSUMED = 20_000;
/** What a step has where the caller has hardly any time left, in milliseconds. */
const LEAST = 1_000;

/**
 * For the option `fetch` of a guard: makes `operation.fetch` out of a fetch of `createFetch`. That needs a `scope`; `null` will do,
 * since the keys of operations tell callers apart.
 *
 * @throws {TypeError} for another fetch, and for one without a scope.
 * @example
 * import {createFetch} from 'latchkey';
 * import {latchkey} from 'latchkey/dialects';
 * import {idempotent, memoryEntries, operationFetch} from 'latchkey/server';
 *
 * const order = idempotent(handler, {
 *   store: memoryEntries(),
 *   scope: null,
 *   fetch: operationFetch(createFetch({scope: null, timeout: 3_000, keySenders: 'this-store', dialect: latchkey})),
 * });
 */
export function operationFetch(client: ClientFetch): StepCalls {
	const {settings} = contextOf(client, 'operationFetch');
	if (settings.scope === undefined)
		throw mistake('operationFetch() takes a fetch that has a scope: createFetch({scope: null})');
	if (settings.keySenders !== 'this-store' && settings.dialect.saves === undefined)
		throw mistake(
			`operationFetch() takes a fetch that says what the server saves, such as ietf({saves: 'errors'}), or keySenders: 'this-store': else no refusal would settle`,
		);
	return {during: serving => callsOf(client, settings, serving)};
}

function callsOf(client: ClientFetch, settings: Context['settings'], serving: Serving): OperationFetch {
	const {header, elapsed, key, signal, since, act} = serving;
	return async (input, {operation: step, ...init} = {}) => {
		const asked = typeof input === 'object' && 'method' in input ? input : undefined;
		if (!step && !isSafe(init.method ?? asked?.method ?? 'GET'))
			throw mistake(`operation.fetch of what is not safe takes the name of its step: {operation: 'charge'}`);

		const {timeout = settings.timeout, totalTimeout = settings.totalTimeout} = init;
		// RFC 7240 §4.3, the one preference that says how long a caller waits: in seconds.
		const wait = /\bwait="?(\d+)/i.exec(header('prefer') ?? '')?.[1];
		const limit = wait ? Number(wait) * 1_000 : init.totalTimeout === undefined ? ASSUMED : Infinity;
		// What is not known by then has to be told to the caller, while it is there.
		const total = Math.min(totalTimeout || Infinity, Math.max(LEAST, (limit - elapsed()) * 0.9));

		const headers = new Headers(init.headers ?? asked?.headers);
		// W3C Trace Context §2.2: the second is of the first. Baggage may be nothing for others to see.
		const isOwn = headers.has('traceparent') || isTraced() || !header('traceparent');
		for (const name of isOwn ? [] : ['traceparent', 'tracestate']) {
			const value = header(name);
			if (value) headers.set(name, value);
		}

		const seconds = Math.trunc(Math.min(timeout || Infinity, total) / 1_000) || 1;
		if (!headers.has('prefer') && seconds < Infinity) headers.set('prefer', `wait=${seconds}`);
		const own = init.signal ?? asked?.signal;
		const call = {...init, headers, signal: own ? AbortSignal.any([own, signal]) : signal};
		if (!step) return client(input, call);
		const its = key(step);
		const idempotencyKey = since ? {key: its, since} : its;
		const limits = {totalTimeout: isTime(total) && total};
		return act(async () => client(input, {...call, ...limits, operation: [step, its], idempotencyKey}));
	};
}

/**
 * OpenTelemetry sets the header itself, beside one that is there, which makes both of no use.
 *
 * @see https://github.com/open-telemetry/opentelemetry-js-contrib/issues/3711
 */
function isTraced(): boolean {
	const api = Symbol.for('opentelemetry.js.api.1') as unknown as keyof typeof globalThis;
	return Boolean((globalThis[api] as {readonly propagation?: unknown} | undefined)?.propagation);
}
