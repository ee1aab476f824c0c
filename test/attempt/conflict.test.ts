import {describe, expect, test} from 'vitest';
import {verdictOfAnswer} from '../../src/attempt/verdict.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {stripe} from '../../src/dialects/stripe.ts';
import {again, doubtful, first, verdictOf, whole, type Spec} from './answers.ts';

const savesErrors = ietf({saves: 'errors'});

const refused = {meaning: 'refused', next: 'end', ambiguous: false};
const unsettled = {meaning: 'unsettled', next: 'end', ambiguous: true};
const inProgress = {meaning: 'in-progress', next: 'poll', ambiguous: true};
const text = 'Idempotency key is in use by a concurrent request';
const conflict = {meaning: 'conflict', next: 'poll', ambiguous: false};
/** It speaks of the key, and may say that it was used. */
const doubted = {...conflict, ambiguous: true};

/** Nothing is settled: it ends so, or is asked again. */
const open = {meaning: expect.stringMatching(/^(unsettled|in-progress)$/) as string, binding: false};

describe('the meanings of 409', () => {
	const draft = {
		type: 'https://developer.example.com/idempotency',
		title: 'A request is outstanding for this Idempotency-Key',
	};
	const problem = {'content-type': 'application/problem+json'};
	test.each([
		['the draft’s problem', {body: draft, headers: problem}],
		['a code', {body: {error: {code: 'idempotency_in_progress'}}}],
		['plain text', {body: text}],
		['Retry-After', {headers: {'retry-after': '1'}}],
		['Retry-After beside another reason', {headers: {'retry-after': '1'}, body: {code: 'locked'}}],
	])('in progress, by %s: ambiguous, and asked again', async (_, spec) => {
		expect(await verdictOf({status: 409, ...spec})).toMatchObject(inProgress);
		expect(await verdictOf({status: 409, ...spec}, doubtful)).toMatchObject(inProgress);
	});

	test.each([400, 404, 412, 422])('in progress, by a %d without a word of the key: asked again', async status => {
		const body = {message: 'Request is already being processed'};
		for (const before of [first, again, doubtful])
			expect(await verdictOf({status, body}, before)).toMatchObject(inProgress);
	});

	test('a lock that is stuck after a 5xx reads as in progress', async () => {
		const body = {message: 'A request with this idempotency key is still processing'};
		expect(await verdictOf({status: 409, body}, doubtful)).toMatchObject(inProgress);
	});

	// Invariant 9
	test('another payload: a mismatch on a first attempt, and nothing that settles on our own repeat', async () => {
		const body = {name: 'invalid_idempotent_request', message: 'Same idempotency key, different request payload'};
		expect(await verdictOf({status: 409, body})).toMatchObject({meaning: 'mismatched', next: 'end', ambiguous: false});
		expect(await verdictOf({status: 409, body}, again)).toMatchObject(unsettled);
		expect(await verdictOf({status: 409, body}, doubtful)).toMatchObject(unsettled);
	});

	test('already done, without a word: asked about, never a refusal at once', async () => {
		expect(await verdictOf({status: 409})).toMatchObject(conflict);
		expect(await verdictOf({status: 409}, doubtful)).toMatchObject(conflict);
	});

	test('already done, with the id: never a refusal after a doubt', async () => {
		const error = {type: 'invalid_state', message: 'Created already', links: {conflicting_resource_id: 'PM1'}};
		expect(await verdictOf({status: 409, body: {error}}, doubtful)).toMatchObject(unsettled);
	});

	test('already done, with a word of the key: never a refusal nor a mismatch', async () => {
		const body = {type: 'idempotency_key_already_used_error', resource_id: 'account_1'};
		for (const before of [first, again, doubtful])
			expect(await verdictOf({status: 409, body}, before)).toMatchObject(unsettled);
	});

	test('a replay with the first body: never a refusal after a doubt', async () => {
		expect(await verdictOf({status: 409, body: {payment: 42}}, doubtful)).toMatchObject(conflict);
	});

	test('an unrelated conflict: refused on a first attempt, not believed after a doubt', async () => {
		const body = {title: 'Concurrency Conflict', type: 'https://docs.example.com/errors#concurrency'};
		expect(await verdictOf({status: 409, body, headers: problem})).toMatchObject(refused);
		expect(await verdictOf({status: 409, body, headers: problem}, doubtful)).toMatchObject(unsettled);
		expect(await verdictOf({status: 409, body}, {dialect: savesErrors, ...doubtful})).toMatchObject(unsettled);
	});

	test.each([
		['JSON without a word is an ordinary refusal', {body: {stock: 'none'}}, refused],
		['an empty answer is asked about', {}, conflict],
		['HTML is asked about', {body: '<h1>Conflict</h1>', headers: {'content-type': 'text/html'}}, conflict],
		['a word of idempotency that says no more is asked about', {body: {code: 'idempotency_conflict'}}, doubted],
		['words of the same key are such a word', {body: {title: 'Cannot serve the same key'}}, doubted],
	])('%s, on a first attempt', async (_, spec, expected) => {
		expect(await verdictOf({status: 409, ...spec})).toMatchObject(expected);
	});

	test('the type about:blank is no reason: after a doubt it is asked about', async () => {
		expect(await verdictOf({status: 409, body: {type: 'about:blank'}}, doubtful)).toMatchObject(conflict);
		expect(await verdictOf({status: 409, body: {type: 'email_taken'}}, doubtful)).toMatchObject(unsettled);
	});

	test('all of stripe’s are in progress', async () => {
		expect(await verdictOf({status: 409}, {dialect: stripe})).toMatchObject(inProgress);
		expect(await verdictOf({status: 409, body: {error: {code: 'lock_timeout'}}}, {dialect: stripe})).toMatchObject(
			inProgress,
		);
	});
});

// Invariant 8: a server that saves its own answers about the key replays them.
describe('a first answer, which may be that of a second copy', () => {
	test.each([
		'Request already in process',
		'An identical request is being processed',
		'Payment is already being processed',
		'This payment is being executed',
		'Your previous payment is still being handled',
		'We are processing your first request',
		'IN_FLIGHT',
		'OPERATION_IN_PROGRESS',
		'EXECUTION_ALREADY_IN_PROGRESS',
		'concurrent_request',
	])('says that work goes on, in words such as "%s"', async message => {
		for (const status of [409, 422]) expect(await verdictOf({status, body: {message}})).toMatchObject(inProgress);
	});

	test.each(['Could not acquire lock for idempotency key', 'A request is outstanding for this Idempotency-Key'])(
		'says so by a 400: %s',
		async message => {
			expect(await verdictOf({status: 400, body: {message}})).toMatchObject(inProgress);
		},
	);

	test.each([
		{id: 1, message: 'Your request is being processed', idempotency_key: 'k'},
		{message: 'Your payment is being processed', key: 'Idempotency-Key: k'},
	])('is a success where it only repeats the key: %o', async body => {
		expect(await verdictOf({status: 201, body})).toMatchObject({meaning: 'succeeded'});
	});
});

describe('a refusal that is said to be saved, after a doubt', () => {
	const saves = {...doubtful, dialect: ietf({saves: 'errors'})};

	test.each([
		'Previous request not finished',
		'Please wait for the previous request to complete',
		'The operation is locked',
		'A request with this key is queued',
		'original request not settled',
	])('is in doubt where it speaks of other work: %s', async message => {
		expect((await verdictOf({status: 422, body: {message}}, saves)).meaning).not.toBe('refused');
	});

	test.each([419, 423, 428, 440, 498, 499])('is none of the handler: %d', async status => {
		expect(await verdictOf({status}, saves)).toMatchObject(unsettled);
	});
});

describe('about the key, and marked as a replay', () => {
	const headers = {'idempotent-replayed': 'true'};
	const running = 'A request with this idempotency key is being processed';

	test.each([400, 409, 422, 425, 429])('in progress, by %d: asked again', async status => {
		for (const before of [first, again, doubtful]) {
			expect(await verdictOf({status, body: {message: running}, headers}, before)).toMatchObject(inProgress);
			expect(await verdictOf({status, body: running, headers}, before)).toMatchObject(inProgress);
		}
	});

	test('in progress, where the marker is the only word of the key: asked again', async () => {
		const body = {message: 'The payment is still being processed'};
		expect(await verdictOf({status: 409, body, headers})).toMatchObject(inProgress);
		expect(await verdictOf({status: 409, body: {message: 'E-mail exists already'}, headers})).toMatchObject(refused);
	});

	test.each(['Operation pending', 'busy', 'The order is being processed', 'processing'])(
		'in progress, where "%s" is all that is said: asked again',
		async message => {
			for (const status of [409, 423, 425, 429])
				for (const before of [first, doubtful])
					expect(await verdictOf({status, headers, body: {message}}, before)).toMatchObject(inProgress);
		},
	);

	test.each<[string, Omit<Spec, 'status'>]>([
		['without a word', {}],
		['with an empty object', {body: {}}],
		['with a time to come back', {body: {code: 'email_exists'}, headers: {'retry-after': '1'}}],
		['with a word to come back', {body: {code: 'email_exists'}, headers: {'x-should-retry': 'true'}}],
		['with its words in a field that nobody knows', {body: {meta: {message: running}}}],
		['with its words in an attribute', {body: '<error code="IDEMPOTENCY_IN_PROGRESS"/>'}],
		['in other words', {body: {message: 'Please wait for the previous request to complete'}}],
		['in other words still', {body: {message: 'The original request is still open'}}],
		['about a queue', {body: {message: 'Your request is queued'}}],
	])('a 409 %s: nothing is settled', async (_, {headers: more, ...spec}) => {
		for (const before of [first, again, doubtful]) {
			expect(await verdictOf({status: 409, headers: {...headers, ...more}, ...spec}, before)).toMatchObject(open);
		}
	});

	test.each([
		'Idempotent operation is ongoing',
		'IDEMPOTENT_REQUEST_STARTED',
		'idempotency-conflict',
		'Idempotency key is active',
		'Request with this Idempotency-Key is not done yet',
	])('a 422 about the key, in words such as "%s": nothing is settled', async message => {
		expect(await verdictOf({status: 422, headers, body: {message}}, doubtful)).toMatchObject(open);
	});

	test.each([
		'account_locked',
		'kyc_not_completed',
		'Outstanding balance exceeds the limit',
		'You have a pending dispute',
	])('a 422 for a reason of its own, such as "%s": a binding refusal', async code => {
		expect(await verdictOf({status: 422, headers, body: {code}}, doubtful)).toMatchObject({...refused, binding: true});
	});

	test('in progress, by a 503: asked again', async () => {
		const body = {code: 'idempotency_request_in_progress'};
		expect(await verdictOf({status: 503, headers, body}, doubtful)).toMatchObject(inProgress);
		expect(await verdictOf({status: 503, headers}, doubtful)).toMatchObject({...unsettled, final: true});
	});

	test('in a body that could not be read: nothing is settled', () => {
		for (const status of [400, 409, 422])
			for (const marked of [headers, {}])
				for (const dialect of [ietf(), ietf({saves: 'errors'})]) {
					const unread = {
						status,
						headers: new Headers(marked),
						statusText: '',
						url: '',
						redirected: false,
						body: undefined,
					};
					const {meaning} = verdictOfAnswer({...unread, type: 'basic'}, {...whole, ...doubtful, dialect});
					expect(meaning).toMatch(/^(unsettled|conflict)$/);
				}
	});

	test('for another reason: a binding refusal', async () => {
		const spec = {status: 409, headers, body: {code: 'out_of_stock', message: 'Sold out'}};
		for (const before of [first, doubtful])
			expect(await verdictOf(spec, before)).toMatchObject({...refused, binding: true});
	});

	test('in progress, by a 200: asked again', async () => {
		expect(await verdictOf({status: 200, body: {error: running}, headers})).toMatchObject(inProgress);
	});

	test('in progress, with a time to wait: asked again then', async () => {
		const asked = {...headers, 'retry-after': '2'};
		const given = {status: 409, body: running, headers: asked};
		expect(await verdictOf(given, doubtful)).toMatchObject({...inProgress, retryAfter: 2000});
	});

	test('in progress, with a word against asking: in doubt', async () => {
		const never = {...headers, 'x-should-retry': 'false'};
		expect(await verdictOf({status: 409, body: running, headers: never})).toMatchObject(unsettled);
	});

	test('another payload: a mismatch on a first attempt, and nothing that frees the key on a repeat', async () => {
		const spec = {status: 422, body: {code: 'idempotency_key_reused'}, headers};
		expect(await verdictOf(spec)).toMatchObject({meaning: 'mismatched', next: 'end'});
		for (const before of [again, doubtful]) expect(await verdictOf(spec, before)).toMatchObject(unsettled);
	});

	test.each([
		['used before', 'Idempotency key has already been used'],
		['in words that fit nothing', 'Idempotency conflict'],
	])('%s: settles nothing', async (_, message) => {
		for (const before of [first, again, doubtful])
			expect(await verdictOf({status: 409, body: {message}, headers}, before)).toMatchObject(unsettled);
	});
});

// Invariant 9
describe('a mismatch is never invented', () => {
	const validation = {
		type: 'validation_error',
		title: 'Unprocessable',
		detail: 'The amount is different from the cart',
	};

	test.each([400, 422])('%d without a word of idempotency is an ordinary refusal', async status => {
		expect(await verdictOf({status})).toMatchObject(refused);
		expect(await verdictOf({status, body: validation})).toMatchObject(refused);
	});

	test('a missing or malformed key is an ordinary refusal', async () => {
		const title = 'Idempotency-Key is missing';
		expect(await verdictOf({status: 400, body: {title}})).toMatchObject(refused);
	});

	const otherPayload = {title: 'Idempotency-Key was used with another payload'};

	test.each([400, 409, 422])('%d with the words for another payload is one, on a first attempt', async status => {
		expect(await verdictOf({status, body: otherPayload})).toMatchObject({meaning: 'mismatched', next: 'end'});
		expect(await verdictOf({status, body: otherPayload}, again)).toMatchObject(unsettled);
	});

	// A browser or a proxy repeats a POST unseen; its first copy may have had its effect.
	test.each([400, 403, 409, 417, 422])(
		'%d with a word of an earlier use, and none of the payload, settles nothing',
		async status => {
			const title = 'Idempotency-Key is already used';
			for (const before of [first, again, doubtful])
				expect(await verdictOf({status, body: {title}}, before)).toMatchObject({...unsettled, final: false});
			expect(await verdictOf({status, body: {title}, headers: {'x-should-retry': 'true'}})).toMatchObject(unsettled);
		},
	);

	test('a conflict with another request, to be asked again under the same key, is none', async () => {
		const message = 'The request conflicted with another request. You may retry with the provided Idempotency-Key.';
		expect(await verdictOf({status: 409, body: {message}})).toMatchObject(inProgress);
	});

	describe('of a key that others may send too', () => {
		const unknown = {...unsettled, final: true};

		test.each([first, again, doubtful])('at %o nobody knows, and asking again would tell nothing', async before => {
			const context = {...before, foreign: true};
			expect(await verdictOf({status: 422, body: otherPayload}, context)).toMatchObject(unknown);
			expect(await verdictOf({status: 409, body: 'Idempotency key was already used'}, context)).toMatchObject(unknown);
			const body = {error: {type: 'idempotency_error'}};
			expect(await verdictOf({status: 400, body}, {...context, dialect: stripe})).toMatchObject(unknown);
		});

		test('in progress is asked about, and any other answer is read as ever', async () => {
			const context = {foreign: true};
			expect(await verdictOf({status: 409, body: text}, context)).toMatchObject(inProgress);
			expect(await verdictOf({status: 402}, context)).toMatchObject(refused);
			expect(await verdictOf({status: 201}, context)).toMatchObject({meaning: 'succeeded'});
		});
	});

	test.each([401, 403, 404, 500])('%d is none, whatever it says', async status => {
		const {meaning} = await verdictOf({status, body: {title: 'Idempotency-Key was reused'}});
		expect(meaning).not.toBe('mismatched');
	});
});
