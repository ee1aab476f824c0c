import type {Means} from './profile.ts';

/** One answer of latchkey's own guard. */
type Code = {
	readonly status: number;
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
		means: 'key-missing',
	},
	'key-malformed': {
		status: 400,
		means: 'key-malformed',
	},
	'key-in-progress': {
		status: 409,
		headers: {'retry-after': '1'},
		means: 'in-progress',
	},
	'key-reused': {
		status: 422,
		means: 'mismatched',
	},
	'outcome-unknown': {
		status: 409,
		headers: {'x-should-retry': 'false'},
		means: 'outcome-unknown',
	},
	'already-executed': {
		status: 409,
		means: 'already-done',
	},
	'store-unavailable': {
		status: 503,
		means: 'failed',
	},
};
