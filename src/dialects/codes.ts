import type {Means} from './profile.ts';

/** One answer of latchkey's own guard. */
type Code = {
	readonly status: number;
	readonly title: string;
	readonly detail: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly means: Means;
};

type CodeName =
	| 'key-missing'
	| 'key-malformed'
	| 'key-in-progress'
	| 'key-reused'
	| 'outcome-unknown'
	| 'already-executed'
	| 'store-unavailable';

/** What latchkey's own guard says by itself, by its `code` without `idempotency-`, and what our client makes of it. */
export const codes: Readonly<Record<CodeName, Code>> = {
	'key-missing': {
		status: 400,
		title: 'Idempotency-Key is missing',
		detail: 'This operation takes an Idempotency-Key header. Nothing was done.',
		means: 'key-missing',
	},
	'key-malformed': {
		status: 400,
		title: 'Idempotency-Key is malformed',
		detail:
			'Idempotency-Key holds one key of 1 to 255 visible ASCII characters, bare or in double quotes. Nothing was done.',
		means: 'key-malformed',
	},
	'key-in-progress': {
		status: 409,
		title: 'A request is outstanding for this Idempotency-Key',
		detail: 'The first request with this Idempotency-Key is still being processed.',
		headers: {'retry-after': '1'},
		means: 'in-progress',
	},
	'key-reused': {
		status: 422,
		title: 'Idempotency-Key is already used',
		detail: 'This Idempotency-Key belongs to a request with a different payload. Nothing was done now.',
		means: 'mismatched',
	},
	'outcome-unknown': {
		status: 409,
		title: 'Idempotency-Key: outcome unknown, may still be in progress',
		detail: 'It is not known whether the first request with this Idempotency-Key took effect. Nothing was done now.',
		headers: {'x-should-retry': 'false'},
		means: 'outcome-unknown',
	},
	'already-executed': {
		status: 409,
		title: 'Idempotency-Key: already executed',
		detail: 'The first request with this Idempotency-Key took effect. Its answer was not kept.',
		means: 'already-done',
	},
	'store-unavailable': {
		status: 503,
		title: 'Idempotency-Key cannot be looked up',
		detail: 'The store of idempotency keys did not answer. Nothing was done.',
		means: 'failed',
	},
};
