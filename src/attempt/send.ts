import type {Answer} from '../dialect/dialect.ts';
import type {Environment} from '../environment.ts';
import {answerOf} from './answer.ts';
import type {AttemptFacts} from './facts.ts';
import type {Leaving} from './leaving.ts';

export type Sendable = {
	readonly url: string;
	/** The URL, or the Request that the caller gave. */
	readonly input: string | Request;
	/** Everything but the signal; the body can be sent again. */
	readonly init: Omit<RequestInit, 'method' | 'headers' | 'body'> & {
		readonly method: string;
		readonly headers: Record<string, string>;
		readonly body: AttemptFacts['body'];
	};
	readonly fetch: ((input: RequestInfo, init: RequestInit) => Promise<Response>) | undefined;
	/** With one, the answer is read within the attempt, so that a cut body shows. */
	readonly key: string | undefined;
};

export type Answered = {
	readonly answer: Answer;
	/** There when the answer was not read: it is passed on as it came. */
	readonly stream?: Response;
	/** Ends a stream that nobody wants. */
	readonly abort: (reason?: unknown) => void;
	readonly error?: undefined;
};

/** `sent`: it may have reached the server all the same. */
export type Exchange = Answered | {readonly answer?: undefined; readonly error: unknown; readonly sent: boolean};

/** For one attempt: whoever gets it may change it, and must not change what the next one sends. */
export function copyOf(body: AttemptFacts['body']): AttemptFacts['body'] {
	return body instanceof Uint8Array ? body.slice() : body;
}

/** One HTTP exchange, with a signal and a time-out of its own. Never throws. */
export function send(
	environment: Environment,
	{input, init, fetch, key}: Sendable,
	timeout: number,
	leaving: Leaving,
): Promise<Exchange> {
	const controller = new AbortController();
	return new Promise<Exchange>(resolve => {
		const stops: Array<() => void> = [];
		const end = (exchange: Exchange) => {
			for (const stop of stops) stop();
			resolve(exchange);
		};
		// A fetch that ignores its signal must not hold the operation up.
		const fail = (error: unknown) => {
			controller.abort(error);
			end({error, sent: !provesNotSent(error, init.redirect)});
		};
		const late = () => {
			fail(new DOMException(`No answer within ${Math.round(timeout)} ms`, 'TimeoutError'));
		};
		stops.push(environment.timer(late, timeout));
		stops.push(
			leaving.onLeave(() => {
				fail(leaving.reason());
			}),
		);
		const respond = async () => {
			try {
				const own = {headers: {...init.headers}, body: copyOf(init.body), signal: controller.signal};
				const response = await (fetch ?? globalThis.fetch)(input, {...init, ...own});
				const read = await answerOf(response, key !== undefined);
				end({...read, abort: (reason?: unknown) => controller.abort(reason)});
			} catch (error) {
				fail(error);
			}
		};
		void respond();
	});
}

const connectFailed = new Set<unknown>(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

type Failure = {readonly code?: unknown; readonly errors?: readonly Failure[]};

/**
 * Whether the error proves that no connection was made. Only Node says so; and where redirects are followed, the host
 * that could not be reached may be the second one, after the effect.
 */
export function provesNotSent(error: unknown, redirect: RequestRedirect | undefined): boolean {
	if (redirect !== 'manual' && redirect !== 'error') return false;
	const cause = (error as {cause?: Failure} | null)?.cause;
	return (cause?.errors ?? [cause]).every(failure => connectFailed.has(failure?.code));
}
