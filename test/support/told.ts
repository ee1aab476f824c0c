import {outcomeOf, type OutcomeReport} from '../../src/operation/outcome.ts';

/** What a call is told, where a mistake in it, which `outcomeOf` throws, is only one more error. */
export async function toldOf(call: Promise<Response>): Promise<OutcomeReport> {
	return outcomeOf(call).catch((error: unknown) => ({
		outcome: 'unknown',
		error,
		response: undefined,
		operation: undefined,
		key: undefined,
		attempts: 0,
		replayed: false,
		keyKept: true,
	}));
}
