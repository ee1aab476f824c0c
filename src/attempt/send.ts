import type {Answer} from '../dialect/dialect.ts';
import type {Environment} from '../environment.ts';
import {answerOf} from './answer.ts';
import type {Leaving} from './leaving.ts';

export type Sendable = {
	readonly url: string;
	/** Everything but the signal; the body is bytes, a string or a Blob, so that it can be sent again. */
	readonly init: RequestInit;
	readonly fetch: ((input: string, init: RequestInit) => Promise<Response>) | undefined;
	/** Read the answer within the attempt, so that a cut body shows. */
	readonly read: boolean;
};

export type Exchange =
	| {
			readonly kind: 'answer';
			readonly answer: Answer;
			/** There when the answer was not read: it is passed on as it came. */
			readonly stream: Response | undefined;
			/** Ends a stream that nobody wants. */
			readonly abort: (reason?: unknown) => void;
	  }
	| {readonly kind: 'failure'; readonly error: unknown; readonly sent: boolean};

/** One HTTP exchange, with a signal and a time-out of its own. Never throws. */
export async function send(
	environment: Environment,
	{url, init, fetch, read}: Sendable,
	timeout: number,
	leaving: Leaving,
): Promise<Exchange> {
	const controller = new AbortController();
	return new Promise<Exchange>(resolve => {
		// A fetch that ignores its signal must not hold the operation up.
		const end = (exchange: Exchange) => {
			cancelTimer?.();
			stopListening();
			resolve(exchange);
		};
		const fail = (error: unknown) => {
			end({kind: 'failure', error, sent: !provesNotSent(error, url, init.redirect)});
		};
		const abort = (reason?: unknown) => {
			controller.abort(reason);
			fail(reason);
		};
		const cancelTimer =
			timeout === Number.POSITIVE_INFINITY
				? undefined
				: environment.timer(() => {
						abort(new DOMException(`No answer within ${Math.round(timeout)} ms`, 'TimeoutError'));
					}, timeout);
		let stopListening = () => {};
		stopListening = leaving.onLeave(() => {
			abort(leaving.reason());
		});
		const respond = async () => {
			const response = await (fetch ?? globalThis.fetch)(url, {...init, signal: controller.signal});
			const {answer, stream} = await answerOf(response, read);
			end({kind: 'answer', answer, stream, abort: reason => controller.abort(reason)});
		};
		respond().catch(fail);
	});
}

const lookupFailed = new Set(['ENOTFOUND', 'EAI_AGAIN']);

/**
 * Whether the error proves that no connection to the request's own host was made. Only Node says so; and a redirect
 * that was followed may have failed at another host, so the failed host must be recognisable as the request's.
 */
export function provesNotSent(error: unknown, url: string, redirect: RequestRedirect | undefined): boolean {
	const cause = (error as {cause?: unknown} | null)?.cause as ConnectFailure | undefined;
	if (typeof cause?.code !== 'string') return false;
	const {hostname, port, protocol} = new URL(url);
	const ownPort = Number(port) || (protocol === 'https:' ? 443 : 80);
	if (lookupFailed.has(cause.code)) return cause.hostname === hostname;
	if (cause.code === 'UND_ERR_CONNECT_TIMEOUT')
		return redirect === 'manual' || redirect === 'error' || `${cause.message}`.includes(`${hostname}:${ownPort}`);
	if (cause.code !== 'ECONNREFUSED') return false;
	const refused = Array.isArray(cause.errors) ? cause.errors : [cause];
	return refused.every(({code, address, port: at}) => {
		if (code !== 'ECONNREFUSED' || at !== ownPort) return false;
		return redirect === 'manual' || redirect === 'error' || isAddressOf(hostname, address);
	});
}

type ConnectFailure = {
	code?: unknown;
	message?: unknown;
	hostname?: unknown;
	address?: unknown;
	port?: unknown;
	errors?: ConnectFailure[];
};

function isAddressOf(hostname: string, address: unknown): boolean {
	const plain = hostname.replace(/^\[|\]$/g, '');
	return plain === address || (plain === 'localhost' && (address === '127.0.0.1' || address === '::1'));
}
