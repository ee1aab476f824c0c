import type {Means} from './profile.ts';

export type CodeName =
	| 'key-missing'
	| 'key-malformed'
	| 'key-in-progress'
	| 'key-reused'
	| 'outcome-unknown'
	| 'already-executed'
	| 'store-unavailable';

/** What latchkey's own guard says by itself, by its `code` without `idempotency-`, and what our client makes of it. */
export const meanings: Readonly<Record<CodeName, Means>> = {
	'key-missing': 'key-missing',
	'key-malformed': 'key-malformed',
	'key-in-progress': 'in-progress',
	'key-reused': 'mismatched',
	'outcome-unknown': 'outcome-unknown',
	'already-executed': 'already-done',
	'store-unavailable': 'failed',
};

type Code = {readonly status: number; readonly headers?: Readonly<Record<string, string>>};

/** The answers that bear them. Apart from what they mean, which the guard need not know. */
export const codes: Readonly<Record<CodeName, Code>> = {
	'key-missing': {status: 400},
	'key-malformed': {status: 400},
	'key-in-progress': {status: 409, headers: {'retry-after': '1'}},
	'key-reused': {status: 422},
	'outcome-unknown': {status: 409, headers: {'x-should-retry': 'false'}},
	'already-executed': {status: 409},
	'store-unavailable': {status: 503},
};
