import {answerOf} from '../../src/attempt/answer.ts';
import {verdictOfAnswer, type Context, type Verdict} from '../../src/attempt/verdict.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import type {Answer} from '../../src/dialects/dialect.ts';

export const NOW = Date.UTC(2027, 0, 15, 12);

export type Spec = {
	readonly status: number;
	/** An empty content type stands for none. */
	readonly headers?: Record<string, string>;
	/** A string is sent as it is, anything else as JSON. */
	readonly body?: unknown;
	readonly redirected?: boolean;
};

/** An answer as it is after it was read. */
export async function answer({status, headers = {}, body, redirected = false}: Spec): Promise<Answer> {
	const json = body !== undefined && typeof body !== 'string';
	const empty = status === 204 || status === 304;
	const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
	const response = new Response(empty || status === 0 ? null : text, {
		status: status === 0 ? 200 : status,
		headers: {'content-type': json ? 'application/json' : 'text/plain', ...headers},
	});
	if (headers['content-type'] === '') response.headers.delete('content-type');
	const {answer: read} = await answerOf(response, true);
	return {...read, status, redirected, ...(status === 0 && {type: 'opaqueredirect', body: undefined})};
}

/** A first attempt at the default dialect. */
export const whole: Context = {
	dialect: ietf(),
	key: 'key-1',
	unchanged: true,
	ambiguous: false,
	repeat: false,
	foreign: false,
	now: () => NOW,
	judged: undefined,
};

export async function verdictOf(spec: Spec, context: Partial<Context> = {}): Promise<Verdict> {
	return verdictOfAnswer(await answer(spec), {...whole, ...context});
}

/** The contexts of an attempt, by what went before it. */
export const first = {ambiguous: false, repeat: false};
/** The first was turned away, or no connection was made. */
export const again = {ambiguous: false, repeat: true};
/** An earlier attempt may have had its effect. */
export const doubtful = {ambiguous: true, repeat: true};
