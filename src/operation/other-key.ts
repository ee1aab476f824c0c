import {mistake} from '../mistake.ts';
import {displayName} from '../request/identity.ts';

/** For a call with an idempotency key of its own, where another one is live. */
export function otherKey(operation: readonly string[] = []): Error {
	return mistake(
		`operation ${displayName(operation)} is live under another key than the idempotencyKey of this call. Nothing was sent.`,
	);
}
