import {responseOf} from '../attempt/answer.ts';
import type {Flight} from './flight.ts';
import {outcomeError} from './outcome-error.ts';

/** The error of a caller whose time is over while the work on its operation goes on. */
export function overtime(operation: readonly string[] | undefined, flight: Flight | undefined): unknown {
	const {attempts, answer, firstFailure} = flight?.progress ?? {};
	const cause = firstFailure ?? new DOMException('The total time of the call is over', 'TimeoutError');
	if (operation === undefined) return cause;
	return outcomeError('unknown', {
		operation,
		key: flight?.key(),
		attempts,
		response: answer && responseOf(answer),
		cause,
	});
}
