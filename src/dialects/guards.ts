import {defineDialect} from './define.ts';
import type {Exchange, ProfiledDialect} from './profile.ts';

const header = 'Idempotency-Key';
const read = '2026-11';

const expressSource = 'https://github.com/VilledeMontreal/express-idempotency';

/**
 * express-idempotency 1: two requests at once may both run (it looks, then writes), only 2xx are kept, and a process that
 * dies meanwhile leaves the key taken.
 */
export const expressIdempotency: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'express-idempotency',
	key: {header},
	methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
	saves: 'success',
	compares: true,
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [
		{
			status: 409,
			text: 'A previous request is still in progress for this key.',
			means: 'in-progress',
			source: expressSource,
		},
		// Nobody else answers so; in production the words are left out.
		{status: 417, means: 'mismatched', source: expressSource},
	],
	read,
});

const nodeSource = 'https://github.com/mahendraHegde/node-idempotency';

/**
 * @node-idempotency/core with its NestJS, Express or Fastify plugin: everything is kept, 5xx too, so that a replayed 500 is
 * final; while the first request runs, another payload is told as in progress too. Its Postgres adapter keeps keys for a
 * quarter of an hour: declare it there (`{...nodeIdempotency, retention: 900_000}`).
 */
export const nodeIdempotency: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'node-idempotency',
	key: {header, max: 256},
	methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
	replayMarker: 'idempotent-replayed',
	saves: 'everything',
	compares: true,
	afterFailure: 'look',
	otherwise: 'words',
	exchanges: [
		{
			status: 409,
			headers: {'retry-after': '1'},
			text: 'A request is outstanding for this Idempotency-Key',
			means: 'in-progress',
			source: nodeSource,
		},
		{
			status: 409,
			text: 'Timed out waiting for in-progress request to complete',
			means: 'in-progress',
			source: nodeSource,
		},
		{status: 422, text: 'Idempotency-Key is already used', means: 'mismatched', source: nodeSource},
		{status: 400, text: 'Idempotency-Key is missing', means: 'key-missing', source: nodeSource},
		{
			status: 400,
			text: 'Idempotency-Key length exceeds max allowed length',
			means: 'key-malformed',
			source: nodeSource,
		},
		{
			status: ['2xx', '4xx', '5xx'],
			headers: {'idempotent-replayed': 'true'},
			means: 'replayed',
			source: nodeSource,
		},
	],
	read,
});

const honoSource = 'https://github.com/paveg/hono-idempotency';
const hono = (status: number, code: string, means: Exchange['means'], headers = {}): Exchange => ({
	status,
	headers: {'content-type': 'application/problem+json', ...headers},
	body: {code},
	means,
	source: honoSource,
});

/** hono-idempotency: only 2xx are kept, and any other answer frees the key, also one that came after the effect. */
export const honoIdempotency: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'hono-idempotency',
	key: {header, max: 256},
	methods: ['POST', 'PATCH'],
	replayMarker: 'idempotency-replayed',
	saves: 'success',
	compares: true,
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [
		/* @__PURE__ */ hono(409, 'CONFLICT', 'in-progress', {'retry-after': '1'}),
		/* @__PURE__ */ hono(422, 'FINGERPRINT_MISMATCH', 'mismatched'),
		/* @__PURE__ */ hono(400, 'MISSING_KEY', 'key-missing'),
		/* @__PURE__ */ hono(400, 'KEY_TOO_LONG', 'key-malformed'),
		{status: '2xx', headers: {'idempotency-replayed': 'true'}, means: 'replayed', source: honoSource},
	],
	read,
});

const powertoolsSource = 'https://github.com/aws-powertools/powertools-lambda-typescript';

/**
 * Powertools for AWS Lambda, where the handler answers with the words of its errors: it throws, and makes no answers of its
 * own. Kept for an hour unless configured.
 */
export const powertools: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'powertools',
	key: {header},
	methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
	retention: 3_600_000,
	saves: 'success',
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [
		{
			status: [409, '4xx', '5xx'],
			text: 'already an execution in progress with idempotency key',
			means: 'in-progress',
			source: powertoolsSource,
		},
		{
			status: [422, '4xx'],
			text: 'Payload does not match stored record for this event key',
			means: 'mismatched',
			source: powertoolsSource,
		},
	],
	read,
});

/**
 * io.github.arun0009:idempotent for Spring: it answers repeats when the first is done, and after a while gives up on it and
 * runs it again. Payloads are not compared; kept for five minutes unless configured.
 */
export const springIdempotent: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'spring idempotent',
	key: {header: 'X-Idempotency-Key'},
	methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
	retention: 300_000,
	saves: 'success',
	compares: false,
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [{status: '5xx', means: 'failed', source: 'https://github.com/arun0009/idempotent'}],
	read,
});

const starterSource = 'https://github.com/benhendayoussef/idempotency-spring-boot-starter';

/** idempotency-spring-boot-starter: 4xx are kept, 5xx free the key. */
export const springStarter: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'idempotency-spring-boot-starter',
	key: {header},
	methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
	replayMarker: 'idempotent-replay',
	saves: 'errors',
	compares: true,
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [
		{
			status: 409,
			headers: {'content-type': 'application/problem+json', 'retry-after': '1'},
			body: {title: 'Request already in progress'},
			means: 'in-progress',
			source: starterSource,
		},
		{
			status: 422,
			body: {title: 'Idempotency key reused with a different request body'},
			means: 'mismatched',
			source: starterSource,
		},
		{status: 400, body: {title: 'Idempotency key required'}, means: 'key-missing', source: starterSource},
		// Of the session, and so not saved.
		{status: 400, body: {title: 'Authenticated principal required'}, means: 'refused', source: starterSource},
		{status: ['2xx', '4xx'], headers: {'idempotent-replay': 'true'}, means: 'replayed', source: starterSource},
	],
	read,
});

const dotnetSource = 'https://github.com/ikyriak/IdempotentAPI';

/** IdempotentAPI for ASP.NET Core: only 2xx are kept. Its 409 says nothing, and is asked about a few times as any such. */
export const dotnetIdempotentApi: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'IdempotentAPI',
	key: {header: 'IdempotencyKey'},
	methods: ['POST', 'PATCH'],
	saves: 'success',
	compares: true,
	afterFailure: 'same-key',
	otherwise: 'words',
	exchanges: [{status: 400, text: 'was used in a different request', means: 'mismatched', source: dotnetSource}],
	read,
});

/**
 * Medusa. Its 409 asks for the request once more under its key, which Medusa itself does not keep: version 1 makes a key of
 * its own for one that it does not know, version 2 reads none. A lost answer stays in doubt there; give `reconcile`.
 */
export const medusa: ProfiledDialect = /* @__PURE__ */ defineDialect({
	name: 'medusa',
	key: {header},
	methods: [],
	compares: false,
	afterFailure: 'look',
	otherwise: 'words',
	exchanges: [
		{
			status: 409,
			body: {code: 'invalid_state_error', type: 'conflict'},
			means: 'in-progress',
			source: 'https://github.com/medusajs/medusa',
		},
	],
	read,
});
