import {expect, test} from 'vitest';
import {wordingOf, type Context} from '../../examples/checkout/page/wording.ts';
import type {Snapshot} from '../../src/index.ts';

function titleOf(status: Snapshot['status'], ending?: Context['ending']): string {
	const snapshot = {status, attempt: 1, limit: 4, since: 0};
	return wordingOf(snapshot, {ending, waiting: false, unfinishedSince: undefined}).title;
}

test.each([undefined, {kind: 'not-sent'}] as const)(
	'what was not sent is said to be so, after a reload too',
	ending => {
		expect(titleOf('not-sent', ending)).toBe('No connection');
	},
);

test.each(['not-sent', 'refused', 'unknown', 'mismatched', 'succeeded'] as const)(
	'only what has succeeded is said to be paid: %s',
	status => {
		expect(titleOf(status).startsWith('Paid')).toBe(status === 'succeeded');
	},
);
