export type ProblemKind = 'missing' | 'malformed' | 'mismatch' | 'running';

const USAGE = 'This operation is idempotent and it requires correct usage of Idempotency Key.';

// The examples of draft-ietf-httpapi-idempotency-key-header-07, section 2.7: one type for all, only the titles differ.
const problems: Record<ProblemKind, {status: number; title: string; detail: string}> = {
	missing: {status: 400, title: 'Idempotency-Key is missing', detail: USAGE},
	malformed: {
		status: 400,
		title: 'Idempotency-Key is malformed',
		detail: 'Idempotency-Key holds one key of 1 to 255 visible ASCII characters, bare or in double quotes.',
	},
	mismatch: {
		status: 422,
		title: 'Idempotency-Key is already used',
		detail: `${USAGE} Idempotency Key MUST not be reused across different payloads of this operation.`,
	},
	running: {
		status: 409,
		title: 'A request is outstanding for this Idempotency-Key',
		detail: 'A request with the same Idempotency-Key for the same operation is being processed or is outstanding.',
	},
};

/** The answer, in `application/problem+json`, to a request that cannot be served under its key. */
export function problem(kind: ProblemKind): Response {
	const {status, title, detail} = problems[kind];
	const headers = new Headers({'content-type': 'application/problem+json'});
	if (kind === 'running') headers.set('retry-after', '1');
	const body = JSON.stringify({type: 'https://developer.example.com/idempotency', title, status, detail});
	return new Response(body, {status, headers});
}
