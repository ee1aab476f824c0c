import {responseOf} from '../attempt/answer.ts';
import {OutcomeUnknownError} from '../errors.ts';
import type {Flight} from './flight.ts';

/** The error of a caller whose time is over while the work on its operation goes on. */
export function overtime(operation: readonly string[] | undefined): (flight: Flight | undefined) => unknown {
	return flight => {
		const timeout = new DOMException('The total time of the call is over', 'TimeoutError');
		const progress = flight?.progress;
		if (operation === undefined) return progress?.firstFailure ?? timeout;
		return new OutcomeUnknownError({
			operation,
			key: flight?.key(),
			attempts: progress?.attempts,
			response: progress?.answer && responseOf(progress.answer),
			cause: progress?.firstFailure ?? timeout,
		});
	};
}
