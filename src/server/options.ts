import {callback, flag, retention, time} from '../specs.ts';
import type {MaybePromise} from '../utils.ts';
import {checkOptions, type OptionSpec, type OptionSpecs} from '../validate.ts';
import type {Entry, EntryStore} from './entry.ts';
import type {GuardEvent} from './events.ts';
import type {StepCalls} from './operation-fetch.ts';

/** How a guard behaves. `Rest`: what its framework hands to a handler after the request. */
export type GuardOptions<Rest extends readonly unknown[] = readonly never[]> = {
	/** Where its entries are. Guards may share one. */
	readonly store: EntryStore;
	/**
	 * Whose request it is: the id of a user or a tenant. The same key of two of them is two keys. Never derive it from what
	 * changes between two sendings of one request, such as a token. A `Response` is returned as it is: a 401 for nobody.
	 * `null`: all callers are one.
	 *
	 * @example async request => (await sessionOf(request))?.userId ?? new Response(null, {status: 401})
	 */
	readonly scope: null | ((request: Request, ...rest: Rest) => MaybePromise<string | Response>);
	/**
	 * The name of the guard: keys of guards of other names are others.
	 *
	 * @default `''`
	 */
	readonly name?: string;
	/**
	 * Whether a request without a key is answered with 400; otherwise it runs unguarded.
	 *
	 * @default true
	 */
	readonly required?: boolean;
	/**
	 * How long an answer is given again, counted from the first request, in milliseconds. Give more than a handler may take.
	 *
	 * @default 86_400_000
	 */
	readonly retention?: number;
	/**
	 * How long a run lasts without a renewal, in milliseconds. Where timers stand still while a handler works, give the longest time
	 * that it may take.
	 *
	 * @default 10_000
	 */
	readonly lease?: number;
	/**
	 * How long a step of the store may take, in milliseconds.
	 *
	 * @default 2_000
	 */
	readonly storeTimeout?: number;
	/**
	 * What happens when the store cannot be asked: `'refuse'` answers 503, and nothing is run; `'run'` runs the handler
	 * unguarded, so that it may take effect twice.
	 *
	 * @default 'refuse'
	 */
	readonly onStoreError?: 'refuse' | 'run';
	/**
	 * How long a request waits for the answer of another one with its key before it is told that one is in progress, in milliseconds.
	 *
	 * @default 0
	 */
	readonly waiting?: number;
	/**
	 * The most bytes of a body that are kept. What is larger passes to its first caller; others are told that it was executed.
	 *
	 * @default 1_048_576
	 */
	readonly bodyLimit?: number;
	/**
	 * What is kept of an answer. `'drop'`: only that the key was used, and the status, as by a plain unique constraint: a repeat
	 * is told `idempotency-already-executed`, or gets the status of a refusal without its body.
	 *
	 * @default 'keep'
	 */
	readonly answers?: 'keep' | 'drop';
	/**
	 * The key of a request that comes without one. `'content'`: a hash of method, path, query, content type and body (or of
	 * what `fingerprint` gives), so that **two identical requests of one scope are one until `retention` is over, also where two
	 * were meant**. A function gives a key of its own, or `undefined` for none.
	 *
	 * @default none: `required` says what becomes of it
	 * @example (_request, body) => JSON.parse(new TextDecoder().decode(body)).eventId
	 */
	readonly keyFrom?: 'content' | ((request: Request, body: Uint8Array) => MaybePromise<string | null | undefined>);
	/**
	 * Names of further response headers that are not kept. Cookies and those of a connection never are.
	 *
	 * @default `[]`
	 */
	readonly omitHeaders?: readonly string[];
	/**
	 * `'handler'`: from its first moment on the handler may have taken effect. `'marked'`: from its first
	 * `operation.effect()` on.
	 *
	 * @default 'handler'
	 */
	readonly effects?: 'handler' | 'marked';
	/**
	 * What becomes of a run that may have taken effect and whose process is gone. `'doubt'`: its key is answered 409 until
	 * somebody says what became of it. `'reexecute'`: the next request runs again. That charges twice unless all that the
	 * handler does is idempotent by itself, for instance by `operation.key`.
	 *
	 * @default 'doubt'
	 */
	readonly onLapsed?: 'doubt' | 'reexecute';
	/**
	 * Makes the calls of `operation.fetch`, to other services.
	 *
	 * @example operationFetch(createFetch({scope: null, timeout: 3_000, keySenders: 'this-store', dialect: latchkey}))
	 */
	readonly fetch?: StepCalls;
	/**
	 * Finds out what became of a run in doubt. A `Response` is kept and given again, `'undone'` lets the request run,
	 * `undefined` leaves the doubt. One at a time: at the next request, and by `reconcileAll()`. `'repeat'` has the next request
	 * run the handler again, and leaves the doubt until that answers: right where whatever takes effect goes through
	 * `operation.fetch`, or under `operation.key`.
	 *
	 * @example
	 * const pay = idempotent(handler, {
	 *   store: memoryEntries(),
	 *   scope: null,
	 *   async reconcile(_entry, {key}) {
	 *     const charge = await bank.find(key('charge'));
	 *     return charge ? Response.json(charge, {status: 201}) : 'undone';
	 *   },
	 * });
	 */
	readonly reconcile?: (
		entry: Entry,
		keys: {readonly key: (step: string) => string},
	) => MaybePromise<Response | 'undone' | 'repeat' | undefined>;
	/**
	 * What makes a body this body, where parts of it change between two sendings.
	 *
	 * @default all its bytes, with the content type
	 * @example (request, body) => JSON.stringify([JSON.parse(new TextDecoder().decode(body)).amount])
	 */
	readonly fingerprint?: (request: Request, body: Uint8Array) => MaybePromise<string>;
	/**
	 * Keeps the runtime alive for what goes on after a response, or after its caller has left.
	 *
	 * @example (work, _request, _env, context) => context.waitUntil(work)
	 */
	readonly waitUntil?: (work: Promise<unknown>, request: Request, ...rest: Rest) => void;
	/** Is told of what nobody else sees. */
	readonly onEvent?: (event: GuardEvent) => void;
};

const text: OptionSpec = {expects: 'a string', test: value => typeof value === 'string'};
const oneOf = (...values: string[]): OptionSpec => ({
	expects: values.map(it => `'${it}'`).join(' or '),
	test: value => values.includes(value as string),
});
const amount: OptionSpec = {
	expects: 'a number from 0 on',
	test: value => typeof value === 'number' && value >= 0,
};

const steps = ['begin', 'mark', 'renew', 'answer', 'release', 'take', 'resolve', 'unsettled', 'sweep'];
/** Whose request it is. */
export const scopeSpec: OptionSpec = {
	expects: 'a function, or null',
	test: it => it === null || typeof it === 'function',
};
const needed: OptionSpecs = {
	store: {
		expects: 'a store of entries',
		test: value => typeof value === 'object' && value !== null,
		required: Object.fromEntries(steps.map(step => [step, callback])),
	},
	scope: scopeSpec,
};
/** All that may be left out. */
export const optionalSpecs: OptionSpecs = {
	name: text,
	required: flag,
	answers: oneOf('keep', 'drop'),
	keyFrom: {
		expects: `'content' or a function`,
		test: value => value === 'content' || callback.test(value),
	},
	retention,
	lease: time,
	storeTimeout: time,
	onStoreError: oneOf('refuse', 'run'),
	waiting: amount,
	bodyLimit: amount,
	omitHeaders: {expects: 'an array of header names', test: it => Array.isArray(it) && it.every(text.test)},
	effects: oneOf('handler', 'marked'),
	onLapsed: oneOf('doubt', 'reexecute'),
	fetch: {
		expects: 'operationFetch(createFetch({scope: null}))',
		test: calls => typeof (calls as Partial<StepCalls> | null)?.during === 'function',
	},
	reconcile: callback,
	fingerprint: callback,
	waitUntil: callback,
	onEvent: callback,
};

type Defaulted =
	| 'name'
	| 'required'
	| 'retention'
	| 'lease'
	| 'storeTimeout'
	| 'onStoreError'
	| 'waiting'
	| 'bodyLimit'
	| 'omitHeaders'
	| 'effects'
	| 'onLapsed';

/** The options with their defaults. */
export type GuardSettings<Rest extends readonly unknown[]> = GuardOptions<Rest> &
	Required<Pick<GuardOptions, Defaulted>>;

/** Those that do not depend on the framework. */
export type RunSettings = Omit<GuardSettings<readonly never[]>, 'scope' | 'waitUntil'>;

export function guardSettings<Rest extends readonly unknown[]>(options: GuardOptions<Rest>): GuardSettings<Rest> {
	checkOptions('idempotent', options, needed, optionalSpecs);
	return withDefaults(options);
}

/** Options, and what they are where they were left out. */
export type WithDefaults<Options> = Options & Required<Pick<GuardOptions, Defaulted>>;

type Given = Pick<GuardOptions, 'answers' | 'bodyLimit' | 'omitHeaders'>;

export function withDefaults<Options extends Given>(options: Options): WithDefaults<Options> {
	const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
	const {answers, bodyLimit = 1_048_576, omitHeaders = []} = options;
	return {
		name: '',
		required: true,
		retention: 86_400_000,
		lease: 10_000,
		storeTimeout: 2_000,
		onStoreError: 'refuse',
		waiting: 0,
		effects: 'handler',
		onLapsed: 'doubt',
		...(given as Options),
		// Below nought: nothing of an answer is kept.
		bodyLimit: answers === 'drop' ? -1 - bodyLimit : bodyLimit,
		omitHeaders: omitHeaders.map(header => header.toLowerCase()),
	};
}
