import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialect/ietf.ts';
import {stripe} from '../../src/dialects/stripe.ts';
import {again, doubtful, verdictOf} from './answers.ts';

const savesErrors = ietf({saves: 'errors'});

const refused = {meaning: 'refused', next: 'end', ambiguous: false};
const unsettled = {meaning: 'unsettled', next: 'end', ambiguous: true};
const inProgress = {meaning: 'in-progress', next: 'poll', ambiguous: true};
const conflict = {meaning: 'conflict', next: 'poll', ambiguous: false};

describe('the meanings of 409', () => {
	const draft = {
		type: 'https://developer.example.com/idempotency',
		title: 'A request is outstanding for this Idempotency-Key',
	};
	const problem = {'content-type': 'application/problem+json'};
	const text = 'Idempotency key is in use by a concurrent request';

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
		const increase = {type: 'idempotency_key_already_used_error', resource_id: 'account_1'};
		expect(await verdictOf({status: 409, body: increase}, doubtful)).toMatchObject(unsettled);
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
		['JSON without a word is an ordinary refusal', {body: {email: 'exists'}}, refused],
		['an empty answer is asked about', {}, conflict],
		['HTML is asked about', {body: '<h1>Conflict</h1>', headers: {'content-type': 'text/html'}}, conflict],
		['a word of idempotency that says no more is asked about', {body: {code: 'idempotency_conflict'}}, conflict],
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

	test.each([400, 409, 422])('%d with the words for another payload is one, on a first attempt', async status => {
		const title = 'Idempotency-Key is already used';
		expect(await verdictOf({status, body: {title}})).toMatchObject({meaning: 'mismatched', next: 'end'});
		expect(await verdictOf({status, body: {title}}, again)).toMatchObject(unsettled);
	});

	test.each([401, 403, 404, 500])('%d is none, whatever it says', async status => {
		const {meaning} = await verdictOf({status, body: {title: 'Idempotency-Key was reused'}});
		expect(meaning).not.toBe('mismatched');
	});
});
