import {jsonOf, property, type Dialect} from '../dialect/dialect.ts';

const DAY = 86_400_000;

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
	// Not saved: concurrent conflicts (409), rate limits (429) and requests without valid credentials (401).
	// A validation error (400) may not be saved either, but the same bytes fail the same validation.
	saves: status => status >= 400 && status !== 401 && status !== 409 && status !== 429,
	isReplay: ({headers}) => headers.get('idempotent-replayed') === 'true',
	read(answer) {
		if (answer.status === 409) return 'in-progress';
		if (property(property(jsonOf(answer), 'error'), 'type') === 'idempotency_error') return 'mismatched';
		return undefined;
	},
	shouldRetryHeader: 'stripe-should-retry',
};
