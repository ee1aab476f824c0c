import {watch} from '#platform';
import type {Answer} from '../dialects/dialect.ts';
import type {Environment} from '../environment.ts';
import {isLatchkeyError} from '../errors.ts';
import {unmarked} from '../mistake.ts';
import {domError} from '../signals.ts';
import {answerOf} from './answer.ts';
import type {Sendable} from '../request/prepared-request.ts';
import type {AttemptFacts} from './facts.ts';
import type {Cancellation} from './cancellation.ts';

export type Answered = {
	readonly answer: Answer;
	/** There when the answer was not read: it is passed on as it came. */
	readonly stream?: Response;
	/** Ends a stream that nobody wants. */
	readonly abort: (reason?: unknown) => void;
	readonly error?: undefined;
};

export type Failed = {
	readonly answer?: undefined;
	readonly error: unknown;
	/** There when it proves that nothing was sent: whether another attempt may get through. */
	readonly unsent?: 'retry' | 'end' | undefined;
};

export type Exchange = Answered | Failed;

/** What is of this attempt alone: its headers, and its time in milliseconds. */
export type Due = {readonly headers: Record<string, string>; readonly ms: number};

/** For one attempt: whoever gets it may change it, and must not change what the next one sends. */
export function copyOf(body: AttemptFacts['body']): AttemptFacts['body'] {
	return body instanceof Uint8Array ? body.slice() : body;
}

/** One HTTP exchange, with a signal and a time-out of its own. Never throws. */
export function send(
	environment: Environment,
	{url, input, init, fetch, key, keyHeader}: Sendable,
	{headers, ms}: Due,
	cancellation: Cancellation,
): Promise<Exchange> {
	const controller = new AbortController();
	return new Promise<Exchange>(resolve => {
		const stops: Array<() => void> = [];
		const end = (exchange: Exchange) => {
			for (const stop of stops) stop();
			resolve(exchange);
		};
		// A fetch that ignores its signal must not hold the operation up.
		const fail = (error: unknown, unsent?: Failed['unsent']) => {
			controller.abort(error);
			end({error, unsent});
		};
		const late = () => {
			fail(domError(`No answer within ${Math.round(ms)} ms`, 'TimeoutError'));
		};
		stops.push(environment.timer(late, ms));
		stops.push(cancellation.onCancel(fail));
		const call = fetch ?? globalThis.fetch;
		const witness = fetch ? undefined : watch(call, url, init, keyHeader);
		if (witness) stops.push(witness.stop);
		const respond = async () => {
			let unsent = (error: unknown) => (isOfThisRequest(error) ? 'retry' : witness?.proves(error));
			try {
				const sent = {...init, headers: {...headers}, body: copyOf(init.body), signal: controller.signal};
				const response = await call(fetch ? asGiven(input, sent) : input, sent);
				unsent = () => undefined;
				const read = await answerOf(response, key !== undefined, url);
				// Bound, because a closure would keep the response through what else it sees.
				end({...read, abort: controller.abort.bind(controller)});
			} catch (error) {
				fail(unmarked(error), unsent(error));
			}
		};
		void respond();
	});
}

/** Whoever wraps fetch reads either: a Request says the same as the init beside it, and nobody has read it yet. */
export function asGiven(input: string | Request, init: RequestInit): string | Request {
	if (typeof input === 'string') return input;
	try {
		const given = new (input.constructor as typeof Request)(input, init);
		// What a runtime has added to it (`cf`, `next`) is its own.
		for (const name of Object.keys(input))
			Reflect.set(given, name, (input as unknown as Record<string, unknown>)[name]);
		return given;
	} catch {
		return input;
	}
}

/** One that bears a name or a key is about another request, such as a wrapper's own. */
function isOfThisRequest(error: unknown): boolean {
	return isLatchkeyError(error, 'NOT_SENT') && error.operation === undefined && error.key === undefined;
}
