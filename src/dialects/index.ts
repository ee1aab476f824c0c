export {inBody, inQuery, inVariable} from './carriers.ts';
export {defineDialect} from './define.ts';
export {dialectFor} from './for-url.ts';
export {
	dotnetIdempotentApi,
	expressIdempotency,
	honoIdempotency,
	medusa,
	nodeIdempotency,
	powertools,
	springIdempotent,
	springStarter,
} from './guards.ts';
export {ietf, type IetfOptions} from './ietf.ts';
export {ietfProfile} from './ietf-profile.ts';
export {latchkey} from './latchkey.ts';
export {paypal, type PaypalApi} from './paypal.ts';
export type {Exchange, JsonPattern, KeyRule, Means, Place, Profile, ProfiledDialect, Status} from './profile.ts';
export {adyen, azure, checkoutCom, gocardless, mollie, resend, shopify, square} from './providers.ts';
export {stripe, stripeV2} from './stripe.ts';
export type {AlreadyDone, Answer, Carried, Carrier, Dialect, Reading, StatusRequest} from './dialect.ts';
