import {describe, expect, test} from 'vitest';
import {retryAfter} from '../../src/attempt/retry-after.ts';
import {NOW} from './answers.ts';

const at = (ms: number) => new Date(ms).toUTCString();
const asked = (value: string, more: Record<string, string> = {}) =>
	retryAfter(new Headers({'retry-after': value, ...more}), NOW);

// RFC 9110 §10.2.3
describe('Retry-After', () => {
	test.each([
		['0', 0],
		['1', 1000],
		['120', 120_000],
		['1.5', 1500],
		[' 2 ', 2000],
		['99999999999', 99_999_999_999_000],
		['9'.repeat(400), Number.POSITIVE_INFINITY],
	])('in seconds: %s', (value, ms) => {
		expect(asked(value)).toBe(ms);
	});

	test.each([
		['IMF-fixdate', 'Fri, 15 Jan 2027 12:00:30 GMT'],
		['RFC 850', 'Friday, 15-Jan-27 12:00:30 GMT'],
		['asctime', 'Fri Jan 15 12:00:30 2027'],
	])('as a date in the form of %s', (_, date) => {
		expect(asked(date)).toBe(30_000);
	});

	test('an asctime day of one digit', () => {
		expect(asked('Mon Feb  1 12:00:00 2027')).toBe(17 * 86_400_000);
	});

	test('a date that is past asks for no wait', () => {
		expect(asked(at(NOW - 60_000))).toBe(0);
	});

	test('a date is measured against the Date of the answer: the two clocks may differ', () => {
		const serverNow = NOW + 3_600_000;
		expect(asked(at(serverNow + 5000), {date: at(serverNow)})).toBe(5000);
	});

	test('a Date that is none is not used', () => {
		expect(asked(at(NOW + 5000), {date: 'yesterday'})).toBe(5000);
	});

	test.each([
		'',
		'-1',
		'+1',
		'1e3',
		'0x10',
		'1,5',
		'1, 2',
		'5s',
		'soon',
		'NaN',
		'Infinity',
		'.5',
		'1.',
		'2027-01-15T12:00:30Z',
		'Fri, 15 Jan 2027 12:00:30 +0100',
		'Fri, 15 Jan 2027',
		'Fri, 99 Jan 2027 12:00:30 GMT',
	])('%o says nothing', value => {
		expect(asked(value)).toBeUndefined();
	});

	test('without it, nothing is asked', () => {
		expect(retryAfter(new Headers(), NOW)).toBeUndefined();
	});
});

describe('retry-after-ms', () => {
	test.each([
		['250', 250],
		['0.5', 0.5],
		['0', 0],
	])('%s goes before Retry-After', (value, ms) => {
		expect(asked('9', {'retry-after-ms': value})).toBe(ms);
	});

	test.each(['-1', '', 'soon'])('%o leaves it to Retry-After', value => {
		expect(asked('9', {'retry-after-ms': value})).toBe(9000);
	});
});
