import {
	HttpHandler,
	HttpResponse,
	type DefaultBodyType,
	type HttpResponseResolver,
	type Path,
	type PathParams,
	type StrictRequest,
} from 'msw';
import {withoutHeaders} from './answers.ts';
import {scriptOf, type Plan} from './faults.ts';
import {checkEndpoint, type IdempotentEndpointOptions} from './options.ts';
import {serverOf, statusOf, waited} from './server.ts';

/** An msw handler that counts. Everything it says is as of now. */
export type IdempotentEndpoint = HttpHandler & {
	/** How many times the resolver ran and answered 2xx: what a customer would be charged for. */
	readonly effects: number;
	/** How many requests arrived, lost ones included. */
	readonly attempts: number;
	/** The key of each attempt, in order of arrival and without quotes; `null` where there was none. */
	readonly keys: ReadonlyArray<string | null>;
	/**
	 * Forgets keys, answers and counts, ends the time-outs, and begins the faults anew. `resetHandlers()` of msw does it for
	 * initial handlers.
	 */
	reset(): void;
};

/**
 * An endpoint that behaves as a real idempotent server, for `setupServer` and `setupWorker`, whoever calls it. It is the guard of
 * `latchkey/server` over entries in memory; with a `dialect` it speaks as that API does, as far as that is known.
 *
 * @param method The HTTP method, as in `http.post`.
 * @param url The URL or pattern, as in msw.
 * @param resolver An ordinary msw resolver: what the server does.
 * @throws {TypeError | RangeError} for an option or a fault that it does not have.
 * @example
 * const pay = idempotentEndpoint('post', '/pay', () => HttpResponse.json({paid: true}), {faults: ['lose-response']});
 * const server = setupServer(pay);
 * // … press Pay; the first answer is lost, the client tries again
 * expect(pay.attempts).toBe(2);
 * expect(pay.effects).toBe(1);
 * expect(new Set(pay.keys).size).toBe(1);
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
	checkEndpoint(options);
	const {faults = [], latency = 0} = options;
	// The resolver runs in a handler of its own, so that generators, thrown responses and `finalize` work as in msw.
	const inner = new HttpHandler(method, url, resolver);
	const fresh = () => ({
		server: serverOf(method, options),
		nextPlan: scriptOf(faults),
		effects: 0,
		attempts: 0,
		keys: [] as Array<string | null>,
		end: new AbortController(),
	});
	let state = fresh();

	async function answer(request: StrictRequest<DefaultBodyType>, requestId: string): Promise<Response | undefined> {
		const body = new Uint8Array(await request.clone().arrayBuffer());
		const current = state;
		const {server, end} = current;
		const plan = current.nextPlan();
		current.attempts++;
		current.keys.push(server.keyIn({request, body}));
		await waited(typeof latency === 'number' ? latency : latency(current.attempts));
		if (plan.forgets) server.forget();
		if (plan.when === 'before-effect') return failed(plan, request.signal, end.signal);
		const served = server.serve({
			request,
			body,
			plan,
			async work() {
				const response = (await inner.run({request, requestId}))?.response;
				if (response?.ok) current.effects++;
				return response;
			},
		});
		if (plan.when === 'during-effect') {
			void served.catch(() => undefined);
			return failed(plan, request.signal, end.signal);
		}

		const response = await served;
		if (plan.when === 'after-effect') return failed(plan, request.signal, end.signal);
		return response && plan.hides ? withoutHeaders(response) : response;
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
				state.end.abort();
				state = fresh();
			},
		},
	}) as IdempotentEndpoint;
}

/** What a caller meets instead of an answer. msw's worker is not told that a caller gave up. */
async function failed(plan: Plan, ...over: readonly AbortSignal[]): Promise<Response> {
	if (typeof plan.failure?.status === 'number') return statusOf(plan);
	if (plan.failure?.status === 'time-out' && !over.some(({aborted}) => aborted))
		await new Promise<unknown>(resolve => over.forEach(signal => signal.addEventListener('abort', resolve)));
	return HttpResponse.error();
}
