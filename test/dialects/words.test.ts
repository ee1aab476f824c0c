import {describe, expect, test} from 'vitest';
import {answerOf} from '../../src/attempt/answer.ts';
import type {Answer} from '../../src/dialects/dialect.ts';
import {readWords, wordsOf} from '../../src/dialects/words.ts';
import {problem} from '../support/serve-once.ts';
import {answer, type Spec} from '../attempt/answers.ts';

const asProblem = {'content-type': 'application/problem+json'};
const asHtml = {'content-type': 'text/html; charset=utf-8'};
const asXml = {'content-type': 'application/problem+xml'};
const untyped = {'content-type': ''};

async function read(spec: Spec) {
	return readWords(await answer(spec));
}

/** The code, type, title or message is documented by the one named, or in its source; the rest stands beside it. */
type Row = [provider: string, spec: Spec];

describe('in progress', () => {
	test.each<Row>([
		['Resend', {status: 409, body: {name: 'concurrent_idempotent_requests', message: 'Try again later'}}],
		['payware', {status: 409, body: {error: {code: 'ERR_IDEMPOTENCY_KEY_IN_PROGRESS'}}}],
		['PayMongo', {status: 409, body: {errors: [{code: 'idempotency_in_progress'}]}}],
		['TrueLayer', {status: 409, body: {title: 'Idempotency-Key Concurrency Conflict'}, headers: asProblem}],
		['Toss', {status: 409, body: {code: 'IDEMPOTENT_REQUEST_PROCESSING'}}],
		['Stripe', {status: 409, body: {error: {type: 'idempotency_error', code: 'idempotency_key_in_use'}}}],
		[
			'Shopify, in GraphQL',
			{status: 200, body: {data: {refundCreate: {userErrors: [{code: 'IDEMPOTENCY_CONCURRENT_REQUEST'}]}}}},
		],
		['PayPal', {status: 409, body: {name: 'RESOURCE_CONFLICT', details: [{issue: 'PREVIOUS_REQUEST_IN_PROGRESS'}]}}],
		['Adyen', {status: 422, body: {errorCode: '704', message: 'request already processed or in progress'}}],
		['Adyen', {status: 409, body: {errorCode: '704', message: 'request already processed or in progress'}}],
		[
			'Medusa',
			{
				status: 409,
				body: {
					code: 'invalid_state_error',
					message:
						'The request conflicted with another request. You may retry the request with the provided Idempotency-Key.',
				},
			},
		],
	])('%s: %o', async (_, spec) => {
		expect(await read(spec)).toBe('in-progress');
	});

	test.each([
		'A request with this idempotency key is being processed',
		'A request with this Idempotency-Key is still being processed.',
		'request with this idempotency key is being executed',
		'request with this idempotency key is currently executing',
		'request with this idempotency key is executing',
		'request with this idempotency key is being handled',
		'request with this idempotency key is already running',
		'request with the same idempotency key is still running',
		'A request with this idempotency key is already processing. Please wait.',
		'A request with this Idempotency-Key is already in flight',
		'An idempotent request is pending',
		'The first request with this idempotency key has not finished yet',
		'The request for this idempotency key has not yet been completed',
		'The first request with this idempotency key hasn’t completed',
		'Idempotency key is in use by a concurrent request',
		'Idempotency key conflicted with another request, you may retry with the same key',
		'Another request with the same idempotency key is being processed. Please retry in a moment.',
	])('%s', async message => {
		for (const status of [409, 422, 423]) {
			expect(await read({status, body: message})).toBe('in-progress');
			expect(await read({status, body: {description: message}})).toBe('in-progress');
		}
	});

	const running = 'A request with this idempotency key is being handled';

	test.each([400, 412, 425, 429])('under the status %d too, which would free the key otherwise', async status => {
		expect(await read({status, body: {message: running}})).toBe('in-progress');
		expect(await read({status, body: {code: 'idempotency_in_progress'}})).toBe('in-progress');
	});

	test.each([400, 404, 412, 422, 429])('by a %d that names no key, but this very request', async status => {
		expect(await read({status, body: {message: 'Request is already being processed'}})).toBe('in-progress');
	});

	test.each(['the same', 'this', 'the provided'])('of "%s key"', async which => {
		expect(await read({status: 409, body: {message: `Cannot lock ${which} key, it is locked`}})).toBe('in-progress');
	});

	test.each<[string, Spec['body'], Record<string, string>?]>([
		['RFC 9457: detail', {type: 'about:blank', status: 409, detail: running}, asProblem],
		['RFC 9457: title', {title: running}, asProblem],
		['RFC 9457: type', {type: 'https://api.test/problems/idempotency-request-in-progress'}, asProblem],
		['RFC 9457 as XML', `<problem xmlns="urn:ietf:rfc:7807"><detail>${running}</detail></problem>`, asXml],
		['error as a string', {error: running}],
		['error_description', {error: 'conflict', error_description: running}],
		['errorMessage', {errorCode: 'E17', errorMessage: running}],
		['error.details', {error: {details: [{issue: 'IDEMPOTENCY_IN_PROGRESS'}]}}],
		['error_codes', {error_type: 'request_invalid', error_codes: ['idempotent_request_in_progress']}],
		['error.errors', {error: {errors: [{message: running}]}}],
		['the second of two errors', {errors: [{message: 'Conflict'}, {message: running}]}],
		['errors as strings', {errors: [running]}],
		['errors by field', {errors: {idempotency_key: ['is being processed']}}],
		['an array', [{message: running}]],
		['a string', running, {'content-type': 'application/json; charset=utf-8'}],
		['a JSON string', JSON.stringify(running), {'content-type': 'application/json'}],
		['fault', {fault: {faultstring: running, detail: {errorcode: 'x'}}}],
		['extensions', {errors: [{message: 'Conflict', extensions: {code: 'IDEMPOTENCY_IN_PROGRESS'}}]}],
		['a nested detail', {detail: {code: 'idempotency_in_progress'}}],
		['camel case', {code: 'IdempotentRequestInProgress'}],
		[
			'HTML',
			`<!doctype html><title>409</title><h1>Conflict</h1><p>A request with this <b>idempotency key</b>\n\tis <i>being</i> handled</p>`,
			asHtml,
		],
		['no content type', running, untyped],
		['JSON without a content type', JSON.stringify({error: {message: running}}), untyped],
		['JSON called text', JSON.stringify({error: {message: running}}), {'content-type': 'text/plain'}],
		['bytes', running, {'content-type': 'application/octet-stream'}],
	])('%s', async (_, body, headers) => {
		expect(await read({status: 409, body, ...(headers && {headers})})).toBe('in-progress');
	});

	test.each<[string, Spec]>([
		['JSON', {status: 200, body: {error: {message: running}}}],
		['text', {status: 200, body: running}],
		['GraphQL', {status: 200, body: {data: null, errors: [{message: running}]}}],
	])('said by a 200: %s', async (_, spec) => {
		expect(await read(spec)).toBe('in-progress');
	});
});

describe('another payload', () => {
	test.each<Row>([
		['Whop', {status: 400, body: {error: {code: 'idempotency_key_mismatch'}}}],
		['payware', {status: 422, body: {error: {code: 'ERR_IDEMPOTENCY_KEY_REUSED'}}}],
		['Square', {status: 400, body: {errors: [{category: 'INVALID_REQUEST_ERROR', code: 'IDEMPOTENCY_KEY_REUSED'}]}}],
		['TrueLayer', {status: 422, body: {title: 'Idempotency-Key Reuse'}, headers: asProblem}],
		['Resend', {status: 409, body: {name: 'invalid_idempotent_request', message: 'Cannot be retried'}}],
		['AWS', {status: 400, body: {__type: 'x', code: 'IdempotentParameterMismatch'}}],
		[
			'AWS, in XML',
			{
				status: 400,
				body: '<Response><Errors><Error><Code>IdempotentParameterMismatch</Code></Error></Errors></Response>',
				headers: {'content-type': 'text/xml'},
			},
		],
		['Shopify', {status: 422, body: {errors: [{code: 'IDEMPOTENCY_KEY_PARAMETER_MISMATCH'}]}}],
		[
			'a problem type',
			{status: 409, body: {type: 'https://developer.example.com/problems/idempotency-key-reused'}, headers: asProblem},
		],
		['the status of express-idempotency', {status: 417, body: 'Idempotency: the request differs from the first one'}],
		[
			'Stripe',
			{
				status: 400,
				body: {
					error: {
						type: 'idempotency_error',
						message:
							'Keys for idempotent requests can only be used with the same parameters they were first used with.',
					},
				},
			},
		],
	])('%s: %o', async (_, spec) => {
		expect(await read(spec)).toBe('mismatched');
	});

	test.each([
		'This idempotency key was sent with a different payload.',
		'The same key was sent with a different payload.',
		'Idempotency key does not match the request',
		'The request does not match the original request for this Idempotency-Key',
		'Idempotency-Key: parameters don’t match those of the first request',
		'Idempotency key reused with different arguments',
		'This idempotency key has already been used with different request data.',
		'Idempotency key already used with another onboarding payload',
		'Idempotency key already used for a different transfer: 7',
		'The Idempotency-Key is already bound to a different upload.',
		'Same idempotency key, different request body',
		'Idempotency key in use with different parameters',
		'The body differs from that of the first request under this idempotency key',
		'idempotency_key_payload_conflict',
		'Idempotency conflict: the request body has been modified',
		'Request fingerprint does not match the stored idempotency record',
	])('%s', async message => {
		expect(await read({status: 422, body: message})).toBe('mismatched');
		expect(await read({status: 409, body: {errors: [{detail: message}]}})).toBe('mismatched');
	});

	test.each([200, 401, 403, 404, 429])('is not what a %d says, and no ordinary answer either', async status => {
		expect(await read({status, body: {message: 'Idempotency key reused with a different payload'}})).toBe('key-used');
	});
});

describe('used before, without a word about the payload', () => {
	test.each<Row>([
		['Increase', {status: 409, body: {type: 'idempotency_key_already_used_error', resource_id: 'account_1'}}],
		[
			'GoCardless',
			{
				status: 409,
				body: {
					error: {
						type: 'invalid_state',
						errors: [
							{
								message: 'A resource has already been created with this idempotency key',
								reason: 'idempotent_creation_conflict',
							},
						],
					},
				},
			},
		],
		['Yuno', {status: 409, body: {code: 'IDEMPOTENCY_DUPLICATED'}}],
		['Auriko', {status: 409, body: {error: {code: 'idempotency_replay_unavailable'}}}],
		['PayPal', {status: 400, body: {name: 'DUPLICATE_REQUEST_ID'}}],
		['PayPal', {status: 422, body: {details: [{issue: 'PAYPAL_REQUEST_ID_PREVIOUSLY_USED'}]}}],
		['the draft’s title alone', {status: 422, body: {title: 'Idempotency-Key is already used'}}],
	])('%s: %o', async (_, spec) => {
		expect(await read(spec)).toBe('key-used');
	});

	test.each([
		'The idempotency key has already been used.',
		'Idempotency key was already used for another request.',
		'Idempotency key already used. Please use a different key for each request.',
		'Idempotency key used by a different user',
		'A request with this idempotency key has already been executed',
		'A request with this idempotency key was already handled',
		'A request with this idempotency key has been processed',
		'Idempotency-Key was reused',
		'Idempotency key re-use is not allowed',
		'Duplicate idempotency key',
		'Same idempotency key, but a different request',
		'The idempotency key is already associated with another operation',
	])('%s', async message => {
		for (const status of [400, 403, 409, 422]) {
			expect(await read({status, body: message})).toBe('key-used');
			expect(await read({status, body: {error: message}})).toBe('key-used');
		}
	});
});

describe('an earlier attempt under this key has failed: nothing was done, whatever the status', () => {
	test.each([
		'IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED',
		'A previous request with this idempotency key has failed.',
		'The first execution under this Idempotency-Key failed; use a new one.',
		'Idempotency key: the original operation failed',
		'The last attempt for the same idempotency key failed',
	])('%s', async words => {
		for (const status of [200, 400, 409, 422]) {
			expect(await read({status, body: {message: words}})).toBe('key-used');
			expect(await read({status, body: {data: {refundCreate: {userErrors: [{code: words}]}}}})).toBe('key-used');
		}
	});
});

describe('nobody knows what became of the first request', () => {
	test.each([
		'idempotency-outcome-unknown',
		'The outcome of the first request with this idempotency key is unknown.',
		'Idempotency-Key: its outcome is not known',
		'The state of this idempotency key is indeterminate',
	])('%s', async words => {
		for (const status of [200, 400, 409, 422]) expect(await read({status, body: {code: words}})).toBe('key-used');
	});
});

describe('nothing', () => {
	test.each<[string, Spec]>([
		['a validation error', {status: 422, body: {detail: 'The amount is different from the request'}}],
		['an unrelated conflict', {status: 409, body: {title: 'Concurrency Conflict'}}],
		['another kind of request', {status: 409, body: {message: 'A refund request is already in progress'}}],
		['a processed order', {status: 409, body: {message: 'The order is already being processed'}}],
		['a missing key', {status: 400, body: {title: 'Idempotency-Key is missing'}}],
		['a malformed key', {status: 422, body: 'Idempotency key does not match the required format'}],
		['a malformed key', {status: 400, body: {message: 'Request header Idempotency-Key does not match pattern'}}],
		[
			'a decline that tells what to do next',
			{status: 422, body: {message: 'Declined. To try another payment method, use a new Idempotency-Key'}},
		],
		[
			'a validation error that tells it',
			{status: 422, body: {message: 'Bad amount. Use a new idempotency key for changed parameters'}},
		],
		['words that fit neither', {status: 409, body: {code: 'idempotency_conflict'}}],
		['Sinch', {status: 409, body: {type: 'https://developers.sinch.com/errors/registry/idempotency-conflict'}}],
		['in progress under a status that may have had its effect', {status: 500, body: {code: 'idempotency_in_progress'}}],
		['pending, by a 202', {status: 202, body: {message: 'The idempotent request is being processed'}}],
		['a success that is being processed', {status: 200, body: {message: 'Payment is being processed'}}],
		['a success that was given before', {status: 200, body: {message: 'Idempotency key already used: first answer'}}],
		['a failure that is not of the key', {status: 200, body: {message: 'Paid. The previous attempt failed.'}}],
		['a key that is shown', {status: 200, body: {idempotency_key: 'in progress', status: 'pending'}}],
		[
			'words far down a page',
			{status: 409, body: `<p>${'x'.repeat(1000)}</p>idempotency in progress`, headers: asHtml},
		],
		['words of a tag', {status: 409, body: '<p class="idempotency in-progress">Conflict</p>', headers: asHtml}],
		['JSON that is no object', {status: 409, body: [null]}],
		['broken JSON', {status: 409, body: '{"code":"idempot', headers: {'content-type': 'application/json'}}],
		['words in a field that names no kind', {status: 422, body: {memo: 'idempotency key reused'}}],
		['an empty answer', {status: 409}],
	])('%s', async (_, spec) => {
		expect(await read(spec)).toBeUndefined();
	});

	test('an answer that was not read', async () => {
		const unread: Answer = {...(await answer({status: 409, body: {code: 'idempotency_reused'}})), body: undefined};
		expect(readWords(unread)).toBeUndefined();
	});
});

test.each([
	['mismatch', 'mismatched'],
	['running', 'in-progress'],
	['missing', undefined],
	['malformed', undefined],
] as const)('the draft’s problem for %s reads as %s', async (kind, expected) => {
	const {answer: problemAnswer} = await answerOf(problem(kind), true);
	expect(readWords(problemAnswer)).toBe(expected);
});

test('only strings of the answer’s own are words, and long ones are cut', async () => {
	const body = {code: 42, title: null, detail: `idempoten${'x'.repeat(5000)}`, message: {toString: 'no'}};
	expect(wordsOf(await answer({status: 409, body}))).toHaveLength(1000);
	const inherited = '{"__proto__":{"code":"reused"}}';
	const headers = {'content-type': 'application/json'};
	expect(wordsOf(await answer({status: 409, body: inherited, headers}))).toBe('');
});

test.each(['<', ' request ', 'used ', 'n’t ', 'not match ', 'different a ', '&', 'idempotency ', 'has '])(
	'a megabyte of "%s" is read in no time',
	async part => {
		const hostile = `idempotency ${part.repeat(1_000_000 / part.length)}`;
		expect(await read({status: 409, body: hostile, headers: asHtml})).not.toBe('mismatched');
		const errors = Array.from({length: 1000}, () => hostile.slice(0, 1000));
		expect(await read({status: 409, body: {errors}})).not.toBe('mismatched');
	},
);
