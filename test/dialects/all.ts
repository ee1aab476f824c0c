import type {Dialect} from '../../src/dialects/dialect.ts';
import {
	adyen,
	azure,
	checkoutCom,
	dotnetIdempotentApi,
	expressIdempotency,
	gocardless,
	honoIdempotency,
	ietf,
	ietfProfile,
	latchkey,
	medusa,
	mollie,
	nodeIdempotency,
	paypal,
	powertools,
	resend,
	shopify,
	springIdempotent,
	springStarter,
	square,
	stripe,
	stripeV2,
	type Profile,
	type ProfiledDialect,
} from '../../src/dialects/index.ts';

/** A dialect that the package exports, and how to write it. */
export type Shipped = {readonly code: string; readonly dialect: Dialect; readonly profile: Profile};

const profiled = (code: string, dialect: ProfiledDialect): Shipped => ({code, dialect, profile: dialect.profile});

export const shipped: readonly Shipped[] = [
	{code: 'ietf()', dialect: ietf(), profile: ietfProfile},
	profiled('latchkey', latchkey),
	profiled('stripe', stripe),
	profiled('stripeV2', stripeV2),
	profiled("paypal('orders')", paypal('orders')),
	profiled("paypal('payments')", paypal('payments')),
	profiled("paypal('subscriptions')", paypal('subscriptions')),
	profiled("paypal('vault')", paypal('vault')),
	profiled('adyen', adyen),
	profiled('square', square),
	profiled('checkoutCom', checkoutCom),
	profiled('gocardless', gocardless),
	profiled('mollie', mollie),
	profiled('resend', resend),
	profiled('shopify', shopify),
	profiled('azure', azure),
	profiled('expressIdempotency', expressIdempotency),
	profiled('nodeIdempotency', nodeIdempotency),
	profiled('honoIdempotency', honoIdempotency),
	profiled('powertools', powertools),
	profiled('springIdempotent', springIdempotent),
	profiled('springStarter', springStarter),
	profiled('dotnetIdempotentApi', dotnetIdempotentApi),
	profiled('medusa', medusa),
];
