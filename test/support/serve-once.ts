// A server that honours keys, in the fewest words: what the client is tried against owes nothing to the guard.

/** What makes a request this request: everything that a repeat under the same key must have in common with the first. */
type Payload = {readonly head: string; readonly body: Uint8Array};

/** Reads a copy: the request itself stays unread. */
export async function payloadOf(request: Request): Promise<Payload> {
	const contentType = request.headers.get('content-type') ?? '';
	const body = new Uint8Array(await request.clone().arrayBuffer());
	return {head: [request.method, request.url, contentType.replace(/;\s*boundary=[^;]*/i, '')].join('\n'), body};
}

function isSame(one: Payload, other: Payload): boolean {
	return (
		one.head === other.head &&
		one.body.length === other.body.length &&
		one.body.every((byte, index) => byte === other.body[index])
	);
}

type ProblemKind = 'missing' | 'malformed' | 'mismatch' | 'running';

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

/** An answer as the server saved it. */
type SavedAnswer = {
	readonly status: number;
	readonly statusText: string;
	readonly headers: ReadonlyArray<[string, string]>;
	readonly body: Uint8Array<ArrayBuffer>;
};

type Entry =
	/** The key is the caller's, who says how it ended: with an answer to repeat, or with nothing to remember. */
	| {readonly status: 'begun'; save(answer: SavedAnswer): void; release(): void}
	| {readonly status: 'running'}
	| {readonly status: 'finished'; readonly answer: SavedAnswer}
	/** The key belongs to another payload. */
	| {readonly status: 'mismatch'};

export type Ledger = {begin(key: string, payload: Payload): Entry};

type LedgerOptions = {
	/** How long a key is remembered, counted from its first request, in milliseconds. After that it executes again. */
	readonly retention: number;
	readonly now: () => number;
};

/** What a server remembers of the keys it has seen. `begin` is one synchronous step: of many at once, one begins. */
export function createLedger({retention, now}: LedgerOptions): Ledger {
	type Row = {readonly payload: Payload; readonly until: number; answer?: SavedAnswer};
	const rows = new Map<string, Row>();

	return {
		begin(key, payload) {
			const row = rows.get(key);
			if (row !== undefined && (row.answer === undefined || now() < row.until)) {
				if (!isSame(row.payload, payload)) return {status: 'mismatch'};
				return row.answer === undefined ? {status: 'running'} : {status: 'finished', answer: row.answer};
			}

			const begun: Row = {payload, until: now() + retention};
			rows.set(key, begun);
			return {
				status: 'begun',
				save(answer) {
					begun.answer = answer;
				},
				release() {
					rows.delete(key);
				},
			};
		},
	};
}

/** Which answers a server keeps under a key: only 2xx; 3xx and 4xx too; or all, 5xx included. */
export type Saves = 'success' | 'errors' | 'everything';

/** They speak of this moment only, so a server that keeps errors does not keep these. */
const momentary = new Set([408, 409, 425, 429]);

/** Runs the operation once per key and answers repeats as the draft says. An answer that is not kept frees its key. */
export async function serveOnce<Answer extends Response | undefined>(
	ledger: Ledger,
	{key, payload}: {key: string; payload: Payload},
	saves: Saves,
	run: () => Promise<Answer>,
): Promise<Answer | Response> {
	const entry = ledger.begin(key, payload);
	if (entry.status === 'mismatch') return problem('mismatch');
	if (entry.status === 'running') return problem('running');
	if (entry.status === 'finished') return replay(entry.answer);

	try {
		const response = await run();
		if (response !== undefined && keeps(saves, response.status)) entry.save(await copy(response));
		else entry.release();
		return response;
	} catch (error) {
		entry.release();
		throw error;
	}
}

function keeps(saves: Saves, status: number): boolean {
	if (status < 200) return false;
	if (saves === 'everything') return true;
	return saves === 'success' ? status < 300 : status < 500 && !momentary.has(status);
}

async function copy(response: Response): Promise<SavedAnswer> {
	const {status, statusText, headers} = response;
	const body = new Uint8Array(await response.clone().arrayBuffer());
	return {status, statusText, headers: [...headers], body};
}

function replay({status, statusText, headers, body}: SavedAnswer): Response {
	const hasBody = ![204, 205, 304].includes(status);
	const response = new Response(hasBody ? body : null, {status, statusText, headers: [...headers]});
	response.headers.set('idempotent-replayed', 'true');
	return response;
}
