import {jsonOf, property, type Answer, type Dialect} from './dialect.ts';

const DAY = 86_400_000;

const isReplay = ({headers}: Answer): boolean => headers.get('idempotent-replayed') === 'true';

/**
 * Stripe's API (v1): everything is saved under the key once execution has begun, 500s included, for at least 24 h.
 * A replayed 5xx is therefore final: the outcome stays unknown until somebody looks.
 *
 * @example
 * const fetch = createFetch({dialect: stripe});
 * @see https://docs.stripe.com/api/idempotent_requests
 * @see https://docs.stripe.com/error-low-level
 */
export const stripe: Dialect = {
	name: 'stripe',
	header: 'Idempotency-Key',
	// "removed from the system automatically after they're at least 24 hours old"
	retention: DAY,
	// Execution has begun where a charge is declined (402) or fails. Any other 4xx may be of the moment: 409 and 429 come
	// before execution, and so may 400 (a validation error) and 404 (`resource_missing`).
	saves: ({status}) => status === 402 || status >= 500,
	isReplay,
	read(answer) {
		const error = property(jsonOf(answer), 'error');
		// Conflicts are not saved, so one that is marked is no running request's, unless it says so.
		const running = answer.status === 409 && !isReplay(answer);
		if (running || property(error, 'code') === 'idempotency_key_in_use') return 'in-progress';
		return property(error, 'type') === 'idempotency_error' ? 'mismatched' : undefined;
	},
	shouldRetryHeader: 'stripe-should-retry',
};
