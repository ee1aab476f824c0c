import {codes, type CodeName} from '../dialects/codes.ts';
import type {KeptAnswer} from './entry.ts';

/** What the guard itself has to say. */
export type ProblemCode = CodeName;

/** Of each its title, and what that leaves open. The titles are those of the draft where it has one. */
const words: Readonly<Record<ProblemCode, readonly [title: string, detail?: string]>> = {
	'key-missing': ['Idempotency-Key is missing'],
	'key-malformed': [
		'Idempotency-Key is malformed',
		'It is 1 to 255 visible ASCII characters, bare or in double quotes.',
	],
	'key-in-progress': ['A request is outstanding for this Idempotency-Key'],
	'key-reused': ['Idempotency-Key is already used', 'The first request had a different payload.'],
	'outcome-unknown': [
		'Idempotency-Key: outcome unknown, may still be in progress',
		'It is not known whether the first request took effect.',
	],
	'already-executed': ['Idempotency-Key: already executed', 'Its answer was not kept.'],
	'store-unavailable': ['Idempotency-Key cannot be looked up', 'Nothing was done.'],
};

/** The answer of the guard in `application/problem+json`. `after`: in how many milliseconds to ask again. `members`: what else is to be told. */
export function problem(code: ProblemCode, after?: number, members: object = {}): KeptAnswer {
	const {status, headers} = codes[code];
	const [title, detail] = words[code];
	const body = JSON.stringify({title, status, detail, code: `idempotency-${code}`, ...members});
	const retry = after !== undefined && {'retry-after': String(Math.ceil(after / 1_000))};
	return {
		status,
		statusText: '',
		headers: Object.entries({'content-type': 'application/problem+json', ...headers, ...retry}),
		body: new TextEncoder().encode(body),
	};
}

/** Nobody can say yet what became of it. Without a code: none of them leaves that open, and has the caller ask again. */
export function askAgain(after: number, title: string): KeptAnswer {
	const detail = 'The same request under the same key tells what became of it.';
	return problem('store-unavailable', after, {title, detail, code: undefined});
}

/** When a lease is over at the latest: whole seconds from 1 to 30. */
export function inProgress({leaseUntil}: {readonly leaseUntil: number}, now: number): KeptAnswer {
	return problem('key-in-progress', Math.min(30_000, Math.max(1, leaseUntil - now)));
}
