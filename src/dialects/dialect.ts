/** One answer of a server, as a dialect reads it. Everything in it is data from outside, never trusted. */
export type Answer = {
	readonly status: number;
	readonly statusText: string;
	readonly headers: Headers;
	readonly url: string;
	readonly redirected: boolean;
	readonly type: Response['type'];
	/** The bytes; `undefined` when the answer is passed on unread (a stream, or larger than 1 MiB). */
	readonly body: Uint8Array<ArrayBuffer> | undefined;
};

/**
 * What codes or words in an answer say of its key.
 *
 * - `'in-progress'`: the first request is still being worked on.
 * - `'mismatched'`: the key belongs to another payload.
 * - `'key-used'`: the key was used before, without a word about the payload: a server that refuses repeats says so of a
 *   copy of the same request. It settles nothing.
 * - `'pending'`: the server has taken the operation, and has not finished it.
 * - `AlreadyDone`: what was asked for exists already.
 */
export type Reading = 'in-progress' | 'mismatched' | 'key-used' | 'pending' | AlreadyDone;

/** What was asked for exists already: made by an unseen copy of this request, or by another one with the same content. */
export type AlreadyDone = {
	readonly reading: 'already-done';
	/** The answer says that it was made under the key of this request. */
	readonly sameKey: boolean;
	/** Where it can be fetched; relative to the URL of the request. */
	readonly resource?: string | undefined;
};

/** How to ask by a GET what became of an operation that is pending. */
export type StatusRequest = {
	/** Where to ask, by the answer that said so; relative to the URL of the request. `undefined`: it does not say. */
	readonly url: (answer: Answer) => string | undefined;
	/** What a 2xx answer to the GET says. Only `'succeeded'` and `'refused'` settle. */
	readonly read: (answer: Answer) => 'succeeded' | 'refused' | 'pending' | undefined;
};

/** What a carrier reads and writes. The body is text, bytes, or whatever else is to be sent. */
export type Carried = {readonly url: string; readonly body: unknown};

/** Bears the key where no header does. Pure: the same key gives the same bytes. */
export type Carrier = {
	/** The key that the request bears already, whatever it is; `undefined` where there is none. */
	readonly read: (request: Carried) => unknown;
	/**
	 * The request with this key, or with none; text stays text, and bytes bytes. Throws for one that could bear no key, or that
	 * bears another one than `own`, the call's.
	 */
	readonly write: (request: Carried, key: string | undefined, own: string | undefined) => Carried;
};

/**
 * How one API spells idempotency: header, key format, retention, what it saves, what means what.
 * Plain data and small pure functions; give one to `createFetch({dialect})`. Where one that reads an
 * answer throws, the answer settles nothing.
 *
 * @example
 * const bank: Dialect = {
 *   ...ietf({retention: 24 * 60 * 60 * 1_000}),
 *   name: 'bank',
 *   header: 'X-Request-Id',
 *   saves: ({status}) => status === 402,
 * };
 * createFetch({dialect: bank});
 */
export type Dialect = {
	readonly name: string;
	/** The request header that carries the key. With a `carrier` it is not sent; a call may give its own key by it. */
	readonly header: string;
	/**
	 * What bears the key instead of the header: a member of the JSON body, a query parameter.
	 *
	 * @default the header
	 */
	readonly carrier?: Carrier | undefined;
	/** Throws for a key that the server would not take. Asked before anything is written or sent. */
	readonly checkKey?: ((key: string) => void) | undefined;
	/** Further request headers, the same at every attempt. `firstSent` is in milliseconds since the epoch. */
	readonly headersWith?: ((firstSent: number) => Readonly<Record<string, string>>) | undefined;
	/**
	 * How the key is written into the header.
	 *
	 * @default as it is
	 */
	readonly formatKey?: ((key: string) => string) | undefined;
	/**
	 * How long the server documents to keep keys, in milliseconds; more than ten years count as ten. Declared: an answer may be
	 * fetched again within it.
	 *
	 * @default not declared: 24 h is assumed for how long a key may be sent, and nothing is fetched again
	 */
	readonly retention?: number | undefined;
	/**
	 * Whether this 4xx or 5xx answer is saved under the key, so that a repeat gets it again. Only what is true for every
	 * answer of its kind: one that depends on the moment is not. A 4xx that is saved settles, whoever may have sent the key
	 * before.
	 *
	 * @default not declared: none is believed saved
	 */
	readonly saves?: ((answer: Answer) => boolean) | undefined;
	/** Whether the server marked the answer as one that it gave before. Absence proves nothing: CORS hides headers. */
	readonly isReplay: (answer: Answer) => boolean;
	/**
	 * What a code or words in the answer say, a replay's too; `undefined` leaves it to the marker and the status. `key`: that
	 * of the request.
	 */
	readonly read?: (answer: Answer, key: string) => Reading | undefined;
	/**
	 * How to ask what became of an operation that is pending.
	 *
	 * @default nothing is asked: `reconcile` or `resolve()` tell
	 */
	readonly statusRequest?: StatusRequest;
	/**
	 * A repeat under the same key gives the state as it is now, and not the first answer again: an operation that is pending
	 * is sent again when it is called again.
	 *
	 * @default false
	 */
	readonly repeatsGiveCurrentState?: boolean;
	/**
	 * Origins besides that of the request that may be asked about its operations, with the headers of the call.
	 *
	 * @default none
	 * @example ['https://status.bank.test']
	 */
	readonly statusOrigins?: readonly string[];
	/** A response header whose `true` or `false` decides about a retry. `x-should-retry` is always read. */
	readonly shouldRetryHeader?: string;
	/**
	 * `'settle'`: redirects are followed, and judged as any other answer.
	 *
	 * @default a named call follows none, and one settles nothing
	 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.4
	 */
	readonly redirects?: 'settle';
};

/** The answer's JSON, or `undefined` where it is none. */
export function jsonOf(answer: Answer): unknown {
	if (answer.body === undefined || !/\bjson\b/i.test(answer.headers.get('content-type') ?? '')) return undefined;
	try {
		return JSON.parse(new TextDecoder().decode(answer.body));
	} catch {
		return undefined;
	}
}

/** A property of a JSON value that may be anything. */
export function property(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
		? (value as Record<string, unknown>)[name]
		: undefined;
}
