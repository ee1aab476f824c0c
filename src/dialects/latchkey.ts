import {defineDialect} from './define.ts';
import type {Exchange, ProfiledDialect} from './profile.ts';

const source = 'latchkey';
const problem = {'content-type': 'application/problem+json'};
const row = (status: number, code: string, means: Exchange['means'], headers = {}): Exchange => ({
	status,
	headers: {...problem, ...headers},
	body: {code: `idempotency-${code}`},
	means,
	source,
});

/**
 * latchkey's own guard: `problem+json` with a `code` for each case. What it keeps, and for how long, its owner decides:
 * declare it (`{...latchkey, retention, saves}`).
 *
 * @example
 * const fetch = createFetch({dialect: latchkey});
 */
export const latchkey: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'latchkey',
	key: {header: 'Idempotency-Key', max: 255},
	methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
	replayMarker: 'idempotent-replayed',
	compares: true,
	afterFailure: 'look',
	otherwise: 'words',
	exchanges: [
		/* @__PURE__ */ row(400, 'key-missing', 'key-missing'),
		/* @__PURE__ */ row(400, 'key-malformed', 'key-malformed'),
		/* @__PURE__ */ row(409, 'key-in-progress', 'in-progress', {'retry-after': '1'}),
		/* @__PURE__ */ row(422, 'key-reused', 'mismatched'),
		/* @__PURE__ */ row(409, 'outcome-unknown', 'outcome-unknown', {'x-should-retry': 'false'}),
		/* @__PURE__ */ row(409, 'already-executed', 'already-done'),
		/* @__PURE__ */ row(503, 'store-unavailable', 'failed'),
		{status: ['2xx', '4xx'], headers: {'idempotent-replayed': 'true'}, means: 'replayed', source},
	],
	read: '2026-11',
});
