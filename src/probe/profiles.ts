/** What an answer means for the key under which it was asked. */
export type Meaning = 'replayed' | 'in-progress' | 'mismatched' | 'missing-key';

/** One row of a dialect's exchange table: an answer, and what it means. */
export type Exchange = {
	readonly means: string;
	readonly status?: number | undefined;
	/** Those that matter; by any case of their names. */
	readonly headers?: Readonly<Record<string, string>> | undefined;
	/** JSON, of which the members that are named here matter; or text. */
	readonly body?: unknown;
};

/** As much of a dialect as is needed to recognise it. */
export type Profile = {
	readonly name: string;
	/** The request header that carries the key. */
	readonly header?: string | undefined;
	readonly exchanges: readonly Exchange[];
};

/** Used where nobody hands in more. */
export const profiles: readonly Profile[] = [
	{
		// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.6, §2.7
		name: 'ietf',
		header: 'Idempotency-Key',
		exchanges: [
			{means: 'replayed', status: 201},
			{means: 'replayed', status: 200},
			{means: 'in-progress', status: 409},
			{means: 'mismatched', status: 422},
			{means: 'missing-key', status: 400},
		],
	},
	{
		// https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/error-low-level
		name: 'stripe',
		header: 'Idempotency-Key',
		exchanges: [
			{means: 'replayed', status: 200, headers: {'idempotent-replayed': 'true'}},
			{means: 'in-progress', status: 409, body: {error: {code: 'idempotency_key_in_use'}}},
			{means: 'mismatched', body: {error: {type: 'idempotency_error'}}},
			{means: 'missing-key', status: 200},
		],
	},
];
