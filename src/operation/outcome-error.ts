import {
	AlreadySucceededError,
	KeyReuseError,
	NotSentError,
	OutcomeUnknownError,
	RefusedError,
	type ErrorFacts,
	type LatchkeyError,
	type NotSendable,
	type Outcome,
} from '../errors.ts';

const errors = {
	succeeded: AlreadySucceededError,
	refused: RefusedError,
	mismatched: KeyReuseError,
	'not-sent': NotSentError,
	unknown: OutcomeUnknownError,
};

type Facts = ErrorFacts & {
	readonly at?: number;
	readonly reason?: NotSendable | undefined;
	readonly hint?: string | undefined;
};

/** What callers are thrown for an outcome that has no answer to give. */
export function outcomeError(outcome: Outcome, facts: Facts): LatchkeyError {
	return new errors[outcome](facts);
}
