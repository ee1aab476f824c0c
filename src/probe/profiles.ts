import * as dialects from '../dialects/index.ts';

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
	readonly body?: dialects.JsonPattern;
	/** Words that stand somewhere in the body; letter case does not count. */
	readonly text?: string;
	readonly means: string;
};

type Status = number | '2xx' | '4xx' | '5xx';

/**
 * The draft by its statuses alone, because it leaves the words to the server.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.6, §2.7
 */
const ietf: Profile = {
	name: 'ietf',
	key: {header: 'Idempotency-Key'},
	exchanges: [
		{means: 'replayed', status: '2xx'},
		{means: 'in-progress', status: 409},
		{means: 'mismatched', status: 422},
		{means: 'key-missing', status: 400},
	],
};

const {paypal} = dialects;

/** Used where nobody hands in more. */
export const profiles: readonly Profile[] = [
	ietf,
	...Object.values(dialects).flatMap(it => ('profile' in it ? [it.profile] : [])),
	...(['orders', 'payments', 'subscriptions', 'vault'] as const).map(api => paypal(api).profile),
];
