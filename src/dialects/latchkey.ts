import {codes, meanings, type CodeName} from './codes.ts';
import {defineDialect} from './define.ts';
import type {Exchange, ProfiledDialect} from './profile.ts';

const source = 'latchkey';
const rows = (): Exchange[] => [
	...Object.entries(codes).map(([code, {status, headers}]) => ({
		status,
		headers: {'content-type': 'application/problem+json', ...headers},
		body: {code: `idempotency-${code}`},
		means: meanings[code as CodeName],
		source,
	})),
	{status: ['2xx', '4xx'], headers: {'idempotent-replayed': 'true'}, means: 'replayed', source},
];

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
	exchanges: /* @__PURE__ */ rows(),
	read: '2026-11',
});
