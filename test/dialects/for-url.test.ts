import {describe, expect, test} from 'vitest';
import {dialectFor} from '../../src/dialects/for-url.ts';

describe('dialectFor', () => {
	test.each([
		['https://api.stripe.com/v1/payment_intents', 'stripe'],
		['https://api.stripe.com/v2/core/accounts', 'stripe v2'],
		['https://api-m.paypal.com/v2/checkout/orders', 'paypal orders'],
		['https://api-m.sandbox.paypal.com/v2/payments/captures/1/refund', 'paypal payments'],
		['https://api.paypal.com/v1/billing/subscriptions', 'paypal subscriptions'],
		['https://api.sandbox.paypal.com/v3/vault/setup-tokens', 'paypal vault'],
		['https://api-m.paypal.com/v2/invoicing/invoices', 'paypal'],
		['https://checkout-test.adyen.com/v71/payments', 'adyen'],
		['https://1797a841fbb37ca7-shop-checkout-live.adyenpayments.com/checkout/v71/payments', 'adyen'],
		['https://connect.squareup.com/v2/payments', 'square'],
		['https://connect.squareupsandbox.com/v2/payments', 'square'],
		['https://api.checkout.com/payments', 'checkout.com'],
		['https://api.sandbox.checkout.com/payments', 'checkout.com'],
		['https://abcd1234.api.checkout.com/payments', 'checkout.com'],
		['https://api.gocardless.com/payments', 'gocardless'],
		['https://api-sandbox.gocardless.com/payments', 'gocardless'],
		['https://api.mollie.com/v2/payments', 'mollie'],
		['https://api.resend.com/emails', 'resend'],
		['https://shop.myshopify.com/admin/api/2026-04/graphql.json', 'shopify'],
		['https://mine.communication.azure.com/emails:send', 'azure'],
		['https://API.STRIPE.COM/v1/charges', 'stripe'],
	])('%s: %s', (url, name) => {
		expect(dialectFor(url)?.name).toBe(name);
		expect(dialectFor(new URL(url))?.name).toBe(name);
	});

	test.each([
		'/v1/charges',
		'',
		'https://shop.test/orders',
		'https://stripe.com/v1/charges',
		'https://api.stripe.com.evil.test/v1/charges',
		'https://notapi.stripe.com/v1/charges',
		'https://evil.test/api.stripe.com/v1',
		'https://eviladyen.com/payments',
		'https://shop.myshopify.com/checkout',
	])('%j: none', url => {
		expect(dialectFor(url)).toBeUndefined();
	});
});
