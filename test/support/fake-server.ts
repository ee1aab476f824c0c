import type {Environment} from '../../src/environment.ts';
import {NotSentError} from '../../src/errors.ts';
import {keyOf} from '../../src/server/key.ts';
import {createLedger, payloadOf, serveOnce, type Saves} from './serve-once.ts';

export type Received = {
	readonly method: string;
	readonly url: string;
	readonly key: string | undefined;
	readonly headers: Headers;
	readonly body: unknown;
	/** Wall clock, in milliseconds. */
	readonly at: number;
	readonly signal: AbortSignal | undefined;
};

/** What one attempt meets. `serve` does the healthy work. */
export type Exchange = {
	readonly received: Received;
	readonly serve: () => Promise<Response>;
	readonly environment: Pick<Environment, 'timer'>;
};
export type Step = (exchange: Exchange) => Promise<Response>;

export const ok: Step = async ({serve}) => serve();

/** The work is done, its answer is lost. */
export const lose: Step = async ({serve}) => {
	await serve();
	throw new TypeError('fetch failed');
};

/** The request is lost; the client cannot know that. */
export const drop: Step = async () => {
	throw new TypeError('fetch failed');
};

/** No connection was made, and the error proves it. */
export const unreachable: Step = async () => {
	throw new NotSentError({cause: new Error('getaddrinfo ENOTFOUND')});
};

/** Never answers. */
export const hang: Step = async () => new Promise(() => undefined);

/** Does the work, and never answers. */
export const swallow: Step = async exchange => {
	await exchange.serve();
	return hang(exchange);
};

/** Answers without doing the work. */
export function answer(status: number, headers: HeadersInit = {}, body: BodyInit | null = null): Step {
	return async () => new Response(body, {status, headers});
}

export function redirected(status = 200): Step {
	return async () => Object.defineProperty(new Response('<h1>Log in</h1>', {status}), 'redirected', {value: true});
}

export function after(ms: number, step: Step = ok): Step {
	return async exchange => {
		await new Promise<void>(resolve => {
			exchange.environment.timer(resolve, ms);
		});
		return step(exchange);
	};
}

export type FakeServer = {
	readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
	/** In order of arrival. */
	readonly requests: readonly Received[];
	readonly keys: () => Array<string | undefined>;
	/** How often the effect took place. */
	readonly charges: () => number;
	/** One step per attempt that is yet to come; after the last one, `ok`. */
	readonly script: (...steps: readonly Step[]) => void;
};

export type FakeServerOptions = {
	/** Which answers are kept under a key. Default `'success'`. */
	readonly saves?: Saves;
	/** What the server does; a 2xx is an effect. Default: 201 with the key and the count of charges. */
	readonly resolver?: (received: Received, charges: number) => Response;
};

/** A `fetch` that reaches a server which honours idempotency keys, with faults as scripted. It obeys the signal. */
export function fakeServer(
	environment: Environment,
	{
		saves = 'success',
		resolver = ({key}, charges) => Response.json({key, charges}, {status: 201}),
	}: FakeServerOptions = {},
): FakeServer {
	const ledger = createLedger({retention: Number.POSITIVE_INFINITY, now: () => environment.now()});
	const requests: Received[] = [];
	const queue: Step[] = [];
	let charges = 0;

	async function work(received: Received): Promise<Response> {
		const response = resolver(received, charges + 1);
		if (response.ok) charges++;
		return response;
	}

	async function exchange(input: RequestInfo | URL, init: RequestInit): Promise<Response> {
		const request = new Request(input, init);
		const {method, url, headers} = request;
		const key = keyOf(headers) ?? undefined;
		const at = environment.now();
		// A client gives its fetch everything in a Request, as ky does.
		const body = init.body === undefined && request.body ? await request.clone().text() : init.body;
		const received = {method, url, headers, key, body, signal: signalOf(input, init), at};
		requests.push(received);
		const step = queue.shift() ?? ok;
		const serve = async () =>
			key === undefined
				? work(received)
				: serveOnce(ledger, {key, payload: await payloadOf(request)}, saves, async () => work(received));
		return step({received, serve, environment});
	}

	return {
		async fetch(input, init = {}) {
			const signal = signalOf(input, init);
			if (signal?.aborted) throw signal.reason;
			return new Promise((resolve, reject) => {
				signal?.addEventListener('abort', () => {
					reject(signal.reason);
				});
				exchange(input, init).then(resolve, reject);
			});
		},
		requests,
		keys: () => requests.map(({key}) => key),
		charges: () => charges,
		script(...steps) {
			queue.push(...steps);
		},
	};
}

function signalOf(input: RequestInfo | URL, {signal}: RequestInit): AbortSignal | undefined {
	return signal ?? (input instanceof Request ? input.signal : undefined);
}
