import {codes} from '../dialects/codes.ts';

/** What the guard itself has to say. */
export type ProblemCode = keyof typeof codes;

/** The answer of the guard in `application/problem+json`. `members`: what else is to be told. */
export function problem(
	code: ProblemCode,
	headers: Readonly<Record<string, string>> = {},
	members: object = {},
): Response {
	const {status, title, detail, headers: own} = codes[code];
	const body = {title, status, detail, code: `idempotency-${code}`, ...members};
	return new Response(JSON.stringify(body), {
		status,
		headers: {'content-type': 'application/problem+json', ...own, ...headers},
	});
}

/** When a lease is over at the latest: whole seconds from 1 to 30. */
export function inProgress({leaseUntil}: {readonly leaseUntil: number}, now: number): Response {
	const seconds = Math.min(30, Math.max(1, Math.ceil((leaseUntil - now) / 1_000)));
	return problem('key-in-progress', {'retry-after': String(seconds)});
}
