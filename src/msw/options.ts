import type {Dialect} from '../dialects/dialect.ts';
import type {Profile} from '../dialects/profile.ts';
import {retention} from '../specs.ts';
import type {MaybePromise} from '../utils.ts';
import {checkOptions, type OptionSpec, type OptionSpecs} from '../validate.ts';
import type {Saves} from './answers.ts';
import {faultsSpec, type Fault, type RandomFaults} from './faults.ts';

/** How the mock server behaves. */
export type IdempotentEndpointOptions = {
	/**
	 * Whose answers it gives: where the key stands, what is kept and for how long, what says "in progress" or "other payload", how a
	 * replay is marked. One of `latchkey/dialects`, or your own.
	 *
	 * @default the guard of `latchkey/server`
	 */
	readonly dialect?: Dialect & {readonly profile?: Profile};
	/**
	 * What goes wrong: one fault per attempt, in order of arrival, and after the last one nothing; or faults by chance.
	 *
	 * @default `[]`
	 * @example {seed: 7, probability: 0.3, of: ['lose-request', 'lose-response']}
	 */
	readonly faults?: readonly Fault[] | RandomFaults;
	/**
	 * How long an attempt is on its way to the server, in milliseconds by timers that a test may fake; or as a function of its
	 * number, from 1.
	 *
	 * @default 0
	 */
	readonly latency?: number | ((attempt: number) => number);
	/**
	 * How long an answer is given again, counted from the first request, in milliseconds of the clock that tests fake.
	 *
	 * @default that of the dialect, or 86_400_000
	 */
	readonly retention?: number;
	/**
	 * Whether a request without a key is answered with 400; otherwise it runs each time that it is sent.
	 *
	 * @default what the dialect is known to do; true without one
	 */
	readonly required?: boolean;
	/**
	 * Which answers are kept under the key: `'success'` 2xx; `'errors'` 3xx too, and 4xx that do not speak of the moment;
	 * `'everything'` also 5xx, as Stripe does. Any other answer frees the key.
	 *
	 * @default what the dialect is known to do; without one, what the guard does
	 */
	readonly saves?: Saves;
	/**
	 * Whose request it is: the same key of two of them is two keys. A `Response` is the answer.
	 *
	 * @default all callers are one
	 * @example request => request.headers.get('authorization') ?? new Response(null, {status: 401})
	 */
	readonly scope?: null | ((request: Request) => MaybePromise<string | Response>);
};

const callback: OptionSpec = {expects: 'a function', test: value => typeof value === 'function'};
const optional: OptionSpecs = {
	dialect: {expects: 'a dialect', test: it => typeof (Object(it) as Partial<Dialect>).header === 'string'},
	faults: faultsSpec,
	latency: {
		expects: 'milliseconds from 0 on, or a function',
		test: it => callback.test(it) || (typeof it === 'number' && it >= 0),
	},
	retention,
	required: {expects: 'a boolean', test: value => typeof value === 'boolean'},
	saves: {
		expects: "'success', 'errors' or 'everything'",
		test: it => ['success', 'errors', 'everything'].includes(it as string),
	},
	scope: {expects: 'a function, or null where all callers are one', test: it => it === null || callback.test(it)},
};

/** @throws {TypeError | RangeError} for an option that it does not take, or that is of the wrong kind. */
export function checkEndpoint(options: IdempotentEndpointOptions): void {
	checkOptions('idempotentEndpoint', options, {}, optional);
}
