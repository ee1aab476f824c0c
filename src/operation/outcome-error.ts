import {
	AlreadySucceededError,
	KeyReuseError,
	OutcomeUnknownError,
	RefusedError,
	type ErrorFacts,
	type LatchkeyError,
	type Outcome,
} from '../errors.ts';

const errors = {
	succeeded: AlreadySucceededError,
	refused: RefusedError,
	mismatched: KeyReuseError,
	unknown: OutcomeUnknownError,
};

type Facts = ErrorFacts & {
	readonly at?: number;
	readonly expired?: boolean;
	readonly hint?: string | undefined;
};

/** What callers are thrown for an outcome that has no answer to give. */
export function outcomeError(outcome: Outcome, facts: Facts): LatchkeyError {
	return new errors[outcome](facts);
}
