import {describe, test} from 'vitest';
import {inboxContract} from '../../src/consumer/contract.ts';
import {testClock} from '../stores/clock.ts';
import {sqlitePlace} from './inboxes.ts';

describe('SQLite', () => {
	const clock = testClock();
	inboxContract({test, makeStore: () => sqlitePlace(clock), elapse: clock.elapse});
});
