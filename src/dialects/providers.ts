import {inBody, inVariable} from './carriers.ts';
import {defineDialect} from './define.ts';
import type {ProfiledDialect} from './profile.ts';

const DAY = 86_400_000;
const POST = ['POST'];
const read = '2026-11';

const adyenDocs = 'https://docs.adyen.com/development-resources/api-idempotency';

/**
 * Adyen. Keys count per company account and not across regions: another host is another memory.
 *
 * @see https://docs.adyen.com/development-resources/api-idempotency
 */
export const adyen: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'adyen',
	key: {header: 'Idempotency-Key', max: 64},
	methods: POST,
	otherwise: 'words',
	exchanges: [
		{
			status: [422, 409],
			body: {errorCode: '704'},
			means: 'in-progress',
			source: adyenDocs,
			secondHand: true,
		},
		{
			status: ['4xx', '5xx'],
			headers: {'transient-error': 'true'},
			means: 'in-progress',
			source: adyenDocs,
			secondHand: true,
		},
	],
	read,
});

/**
 * Square, whose key is a member of the JSON body.
 *
 * @see https://developer.squareup.com/docs/working-with-apis/idempotency
 */
export const square: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'square',
	key: /* @__PURE__ */ inBody('idempotency_key'),
	methods: POST,
	compares: true,
	otherwise: 'words',
	exchanges: [
		{
			status: [400, '4xx'],
			body: {errors: [{code: 'IDEMPOTENCY_KEY_REUSED'}]},
			means: 'mismatched',
			source: 'https://github.com/square/square-nodejs-sdk',
		},
	],
	read,
});

/**
 * Checkout.com. Only successes are kept; the window can be changed for an account, and the sandbox's was 120 s: it is
 * not declared.
 *
 * @see https://checkout.com/docs/payments/manage-payments/idempotency
 */
export const checkoutCom: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'checkout.com',
	key: {header: 'Cko-Idempotency-Key'},
	methods: POST,
	saves: 'success',
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [
		{status: 409, means: 'in-progress', source: 'https://support.checkout.com/hc/en-us/articles/24570669653010'},
	],
	read,
});

const gocardlessSource = 'https://github.com/gocardless/gocardless-nodejs';

/**
 * GoCardless. A key that made something is never answered again: the answer names what it made.
 *
 * @see https://gocardless.com/blog/idempotency-keys
 */
export const gocardless: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'gocardless',
	key: {header: 'Idempotency-Key'},
	methods: POST,
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [
		{
			status: 409,
			body: {error: {type: 'invalid_state', errors: [{reason: 'idempotent_creation_conflict'}]}},
			means: 'already-done',
			resource: 'error.errors.0.links.conflicting_resource_id',
			source: gocardlessSource,
		},
		{
			status: [409, '4xx'],
			body: {error: {errors: [{reason: 'bank_account_exists'}]}},
			means: 'already-done',
			anyKey: true,
			resource: 'error.errors.0.links.customer_bank_account',
			source: 'https://github.com/gocardless/gocardless-dotnet',
		},
	],
	read,
});

/**
 * Mollie.
 *
 * @see https://docs.mollie.com/reference/api-idempotency
 */
export const mollie: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'mollie',
	key: {header: 'Idempotency-Key'},
	methods: ['POST', 'DELETE'],
	otherwise: 'words',
	exchanges: [{status: '5xx', means: 'failed', source: 'https://github.com/mollie/mollie-api-node'}],
	read,
});

const resendDocs = 'https://resend.com/docs/dashboard/emails/idempotency-keys';

/**
 * Resend, whose two 409s mean two things.
 *
 * @see https://resend.com/docs/dashboard/emails/idempotency-keys
 */
export const resend: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'resend',
	key: {header: 'Idempotency-Key', max: 256},
	methods: POST,
	retention: DAY,
	compares: true,
	otherwise: 'words',
	exchanges: [
		{status: 409, text: 'concurrent_idempotent_requests', means: 'in-progress', source: resendDocs},
		{status: 409, text: 'invalid_idempotent_request', means: 'mismatched', source: resendDocs},
		{status: 400, text: 'invalid_idempotency_key', means: 'key-malformed', source: resendDocs},
	],
	read,
});

const shopifyCodes =
	'https://shopify.dev/docs/api/admin-graphql/unstable/enums/InventoryCountUpdateMetadataUserErrorCode';
const userError = (code: string) => ({data: {'*': {userErrors: [{code}]}}});

/**
 * Shopify's GraphQL Admin API: the key is the variable `$idempotencyKey` of the mutation's `@idempotent` directive, and all
 * answers are 200. Other `userErrors` are yours to judge (`judge`).
 *
 * @see https://shopify.dev/docs/api/usage/implementing-idempotency
 */
export const shopify: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'shopify',
	key: /* @__PURE__ */ inVariable('idempotencyKey'),
	methods: POST,
	compares: true,
	afterFailure: 'new-key',
	otherwise: 'words',
	exchanges: [
		{
			status: 200,
			body: /* @__PURE__ */ userError('IDEMPOTENCY_CONCURRENT_REQUEST'),
			means: 'in-progress',
			source: shopifyCodes,
		},
		{
			status: 200,
			body: /* @__PURE__ */ userError('IDEMPOTENCY_KEY_PARAMETER_MISMATCH'),
			means: 'mismatched',
			source: shopifyCodes,
		},
		{
			status: 200,
			body: /* @__PURE__ */ userError('IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED'),
			means: 'failed-before',
			source: shopifyCodes,
		},
	],
	read,
});

const azureDocs = 'https://learn.microsoft.com/en-us/rest/api/communication/repeatable-requests';
const rejected = {'repeatability-result': 'rejected'};

/**
 * OASIS Repeatable Requests as Azure Communication Services has them: the time of the first send goes with the key, and
 * five minutes after it nothing is executed any more. It is this machine's time: a clock that is wrong costs a 412.
 *
 * @see https://learn.microsoft.com/en-us/rest/api/communication/repeatable-requests
 */
export const azure: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'azure',
	key: {header: 'Repeatability-Request-ID', format: 'uuid'},
	methods: POST,
	retention: 300_000,
	saves: 'errors',
	compares: true,
	afterFailure: 'look',
	otherwise: 'words',
	exchanges: [
		{status: 409, means: 'in-progress', source: azureDocs},
		{status: 412, headers: rejected, means: 'expired', source: azureDocs},
		{status: 412, means: 'expired', source: azureDocs},
		{status: 400, headers: rejected, means: 'mismatched', source: azureDocs},
		// Where CORS hides that header, a 400 may say the same, and is no answer that was saved.
		{status: 400, means: 'refused', source: azureDocs},
		{status: '5xx', means: 'failed', source: azureDocs},
	],
	headersWith: firstSent => ({'repeatability-first-sent': new Date(firstSent).toUTCString()}),
	read,
});
