import {jsonOf, property, type Dialect} from '../dialect/dialect.ts';
import {notSaved} from '../dialect/ietf.ts';

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
	// Not saved: what is answered before execution begins, such as conflicts (409), rate limits (429) and requests
	// without valid credentials. A validation error (400) is one of these too, but the same bytes fail it again.
	saves: ({status}) => status >= 400 && !notSaved.has(status),
	isReplay: ({headers}) => headers.get('idempotent-replayed') === 'true',
	read(answer) {
		if (answer.status === 409) return 'in-progress';
		if (property(property(jsonOf(answer), 'error'), 'type') === 'idempotency_error') return 'mismatched';
		return undefined;
	},
	shouldRetryHeader: 'stripe-should-retry',
};
