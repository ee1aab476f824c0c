import type {Retry} from '../options.ts';

const FIRST = 250;
const FIRST_POLL = 500;
const POLL_LIMIT = 4_000;

/**
 * How long to wait before retry number `retryCount` (from 1), in milliseconds: what the server asks, up to
 * `maxRetryAfter`; else the caller's `delay`; else exponential with full jitter.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelay(retryCount: number, asked: number | undefined, retry: Retry, random: () => number): number {
	if (asked !== undefined) return Math.min(asked, retry.maxRetryAfter);
	const own = retry.delay?.(retryCount);
	if (own !== undefined && own >= 0) return Math.min(own, retry.backoffLimit);
	return random() * Math.min(retry.backoffLimit, FIRST * 2 ** (retryCount - 1));
}

/** How long to wait before asking again for a request that is still in progress: half fixed, half jitter. */
export function pollDelay(pollCount: number, asked: number | undefined, retry: Retry, random: () => number): number {
	if (asked !== undefined) return Math.min(asked, retry.maxRetryAfter);
	const most = Math.min(POLL_LIMIT, FIRST_POLL * 2 ** (pollCount - 1));
	return most / 2 + (random() * most) / 2;
}
