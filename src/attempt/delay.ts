import type {Retry} from '../retry-options.ts';
import {hushed} from '../utils.ts';

const FIRST = 250;
const FIRST_POLL = 500;
const POLL_LIMIT = 4_000;

/**
 * How long to wait before retry number `retryCount` (from 1), in milliseconds: what the server asks; else the caller's
 * `delay`; else exponential with full jitter.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelay(retryCount: number, asked: number | undefined, random: () => number, retry: Retry): number {
	return asked ?? ownDelay(retryCount, retry) ?? random() * Math.min(retry.backoffLimit, FIRST * 2 ** (retryCount - 1));
}

/** A function of the caller's that fails, or returns no time, must not end an operation that may have had its effect. */
function ownDelay(retryCount: number, {delay, backoffLimit}: Retry): number | undefined {
	try {
		const ms: unknown = hushed(delay?.(retryCount));
		return typeof ms === 'number' && ms >= 0 ? Math.min(ms, backoffLimit) : undefined;
	} catch {
		return undefined;
	}
}

/**
 * How long to wait before asking again for a request that is still in progress: what the server asks, but no less than
 * half a second; else half fixed, half jitter.
 */
export function pollDelay(pollCount: number, asked: number | undefined, random: () => number): number {
	if (asked !== undefined) return Math.max(asked, FIRST_POLL);
	return halfJitter(Math.min(POLL_LIMIT, FIRST_POLL * 2 ** (pollCount - 1)), random);
}

export function halfJitter(most: number, random: () => number): number {
	return most / 2 + (random() * most) / 2;
}
