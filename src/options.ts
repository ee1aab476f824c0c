import type {Dialect} from './dialects/dialect.ts';
import type {AttemptFacts, Reauthorize} from './attempt/facts.ts';
import type {LatchkeyEvent} from './events.ts';
import type {FetchHeaders, FetchInput} from './fetch-types.ts';
import type {FromContent} from './request/from-content.ts';
import type {OperationName} from './request/identity.ts';
import type {KeyFrom} from './request/key.ts';
import type {MaybePromise} from './utils.ts';
import type {Store} from './stores/store.ts';

export type RetryOptions = {
	/**
	 * Retries after the first attempt. Default 3. Neither waiting for "in progress" nor `reauthorize` uses one up. `0`: one
	 * attempt, and no waiting. That is one call of `fetch`, not always one request: browsers themselves send a POST again,
	 * without a word, when a connection that they use again is dropped before the answer. Only a key that the server honours
	 * makes it one effect.
	 */
	readonly limit?: number;
	/** The longest own wait between attempts, in milliseconds. Default 8,000. */
	readonly backoffLimit?: number;
	/** Own wait before retry `retryCount` (from 1), in milliseconds. Default: exponential from 250 ms with full jitter. */
	readonly delay?: (retryCount: number) => number;
	/** A longer `Retry-After` is cut to this, in milliseconds. Default 30,000. */
	readonly maxRetryAfter?: number;
};

/** What can be said of one call, or as a default in `createFetch`. */
export type SharedOptions = {
	/** Time for one attempt, its answer read, in milliseconds; `false`: none. Default 20,000. */
	readonly timeout?: number | false;
	/** Time for the whole call, in milliseconds; `false`: none. Default 60,000. */
	readonly totalTimeout?: number | false;
	/** A number is short for `{limit}`. */
	readonly retry?: number | RetryOptions;
	/** What a 2xx answer means, for servers that say no with a 200. `undefined`: it succeeded. It may read the response. */
	readonly judge?: (response: Response) => MaybePromise<'succeeded' | 'refused' | undefined>;
	/**
	 * Finds out what became of an operation, for instance by a GET. Asked at most once a call, within `timeout`:
	 * where the key cannot be sent (any more, or while a clock is set back), or when the attempts end without an outcome.
	 * `undefined`: nobody knows.
	 */
	readonly reconcile?: (operation: {
		readonly operation: readonly string[];
		readonly key: string;
	}) => MaybePromise<'succeeded' | 'refused' | undefined>;
	/**
	 * What makes the request *this* request, as a string, where its default (method, URL, content type, body) holds
	 * fields that change by themselves. Only its SHA-256 is kept. It gets a copy of the request.
	 */
	readonly fingerprint?: (request: Request) => MaybePromise<string>;
	/**
	 * Names of headers that make a request another one, whatever else makes it: whose account it is for, such as
	 * `['Stripe-Account']`. Names of operations made by `fromContent()` and keys made by `contentKey()` follow. Not what
	 * changes by itself: a token, a date. Default: none.
	 */
	readonly fingerprintHeaders?: readonly string[];
	/**
	 * For calls that are retried. Headers that are made anew before every attempt, and go before those of the call: a token,
	 * a signature, `traceparent`. May set neither the key's header, one of `fingerprintHeaders`, the content type nor the
	 * length. It has the time of the attempt; where it fails, nothing more is sent.
	 *
	 * @example
	 * createFetch({attemptHeaders: async () => ({authorization: `Bearer ${await freshToken()}`})});
	 */
	readonly attemptHeaders?: (attempt: AttemptFacts) => MaybePromise<FetchHeaders | undefined>;
	/**
	 * Mends what the server does not accept, for instance by a new token. Asked about an answer of 401, 407 or 419 (or
	 * of the 4xx in `on`), once a call and within its time. `true`: the same request is sent again at once, under the
	 * same key and without using a retry up. Anything else, or an error: the answer stands.
	 *
	 * @example
	 * createFetch({reauthorize: async ({status}) => status === 401 && (await session.refresh())});
	 */
	readonly reauthorize?: Reauthorize | {readonly on: readonly number[]; readonly ask: Reauthorize};
	/** Keep answers at rest, so that a reload has the body without the server. Default `false`: an answer may be private. */
	readonly keepResponse?: boolean;
	/**
	 * Keep method, URL, content type, the headers of `fingerprintHeaders` and body at rest while the outcome is not known,
	 * so that `unfinished()` offers to `resume` after a crash. No other header is kept. Default `false`: a body may be private.
	 */
	readonly keepRequest?: boolean;
};

/** What a resumed request says anew: its other headers were not kept. */
export type ResumeInit = Omit<RequestInit, 'method' | 'body'> & SharedOptions;

/** What a call may say besides the options of `fetch`. */
export type CallOptions = SharedOptions & {
	/**
	 * The logical intention of this call: the same name is the same operation, over clicks, reloads, tabs and crashes.
	 * `true`: an operation of this call alone.
	 */
	readonly operation?: OperationName | FromContent | true;
	/**
	 * Your own idempotency key: visible ASCII, 1–255 characters. `since`: when it was made, in milliseconds since the epoch;
	 * the server's retention counts from then. Without it an older key may be sent although the server has forgotten it.
	 * Say who else sends it by `keySenders`.
	 */
	readonly idempotencyKey?: string | {readonly key: string; readonly since: number};
};

export type FetchOptions = SharedOptions & {
	/** What sends. Default: `globalThis.fetch`, looked up at each call. It may throw `NotSentError`; all else may have been sent. */
	readonly fetch?: (input: FetchInput, init?: RequestInit) => Promise<Response>;
	/** Where records live. Default: IndexedDB in browsers, memory in Node. */
	readonly store?: Store;
	/**
	 * Whose operations these are (a user's id, for instance); `null`: all callers are one. A function is asked when an
	 * operation begins, and before each attempt: once it says another, nothing more is sent. Required for named calls
	 * on servers. Only its hash is kept.
	 */
	readonly scope?: string | null | (() => string | null | undefined);
	/** How the API spells idempotency. Default: `ietf()`. */
	readonly dialect?: Dialect;
	/** Which other calls get a key: all, these methods, or those the function picks. Default: none. */
	readonly keyed?:
		| boolean
		| readonly string[]
		| ((request: {readonly method: string; readonly url: string}) => boolean);
	/**
	 * Where keys come from. Default: random UUIDv4. `contentKey()` is the other one on offer. Needs `keySenders`, or a dialect
	 * that declares what the server saves.
	 */
	readonly keyFrom?: KeyFrom;
	/**
	 * Who sends the keys that are not minted here (`idempotencyKey`, `keyFrom`, `contentKey()`). `'anywhere'` (default): perhaps
	 * somebody who shares no store with us, or did before this process; only a success, a marked replay or an answer that the
	 * dialect says is saved settles then. `'this-store'`: everybody who sends them claims them under the same name and scope in
	 * this store, which has to be durable.
	 */
	readonly keySenders?: 'this-store' | 'anywhere';
	/** Told what happens. A listener that throws harms nothing. */
	readonly onEvent?: (event: LatchkeyEvent) => void;
	/**
	 * `'fail'` (default): a named call whose claim fails is not sent. `'degrade'`: the operation goes on by the same rules in the
	 * memory of this realm, until the store takes it. That gives up one key over tabs and processes while the store fails.
	 */
	readonly onStoreError?: 'fail' | 'degrade';
};

export type Retry = Required<Omit<RetryOptions, 'delay'>> & Pick<RetryOptions, 'delay'>;

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
