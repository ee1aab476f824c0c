import type {AttemptFacts, Reauthorize} from './attempt/facts.ts';
import type {Dialect} from './dialects/dialect.ts';
import type {LatchkeyEvent} from './events.ts';
import type {FetchHeaders, FetchInput} from './fetch-types.ts';
import type {OutcomeOptions} from './outcome-options.ts';
import type {FromContent, OperationName} from './request/identity.ts';
import type {KeyFrom} from './request/key.ts';
import type {Retry, RetryOptions} from './retry-options.ts';
import type {Store} from './stores/store.ts';
import type {MaybePromise} from './utils.ts';

/** What can be said of one call, or as a default in `createFetch`. */
export type SharedOptions = OutcomeOptions & {
	/**
	 * Time for one attempt, its fresh headers made and its answer read, in milliseconds; `false`: no limit.
	 *
	 * @default 20_000
	 */
	readonly timeout?: number | false;
	/**
	 * Time for the whole call, all attempts and waits, in milliseconds; `false`: no limit. A named call whose outcome
	 * is not known then throws `OutcomeUnknownError`, and keeps its key.
	 *
	 * @default 60_000
	 */
	readonly totalTimeout?: number | false;
	/**
	 * How often and how patiently. A number is short for `{limit}`.
	 *
	 * @default `{limit: 3, backoffLimit: 8_000, maxRetryAfter: 30_000}`
	 * @example
	 * createFetch({retry: {limit: 5, maxRetryAfter: 10_000}});
	 */
	readonly retry?: number | RetryOptions;
	/**
	 * What makes the request *this* request, as a string, where one of its parts changes by itself. Only its SHA-256 is kept. It
	 * gets a copy of the request. The same string for other bytes: they go under the same key, with a `bytes-changed` event.
	 *
	 * @default method, URL, content type and body
	 * @example
	 * createFetch({
	 *   async fingerprint(request) {
	 *     const {sentAt: _, ...order} = (await request.json()) as {sentAt: number};
	 *     return JSON.stringify(order);
	 *   },
	 * });
	 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.4
	 */
	readonly fingerprint?: (request: Request) => MaybePromise<string>;
	/**
	 * Names of headers that make a request another one, whatever else makes it: whose account it is for, such as
	 * `['Stripe-Account']`. Names of operations made by `fromContent()` and keys made by `contentKey()` follow. Not what
	 * changes by itself: a token, a date.
	 *
	 * @default `[]`
	 */
	readonly fingerprintHeaders?: readonly string[];
	/**
	 * For calls that are retried. Headers that are made anew before every attempt, and go before those of the call: a token,
	 * a signature, `traceparent`. May set neither the key's header, one of `fingerprintHeaders`, the content type nor the
	 * length. It has the time of the attempt; where it fails, nothing more is sent.
	 *
	 * @example
	 * createFetch({attemptHeaders: () => ({authorization: `Bearer ${session.token}`})});
	 */
	readonly attemptHeaders?: (attempt: AttemptFacts) => MaybePromise<FetchHeaders | undefined>;
	/**
	 * Mends what the server does not accept, for instance by a new token. Asked about an answer of 401, 407 or 419 (or
	 * of the 4xx in `on`), once a call and within its time. `true`: the same request is sent again at once, under the
	 * same key and without using a retry up. Anything else, or an error: the answer stands.
	 *
	 * @example
	 * createFetch({reauthorize: async ({status}) => status === 401 && (await refreshToken())});
	 */
	readonly reauthorize?: Reauthorize | {readonly on: readonly number[]; readonly ask: Reauthorize};
	/**
	 * Keep answers at rest, so that a reload has the body without the server. An answer may be private.
	 *
	 * @default false
	 */
	readonly keepResponse?: boolean;
	/**
	 * Keep method, URL, content type, the headers of `fingerprintHeaders` and body at rest while the outcome is not known,
	 * so that `unfinished()` offers to `resume` after a crash. No other header is kept. A body may be private.
	 *
	 * @default false
	 */
	readonly keepRequest?: boolean;
};

/** What a resumed request says anew: its other headers were not kept. */
export type ResumeInit = Omit<RequestInit, 'method' | 'body'> & SharedOptions;

/** What a call may say besides the options of `fetch`. */
export type CallOptions = SharedOptions & {
	/**
	 * The logical intention of this call: the same name is the same operation, over clicks, reloads, tabs and crashes.
	 * `true`: an operation of this call alone. Not for GET and HEAD; on servers a name needs a `scope`.
	 *
	 * @throws {TypeError} for a name that cannot be: a missing `cart.id`, `''`, `NaN`. Nothing was sent.
	 * @example
	 * await fetch('/orders', {method: 'POST', body, operation: ['checkout', cart.id]});
	 */
	readonly operation?: OperationName | FromContent | true;
	/**
	 * Your own idempotency key: visible ASCII, 1–255 characters. `since`: when it was made, in milliseconds since the epoch;
	 * the server's retention counts from then. Without it an older key may be sent although the server has forgotten it.
	 * Say who else sends it by `keySenders`.
	 *
	 * @throws {TypeError} for a key that no header carries, and where another key is live for the same operation.
	 * @example
	 * const {paymentKey: key, keyMadeAt: since} = await orders.find('42');
	 * await fetch('/pay', {method: 'POST', body, idempotencyKey: {key, since}});
	 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.3
	 */
	readonly idempotencyKey?: string | {readonly key: string; readonly since: number};
};

/** What `createFetch` takes: defaults for its calls, and what holds for all of them. */
export type FetchOptions = SharedOptions & {
	/**
	 * What sends. It may throw `NotSentError` where it knows that it sent nothing; after any other error all may have been sent.
	 *
	 * @default `globalThis.fetch`, looked up at each call
	 * @example
	 * createFetch({
	 *   async fetch(input, init) {
	 *     if (!navigator.onLine) throw new NotSentError();
	 *     return globalThis.fetch(input, init);
	 *   },
	 * });
	 */
	readonly fetch?: (input: FetchInput, init?: RequestInit) => Promise<Response>;
	/**
	 * Where records live. On servers name one that outlives the process.
	 *
	 * @default IndexedDB in browsers, memory in Node
	 */
	readonly store?: Store;
	/**
	 * Whose operations these are (a user's id, for instance); `null`: all callers are one. A function is asked when an
	 * operation begins, and before each attempt: once it says another, nothing more is sent. Required for named calls
	 * on servers. Only its hash is kept.
	 *
	 * @throws {TypeError} from a named call on a server without it.
	 * @example
	 * createFetch({scope: () => session.userId});
	 */
	readonly scope?: string | null | (() => string | null | undefined);
	/**
	 * How the API spells idempotency: header, key format, retention, what it saves, what means what.
	 *
	 * @default `ietf()`
	 * @example
	 * createFetch({dialect: ietf({retention: 24 * 60 * 60 * 1_000, saves: 'errors'})});
	 */
	readonly dialect?: Dialect;
	/**
	 * Which other calls get a key, one for each call: all, these methods, or those the function picks. A server that does not know
	 * the header may refuse it (CORS).
	 *
	 * @default false
	 * @example
	 * createFetch({keyed: ({method, url}) => method === 'POST' && url.startsWith('https://api.example.com/')});
	 */
	readonly keyed?:
		| boolean
		| readonly string[]
		| ((request: {readonly method: string; readonly url: string}) => boolean);
	/**
	 * Where keys come from. `contentKey()` is the other one on offer. Needs `keySenders`, or a dialect that declares what the
	 * server saves. Where `previousKey` is another, it has to give another key.
	 *
	 * @default a random UUIDv4
	 * @throws {TypeError} from `createFetch` without either.
	 * @example
	 * createFetch({keyFrom: contentKey(), dialect: ietf({saves: 'errors'})});
	 */
	readonly keyFrom?: KeyFrom;
	/**
	 * Who sends the keys that are not minted here (`idempotencyKey`, `keyFrom`, `contentKey()`). `'anywhere'`: perhaps
	 * somebody who shares no store with us, or did before this process; only a success, a marked replay or an answer that the
	 * dialect says is saved settles then. `'this-store'`: everybody who sends them claims them under the same name and scope in
	 * this store, which has to be durable.
	 *
	 * @default 'anywhere'
	 * @throws {TypeError} from `createFetch` for `'this-store'` with a store that is not durable.
	 */
	readonly keySenders?: 'this-store' | 'anywhere';
	/**
	 * Told what happens. A listener that throws harms nothing.
	 *
	 * @example
	 * createFetch({onEvent: event => event.type === 'degraded' && console.warn(event.error)});
	 */
	readonly onEvent?: (event: LatchkeyEvent) => void;
	/**
	 * `'fail'`: a named call whose claim fails is not sent. `'degrade'`: the operation goes on by the same rules in the
	 * memory of this realm, until the store takes it. That gives up one key over tabs and processes while the store fails.
	 *
	 * @default 'fail'
	 */
	readonly onStoreError?: 'fail' | 'degrade';
};

/** Options of one call, checked and complete. Infinity stands for `false`. */
export type Settings = Omit<
	FetchOptions,
	'dialect' | 'keepResponse' | 'keepRequest' | 'keySenders' | 'onStoreError' | 'timeout' | 'totalTimeout' | 'retry'
> &
	Required<Pick<FetchOptions, 'dialect' | 'keepResponse' | 'keepRequest' | 'keySenders' | 'onStoreError'>> & {
		readonly timeout: number;
		readonly totalTimeout: number;
		readonly retry: Retry;
	};
