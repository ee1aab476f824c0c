import {codes, type CodeName} from '../dialects/codes.ts';
import type {KeptAnswer} from './entry.ts';

/** What the guard itself has to say. */
export type ProblemCode = CodeName;

/** Of each its title and its detail. The titles are those of the draft where it has one. */
const words: Readonly<Record<ProblemCode, readonly [title: string, detail: string]>> = {
	'key-missing': ['Idempotency-Key is missing', 'This request needs one. Nothing was done.'],
	'key-malformed': [
		'Idempotency-Key is malformed',
		'It is 1 to 255 visible ASCII characters, bare or in double quotes. Nothing was done.',
	],
	'key-in-progress': [
		'A request is outstanding for this Idempotency-Key',
		'The first request is still being processed.',
	],
	'key-reused': ['Idempotency-Key is already used', 'The first request had a different payload. Nothing was done now.'],
	'outcome-unknown': [
		'Idempotency-Key: outcome unknown, may still be in progress',
		'It is not known whether the first request took effect. Nothing was done now.',
	],
	'already-executed': ['Idempotency-Key: already executed', 'The first request took effect. Its answer was not kept.'],
	'store-unavailable': ['Idempotency-Key cannot be looked up', 'Its store did not answer. Nothing was done.'],
};

/** The answer of the guard in `application/problem+json`. `members`: what else is to be told. */
export function problem(
	code: ProblemCode,
	headers: Readonly<Record<string, string>> = {},
	members: object = {},
): KeptAnswer {
	const {status, headers: own} = codes[code];
	const [title, detail] = words[code];
	const body = JSON.stringify({title, status, detail, code: `idempotency-${code}`, ...members});
	return {
		status,
		statusText: '',
		headers: Object.entries({'content-type': 'application/problem+json', ...own, ...headers}),
		body: new TextEncoder().encode(body),
	};
}

/** Nobody can say yet what became of it. Without a code: none of them leaves that open, and has the caller ask again. */
export function askAgain(timeout: number, title: string, detail: string): KeptAnswer {
	const headers = {'retry-after': String(Math.ceil(timeout / 1_000))};
	const more = ' The same request under the same key tells what became of it.';
	return problem('store-unavailable', headers, {title, detail: detail + more, code: undefined});
}

/** When a lease is over at the latest: whole seconds from 1 to 30. */
export function inProgress({leaseUntil}: {readonly leaseUntil: number}, now: number): KeptAnswer {
	const seconds = Math.min(30, Math.max(1, Math.ceil((leaseUntil - now) / 1_000)));
	return problem('key-in-progress', {'retry-after': String(seconds)});
}
