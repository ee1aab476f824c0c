import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {pollDelay, retryDelay} from '../../src/attempt/delay.ts';
import type {Retry} from '../../src/retry-options.ts';

const retry: Retry = {limit: 3, backoffLimit: 8_000, maxRetryAfter: 30_000};
const half = () => 0.5;
const count = fc.integer({min: 1, max: 100});
const milliseconds = fc.integer({min: 1, max: 2 ** 31 - 1});
const retries = fc.record({limit: fc.constant(3), backoffLimit: milliseconds, maxRetryAfter: milliseconds});
const random = fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true}).map(value => () => value);
const asked = fc.oneof(fc.double({min: 0, noNaN: true}), fc.constant(Number.POSITIVE_INFINITY));

describe('retryDelay', () => {
	test.each([
		[1, 125],
		[2, 250],
		[3, 500],
		[6, 4000],
		[7, 4000],
		[100, 4000],
	])('retry %d waits for half of its bound, with a half of chance', (retryCount, ms) => {
		expect(retryDelay(retryCount, undefined, half, retry)).toBe(ms);
	});

	test('the jitter is full: from nothing to the bound', () => {
		expect(retryDelay(1, undefined, () => 0, retry)).toBe(0);
		expect(retryDelay(1, undefined, () => 0.999, retry)).toBeCloseTo(249.75);
	});

	test('is never negative and never above backoffLimit', () => {
		fc.assert(
			fc.property(count, retries, random, (retryCount, own, chance) => {
				const ms = retryDelay(retryCount, undefined, chance, own);
				expect(ms).toBeGreaterThanOrEqual(0);
				expect(ms).toBeLessThanOrEqual(own.backoffLimit);
			}),
		);
	});

	test('what the server asks goes first', () => {
		fc.assert(
			fc.property(count, asked, retries, random, (retryCount, wait, own, chance) => {
				const ms = retryDelay(retryCount, wait, chance, {...own, delay: () => 7});
				expect(ms).toBe(wait);
			}),
		);
	});

	test('the caller’s delay is used, with the count of the retry', () => {
		expect(retryDelay(3, undefined, half, {...retry, delay: retryCount => retryCount * 100})).toBe(300);
		expect(retryDelay(1, undefined, half, {...retry, delay: () => 0})).toBe(0);
	});

	test('whatever the caller’s delay returns, the wait has its bounds', () => {
		fc.assert(
			fc.property(count, retries, random, fc.anything(), (retryCount, own, chance, value) => {
				const ms = retryDelay(retryCount, undefined, chance, {...own, delay: () => value as number});
				expect(ms).toBeGreaterThanOrEqual(0);
				expect(ms).toBeLessThanOrEqual(own.backoffLimit);
			}),
		);
	});

	test.each([
		['NaN', () => Number.NaN],
		['a negative number', () => -1],
		['nothing', () => undefined as unknown as number],
		['a string', () => '5' as unknown as number],
		[
			'an error',
			() => {
				throw new Error('bug');
			},
		],
	])('where it gives %s, the default is used', (_, delay) => {
		expect(retryDelay(1, undefined, half, {...retry, delay})).toBe(125);
	});
});

describe('pollDelay', () => {
	test.each([
		[1, 375],
		[2, 750],
		[4, 3000],
		[5, 3000],
		[1000, 3000],
	])('poll %d is half fixed, half chance', (pollCount, ms) => {
		expect(pollDelay(pollCount, undefined, half)).toBe(ms);
	});

	test('never hammers, and never waits above 4 s of its own', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 10_000}), random, (pollCount, chance) => {
				const ms = pollDelay(pollCount, undefined, chance);
				expect(ms).toBeGreaterThanOrEqual(250);
				expect(ms).toBeLessThanOrEqual(4000);
			}),
		);
	});

	test('what the server asks goes first, and is no less than half a second', () => {
		expect(pollDelay(1, 1000, half)).toBe(1000);
		expect(pollDelay(1, 90_000, half)).toBe(90_000);
		for (const asked of [0, 1, 499]) expect(pollDelay(9, asked, half)).toBe(500);
	});
});
