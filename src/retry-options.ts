/** How often an attempt is repeated, and how long the waits between are. */
export type RetryOptions = {
	/**
	 * Retries after the first attempt, at most 100. Neither waiting for "in progress" nor `reauthorize` uses one up. `0`: one
	 * attempt, and no waiting. That is one call of `fetch`, not always one request: browsers themselves send a POST again,
	 * without a word, when a connection that they use again is dropped before the answer. Only a key that the server honours
	 * makes it one effect.
	 *
	 * @default 3
	 */
	readonly limit?: number;
	/**
	 * The longest own wait between attempts, in milliseconds.
	 *
	 * @default 8_000
	 */
	readonly backoffLimit?: number;
	/**
	 * Own wait before retry `retryCount` (from 1), in milliseconds, cut to `backoffLimit`. Where it throws or returns no time, it
	 * is as if there were none. What the server asks for goes before it.
	 *
	 * @default exponential from 250 ms, with full jitter
	 * @example
	 * createFetch({retry: {delay: retryCount => 1_000 * retryCount}});
	 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
	 */
	readonly delay?: (retryCount: number) => number;
	/**
	 * The longest wait that the server may ask for, in milliseconds. One that asks for more ends the call at once, and a handle
	 * tells when it wants to be asked again (`retryAt`).
	 *
	 * @default 30_000
	 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 `Retry-After`
	 */
	readonly maxRetryAfter?: number;
};

/** The same, complete. */
export type Retry = Required<Omit<RetryOptions, 'delay'>> & Pick<RetryOptions, 'delay'>;
