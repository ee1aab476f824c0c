import {isLoopback} from './plan.ts';
import type {Settings} from './settings.ts';
import {unescaped} from './templates.ts';

/**
 * Words by which providers mark credentials for real money: `sk_live_`, `rk_live_` (Stripe, Paymongo, Moyasar, SumUp),
 * `live_` (Mollie), `rzp_live_` (Razorpay), `xnd_production_` (Xendit), `access_token$production$` (Braintree), `sk_prod_`.
 *
 * @see https://docs.stripe.com/keys
 * @see https://docs.moyasar.com/guides/dashboard/get-your-api-keys
 * @see https://developer.sumup.com/api/sdks
 * @see https://razorpay.com/docs/payments/dashboard/test-live-modes/
 * @see https://github.com/edoardottt/secfiles (regex/secrets.md, for Braintree)
 */
const liveWord = /(?:^|[^a-z0-9])(?:live|prod|production)[_$:-](?=[a-z0-9$])/i;

/**
 * Test keys have a mark, live ones have none.
 *
 * @see https://developer.flutterwave.com/docs/authentication
 */
const unmarkedLive = /\bFLW(?:SEC|PUB)K-/;

/** The mode is in the host. Not `sandbox`, `test` and the like beside it, nor a subdomain that is one of those. */
const liveHosts: ReadonlyArray<{readonly host: RegExp; readonly source: string}> = [
	{
		host: /^api(?:-m)?\.paypal\.com$/,
		source: 'https://developer.paypal.com/limited-release/commerce-platform/v2/develop/urls',
	},
	{host: /^connect\.squareup\.com$/, source: 'https://developer.squareup.com/docs/testing/sandbox'},
	{
		host: /(?:^|[.-])live(?:-\w+)?\.adyen(?:payments)?\.com$/,
		source: 'https://docs.adyen.com/development-resources/live-endpoints',
	},
	{
		host: /^(?!.*sandbox)(?:[\w-]+\.)?api\.checkout\.com$/,
		source: 'https://www.checkout.com/docs/developer-resources/api/api-endpoints',
	},
	{host: /^api\.gocardless\.com$/, source: 'https://developer.gocardless.com/getting-started/go-live-checklist'},
];

/** Why this looks like real money; `undefined` where it does not. Never the secret itself. */
export function looksLive(settings: Settings): string | undefined {
	const {url, count} = settings;
	if (!isLoopback(url)) {
		const live = liveHosts.find(({host}) => host.test(url.hostname));
		if (live) return `${url.hostname} is the live host of its provider (${live.source})`;
	}

	const found = placesOf(settings).find(({text}) => isLive(text));
	if (found) return `${found.place} looks like a live key`;
	return count !== undefined && isLive(count) ? '--count holds what looks like a live key' : undefined;
}

/** Whether the server itself says that what it did was real. */
export function saysLive(body: string): boolean {
	return /"live_?mode"\s*:\s*true/i.test(body.slice(0, 100_000));
}

function placesOf({url, headers, headersB, errorHeaders, body, otherBody, errorBody}: Settings) {
	const named = [...headers, ...headersB, ...errorHeaders].map(([name, text]) => ({place: `the header ${name}`, text}));
	const inUrl = [url.username, url.password, url.search].map(text => ({place: 'the URL', text: unescaped(text)}));
	const bodies = [body, otherBody, errorBody].map(text => ({place: 'the body', text: text ?? ''}));
	return [...named, ...inUrl, ...bodies];
}

function isLive(text: string): boolean {
	return [text, ...decodedIn(text)].some(it => liveWord.test(it) || unmarkedLive.test(it) || saysLive(it));
}

/** What Basic credentials and JSON Web Tokens encode. */
function decodedIn(text: string): string[] {
	const encoded = text.match(/[\w+/-]{16,}={0,2}/g) ?? [];
	return encoded.map(it => Buffer.from(it, 'base64').toString('latin1'));
}
