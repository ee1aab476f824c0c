import {
	HttpHandler,
	type DefaultBodyType,
	type HttpResponseResolver,
	type Path,
	type PathParams,
	type StrictRequest,
} from 'msw';
import {environment} from '../environment.ts';
import {serveWith, type Fault} from './faults.ts';
import {keyOf} from '../server/key.ts';
import {createLedger} from './ledger.ts';
import {payloadOf} from './payload.ts';
import {problem} from './problem.ts';
import {serveOnce, type Saves} from './serve-once.ts';

/** How the mock server behaves. */
export type IdempotentEndpointOptions = {
	/**
	 * What goes wrong: one fault per attempt, in order of arrival; after the last one, nothing.
	 *
	 * @default `[]`
	 */
	readonly faults?: readonly Fault[];
	/**
	 * Which answers are kept under the key: `'success'` 2xx; `'errors'`, as the draft says, also 3xx and 4xx except 408, 409,
	 * 425 and 429; `'everything'` also 5xx, as Stripe does. Any other answer frees the key.
	 *
	 * @default 'errors'
	 * @see https://docs.stripe.com/api/idempotent_requests
	 */
	readonly saves?: Saves;
	/**
	 * How long a key is remembered, counted from its first request, in milliseconds.
	 *
	 * @default for ever
	 */
	readonly retention?: number;
	/**
	 * The clock of `retention`, in milliseconds.
	 *
	 * @default the wall clock
	 */
	readonly now?: () => number;
	/**
	 * Whether a request without a key is answered with 400; otherwise it runs unprotected.
	 *
	 * @default true
	 */
	readonly required?: boolean;
};

/** An msw handler that counts. Everything it says is as of now. */
export type IdempotentEndpoint = HttpHandler & {
	/** How many times the resolver ran and answered 2xx: what a customer would be charged for. */
	readonly effects: number;
	/** How many requests arrived, lost ones included. */
	readonly attempts: number;
	/** The key of each attempt, in order of arrival and without quotes; `null` where there was none. */
	readonly keys: ReadonlyArray<string | null>;
	/** Forgets keys, answers and counts, and begins the faults anew. `resetHandlers()` of msw does it for initial handlers. */
	reset(): void;
};

/**
 * An endpoint that behaves as a real idempotent server, for `setupServer` and `setupWorker`. Repeats of a key get the
 * saved answer marked `Idempotent-Replayed: true`; a key with another payload gets 422; one that is still running gets
 * 409 with `Retry-After`; a missing or malformed key gets 400. Payloads are compared byte by byte, together with the
 * method, the URL and the content type.
 *
 * @param method The HTTP method, as in `http.post`.
 * @param url The URL or pattern, as in msw.
 * @param resolver An ordinary msw resolver: what the server does. Its answer is read whole before it is saved.
 * @example
 * const pay = idempotentEndpoint('POST', '/pay', () => HttpResponse.json({paid: true}), {faults: ['lose-response']});
 * const server = setupServer(pay);
 * // … press Pay; the first answer is lost, the client tries again
 * expect(pay.attempts).toBe(2);
 * expect(pay.effects).toBe(1);
 * expect(new Set(pay.keys).size).toBe(1);
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function idempotentEndpoint<
	Params extends PathParams<keyof Params> = PathParams,
	Body extends DefaultBodyType = DefaultBodyType,
>(
	method: string,
	url: Path,
	resolver: HttpResponseResolver<Params, Body>,
	options: IdempotentEndpointOptions = {},
): IdempotentEndpoint {
	const {faults = [], saves = 'errors', retention = Infinity, now = () => environment.now(), required = true} = options;
	// The resolver runs in a handler of its own, so that generators, thrown responses and `finalize` work as in msw.
	const inner = new HttpHandler(method, url, resolver);
	const fresh = () => ({
		ledger: createLedger({retention, now}),
		effects: 0,
		attempts: 0,
		keys: [] as Array<string | null>,
	});
	let state = fresh();

	async function answer(request: StrictRequest<DefaultBodyType>, requestId: string): Promise<Response | undefined> {
		const payload = await payloadOf(request);
		// From here to the ledger nothing waits: once an attempt is counted, its key is taken.
		const current = state;
		const key = keyOf(request.headers);
		const fault = faults[current.attempts++] ?? 'none';
		current.keys.push(key ?? request.headers.get('idempotency-key'));

		return serveWith(fault, async hold => {
			const run = async () => {
				await hold;
				const result = await inner.run({request, requestId});
				if (result?.response?.ok) current.effects++;
				return result?.response;
			};

			if (key === undefined) return problem('malformed');
			if (key !== null) return serveOnce(current.ledger, {key, payload}, saves, run);
			return required ? problem('missing') : run();
		});
	}

	const handler = new HttpHandler(method, url, ({request, requestId}) => answer(request, requestId));
	const resetHandler = handler.reset.bind(handler);
	return Object.defineProperties(handler, {
		effects: {get: () => state.effects},
		attempts: {get: () => state.attempts},
		keys: {get: () => state.keys},
		reset: {
			value() {
				resetHandler();
				inner.reset();
				state = fresh();
			},
		},
	}) as IdempotentEndpoint;
}
