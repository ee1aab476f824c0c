import {expect, onTestFinished, test, vi} from 'vitest';
import {retryAfter} from '../../src/attempt/retry-after.ts';
import {NOW} from './answers.ts';

test.each(['America/New_York', 'Asia/Tokyo'])('a date without a zone is in UTC, also in %s', zone => {
	vi.stubEnv('TZ', zone);
	onTestFinished(() => void vi.unstubAllEnvs());
	expect(new Date(NOW).getTimezoneOffset()).not.toBe(0);
	expect(retryAfter(new Headers({'retry-after': 'Fri Jan 15 12:00:30 2027'}), NOW)).toBe(30_000);
});
