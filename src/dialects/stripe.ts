import {defineDialect} from './define.ts';
import type {ProfiledDialect} from './profile.ts';

const docs = 'https://docs.stripe.com/api/idempotent_requests';
const docsV2 = 'https://docs.stripe.com/api/idempotent_requests?api-version=2026-09-30.preview';
const errors = 'https://docs.stripe.com/error-low-level';
const lifecycle = 'https://docs.stripe.com/payments/paymentintents/lifecycle';
const marker = {'idempotent-replayed': 'true'};

/**
 * Stripe's API (v1): everything is saved under the key once execution has begun, 500s included, for at least 24 h.
 * A replayed 5xx is therefore final: the outcome stays unknown until somebody looks.
 *
 * @example
 * const fetch = createFetch({dialect: stripe});
 * @see https://docs.stripe.com/api/idempotent_requests
 * @see https://docs.stripe.com/error-low-level
 */
export const stripe: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'stripe',
	key: {header: 'Idempotency-Key', max: 255},
	methods: ['POST'],
	// "removed from the system automatically after they're at least 24 hours old"
	retention: 86_400_000,
	replayMarker: 'idempotent-replayed',
	compares: true,
	retryHeader: 'stripe-should-retry',
	afterFailure: 'look',
	otherwise: 'nothing',
	// Its repeat would give the first answer again, also after the customer has approved it.
	status: {
		resource: 'id',
		succeeded: [{status: 'succeeded'}, {status: 'requires_capture'}],
		refused: [{status: 'canceled'}],
		source: lifecycle,
	},
	exchanges: [
		{status: '2xx', body: {object: 'payment_intent', status: 'requires_action'}, means: 'pending', source: lifecycle},
		{status: '2xx', body: {object: 'payment_intent', status: 'processing'}, means: 'pending', source: lifecycle},
		{
			status: [409, '4xx'],
			body: {error: {code: 'idempotency_key_in_use'}},
			means: 'in-progress',
			source: errors,
			secondHand: true,
		},
		// Conflicts are not saved, so one that is marked is no running request's, unless it says so.
		{status: 409, means: 'in-progress', source: docs},
		{status: [400, '4xx'], body: {error: {type: 'idempotency_error'}}, means: 'mismatched', source: errors},
		// Execution has begun where a charge is declined or fails. Any other 4xx may be of the moment.
		{status: 402, means: 'refused', saved: true, source: errors},
		{status: '5xx', means: 'failed', saved: true, source: docs},
		{status: ['2xx', '5xx', '4xx'], headers: marker, means: 'replayed', source: docs},
	],
	read: '2026-11',
});

/**
 * Stripe's API v2: what failed is worked on again under the same key, and never repeated once it has succeeded.
 *
 * @example
 * const fetch = createFetch({dialect: stripeV2});
 * @see https://docs.stripe.com/api/idempotent_requests?api-version=2026-09-30.preview
 */
export const stripeV2: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'stripe v2',
	key: {header: 'Idempotency-Key', max: 255},
	methods: ['POST', 'DELETE'],
	saves: 'success',
	retryHeader: 'stripe-should-retry',
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [{status: '5xx', means: 'failed', source: docsV2}],
	read: '2026-11',
});
