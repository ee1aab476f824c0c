import {describe, expect, test} from 'vitest';
import {createFetch} from '../../src/fetch.ts';
import type {FetchOptions} from '../../src/options.ts';
import {refusedWith, untyped, url, watched} from './watched.ts';

const noTimes = [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 2 ** 31];
const noCounts = [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 101];

const wrong: Array<[string, object]> = [
	...noTimes.flatMap((time): Array<[string, object]> => [
		['timeout', {timeout: time}],
		['totalTimeout', {totalTimeout: time}],
		['retry.backoffLimit', {retry: {backoffLimit: time}}],
		['retry.maxRetryAfter', {retry: {maxRetryAfter: time}}],
	]),
	...noCounts.flatMap((count): Array<[string, object]> => [
		['retry.limit', {retry: {limit: count}}],
		['retry', {retry: count}],
	]),
];

describe('a number that cannot be meant is refused', () => {
	test.each(wrong)('in a call, before anything is sent or written: %s of %o', async (name, options) => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, untyped({...options, operation: 'pay'})))).toEqual(refusedWith(RangeError, name));
		expect(await failure(fetch(url, untyped({...options, operation: true})))).toEqual(refusedWith(RangeError, name));
	});

	test.each(wrong)('by createFetch: %s of %o', (name, options) => {
		expect(() => createFetch(options as FetchOptions)).toThrow(RangeError);
		expect(() => createFetch(options as FetchOptions)).toThrow(name);
	});
});

test.each([
	{timeout: 2 ** 31 - 1, totalTimeout: 2 ** 31 - 1},
	{timeout: false, totalTimeout: false},
	{retry: 0},
	{retry: {limit: 100, backoffLimit: 1, maxRetryAfter: 1}},
])('the ends of what is allowed are: %o', async options => {
	const {fetch} = watched();
	const response = await fetch(url, untyped({...options, operation: 'pay'}));

	expect(response.status).toBe(201);
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])(
	'a delay of %s from the caller neither hangs nor loops',
	async delay => {
		const waits: number[] = [];
		const {fetch, answers} = watched({
			retry: {delay: () => delay, backoffLimit: 2},
			onEvent: event => event.type === 'wait' && waits.push(event.ms),
		});
		answers.push(() => new Response(null, {status: 503}));
		const response = await fetch(url, untyped({operation: 'pay'}));

		expect(response.status).toBe(201);
		expect(waits[0]).toBeGreaterThanOrEqual(0);
		expect(waits[0]).toBeLessThanOrEqual(2);
	},
);
