import {defineDialect} from './define.ts';
import type {ProfiledDialect} from './profile.ts';

const docs = 'https://developer.paypal.com/api/rest/reference/idempotency';
const orderStatus = 'https://developer.paypal.com/api/orders/v2/definitions/order_status';
const HOUR = 3_600_000;

/** Which of PayPal's APIs: they keep keys for different times. */
export type PaypalApi = 'orders' | 'payments' | 'subscriptions' | 'vault';

/**
 * PayPal's REST APIs. A repeat is answered with the *current* state, not with the first answer. What is not declared is
 * taken for a day; `orders` and `vault` keep keys for less.
 *
 * @example
 * const fetch = createFetch({dialect: paypal('orders')});
 * @see https://developer.paypal.com/api/rest/reference/idempotency
 */
export function paypal(api?: PaypalApi): ProfiledDialect {
	const retention = api === 'orders' ? 6 * HOUR : api === 'vault' ? 3 * HOUR : undefined;
	return defineDialect({
		name: api ? `paypal ${api}` : 'paypal',
		key: {header: 'PayPal-Request-Id', ...(api === 'vault' && {max: 108})},
		methods: ['POST'],
		...(retention && {retention}),
		repeatsGiveCurrentState: true,
		afterFailure: 'same-key',
		otherwise: 'words',
		exchanges: [
			{
				status: [409, '4xx'],
				text: 'PREVIOUS_REQUEST_IN_PROGRESS',
				means: 'in-progress',
				source: docs,
				secondHand: true,
			},
			// Neither says that it is about another payload.
			{status: [400, '4xx'], text: 'DUPLICATE_REQUEST_ID', means: 'key-used', source: docs},
			{status: [400, '4xx'], text: 'PAYPAL_REQUEST_ID_PREVIOUSLY_USED', means: 'key-used', source: docs},
			{status: [200, '2xx'], body: {status: 'PAYER_ACTION_REQUIRED'}, means: 'pending', source: orderStatus},
			{status: '5xx', means: 'failed', source: docs},
		],
		read: '2026-11',
	});
}
