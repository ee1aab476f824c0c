import {paypal} from './paypal.ts';
import type {ProfiledDialect} from './profile.ts';
import {adyen, azure, checkoutCom, gocardless, mollie, resend, shopify, square} from './providers.ts';
import {stripe, stripeV2} from './stripe.ts';

type Rule = readonly [host: RegExp, path: RegExp, dialect: () => ProfiledDialect];

const any = /^/;
const paypalHost = /^api(-m)?\.(sandbox\.)?paypal\.com$/;

const rules: readonly Rule[] = [
	[/^api\.stripe\.com$/, /^\/v2\//, () => stripeV2],
	[/^api\.stripe\.com$/, any, () => stripe],
	[paypalHost, /^\/v2\/checkout\/orders\b/, () => paypal('orders')],
	[paypalHost, /^\/v2\/payments\b/, () => paypal('payments')],
	[paypalHost, /^\/v1\/billing\b/, () => paypal('subscriptions')],
	[paypalHost, /^\/v3\/vault\b/, () => paypal('vault')],
	[paypalHost, any, () => paypal()],
	[/\.adyen(payments)?\.com$/, any, () => adyen],
	[/^connect\.squareup(sandbox)?\.com$/, any, () => square],
	[/^(.+\.)?api\.(sandbox\.)?checkout\.com$/, any, () => checkoutCom],
	[/^api(-sandbox)?\.gocardless\.com$/, any, () => gocardless],
	[/^api\.mollie\.com$/, any, () => mollie],
	[/^api\.resend\.com$/, any, () => resend],
	[/\.myshopify\.com$/, /\/graphql\.json$/, () => shopify],
	[/\.communication\.azure\.com$/, any, () => azure],
];

/**
 * The dialect of a known API, by its host; `undefined` for any other. It brings all of them with it: import the one that
 * you need where size counts.
 *
 * @param url Absolute; a relative one is of no known host.
 * @example
 * const dialect = dialectFor('https://api.stripe.com/v1/payment_intents') ?? ietf();
 */
export function dialectFor(url: string | URL): ProfiledDialect | undefined {
	let parsed: URL;
	try {
		parsed = new URL(url);
	} catch {
		return undefined;
	}

	const {hostname, pathname} = parsed;
	return rules.find(([host, path]) => host.test(hostname) && path.test(pathname))?.[2]();
}
