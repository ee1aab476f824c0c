import {displayName} from '../request/identity.ts';

/** For a call with an idempotency key of its own, where another one is live. */
export function otherKey(operation: readonly string[] = []): TypeError {
	return new TypeError(
		`latchkey: operation ${displayName(operation)} is live under another key than the idempotencyKey of this call. Nothing was sent.`,
	);
}
