/** As much of a dialect's profile as is needed to recognise it. Those of `latchkey/dialects` are such. */
export type Profile = {
	readonly name: string;
	/** Where the key stands: `{header}`, or elsewhere. */
	readonly key: object;
	readonly exchanges: readonly Exchange[];
};

/** One kind of answer, and what it means. */
export type Exchange = {
	/** Any of them. */
	readonly status: Status | readonly Status[];
	/** Where it has neither body nor text, these tell. */
	readonly headers?: Readonly<Record<string, string>>;
	/** What must be in the JSON; other members may stand beside. */
	readonly body?: unknown;
	/** Words that stand somewhere in the body; letter case does not count. */
	readonly text?: string;
	readonly means: string;
};

type Status = number | '2xx' | '4xx' | '5xx';

/** Used where nobody hands in more. */
export const profiles: readonly Profile[] = [
	{
		// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.6, §2.7. By its statuses alone: it
		// leaves the words to the server.
		name: 'ietf',
		key: {header: 'Idempotency-Key'},
		exchanges: [
			{means: 'replayed', status: '2xx'},
			{means: 'in-progress', status: 409},
			{means: 'mismatched', status: 422},
			{means: 'key-missing', status: 400},
		],
	},
	{
		// https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/error-low-level
		name: 'stripe',
		key: {header: 'Idempotency-Key'},
		exchanges: [
			{means: 'replayed', status: '2xx', headers: {'idempotent-replayed': 'true'}},
			{means: 'in-progress', status: 409, body: {error: {code: 'idempotency_key_in_use'}}},
			{means: 'mismatched', status: '4xx', body: {error: {type: 'idempotency_error'}}},
			{means: 'first', status: '2xx'},
		],
	},
];
