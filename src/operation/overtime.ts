import {responseOf} from '../attempt/answer.ts';
import {isLatchkeyError} from '../errors.ts';
import {domError} from '../signals.ts';
import type {Flight} from './caller.ts';
import {outcomeError} from './outcome-error.ts';

/** The error of a caller whose time is over while the work on its operation goes on. */
export function overtime(operation: readonly string[] | undefined, flight: Flight | undefined): unknown {
	const {attempts, answer, firstFailure} = flight?.progress ?? {};
	const over = domError('The total time of the call is over', 'TimeoutError');
	const cause = firstFailure ?? over;
	if (!attempts && !flight?.hasBegun())
		return outcomeError('not-sent', {operation, cause, hint: 'Its body took too long.'});
	// That the first attempt was not sent says nothing of the one that is on its way.
	if (operation === undefined) return isLatchkeyError(cause, 'NOT_SENT') ? over : cause;
	return outcomeError('unknown', {
		operation,
		key: flight?.key(),
		attempts,
		response: answer && responseOf(answer),
		cause,
	});
}
