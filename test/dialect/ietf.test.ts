import {describe, expect, test} from 'vitest';
import type {Answer} from '../../src/dialect/dialect.ts';
import {ietf, wordsOf} from '../../src/dialect/ietf.ts';
import {problem} from '../../src/msw/problem.ts';
import {answerOf} from '../../src/attempt/answer.ts';
import {answer, type Spec} from '../attempt/answers.ts';

const DAY = 86_400_000;

async function read(spec: Spec): Promise<'in-progress' | 'mismatched' | undefined> {
	return ietf().read?.(await answer(spec));
}

describe('ietf', () => {
	test('sends the key bare in Idempotency-Key, and declares nothing', () => {
		expect(ietf()).toMatchObject({name: 'ietf', header: 'Idempotency-Key'});
		expect(ietf().formatKey).toBeUndefined();
		expect(ietf().retention).toBeUndefined();
		expect(ietf({retention: DAY}).retention).toBe(DAY);
	});

	test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a retention of %d is a RangeError', retention => {
		expect(() => ietf({retention})).toThrow(RangeError);
		expect(() => ietf({retention})).toThrow(/retention.*milliseconds/);
	});

	test.each([
		['0b8f0f1e', '"0b8f0f1e"'],
		['a"b\\c', '"a\\"b\\\\c"'],
	])('quoted: %s is sent as %s', (key, sent) => {
		expect(ietf({quoted: true}).formatKey?.(key)).toBe(sent);
	});

	test.each([
		[400, true],
		[402, true],
		[404, true],
		[422, true],
		[401, false],
		[403, false],
		[408, false],
		[409, false],
		[413, false],
		[425, false],
		[429, false],
		[500, false],
		[501, false],
	])('with saved errors, %d is saved: %s; without, nothing is', (status, saved) => {
		expect(ietf({saves: 'errors'}).saves(status)).toBe(saved);
		expect(ietf().saves(status)).toBe(false);
	});

	test.each<[Record<string, string>, boolean]>([
		[{'idempotent-replayed': 'true'}, true],
		[{'idempotency-replayed': 'true'}, true],
		[{'x-idempotent-replayed': ' True '}, true],
		[{'request-idempotency': 'true'}, true],
		[{'x-idempotency-cache-hit': 'true'}, true],
		[{'idempotent-replayed': 'false'}, false],
		[{'idempotent-replayed': 'false', 'idempotency-replayed': 'true'}, true],
		[{'idempotency-key': 'true'}, false],
		[{}, false],
	])('%o marks a replay: %s', async (headers, expected) => {
		expect(ietf().isReplay(await answer({status: 201, headers}))).toBe(expected);
	});
});

describe('the words of servers', () => {
	test.each([
		['mismatch', 'mismatched'],
		['running', 'in-progress'],
		['missing', undefined],
		['malformed', undefined],
	] as const)('the draft’s problem for %s reads as %s', async (kind, expected) => {
		const {answer: problemAnswer} = await answerOf(problem(kind), true);
		expect(ietf().read?.(problemAnswer)).toBe(expected);
	});

	test.each<[string, Spec]>([
		['Resend', {status: 409, body: {name: 'concurrent_idempotent_requests', message: 'Try again later'}}],
		['payware', {status: 409, body: {error: {code: 'ERR_IDEMPOTENCY_KEY_IN_PROGRESS'}}}],
		['PayMongo', {status: 409, body: {errors: [{code: 'idempotency_in_progress'}]}}],
		['TrueLayer', {status: 409, body: {title: 'Idempotency-Key Concurrency Conflict'}}],
		['Toss', {status: 409, body: {code: 'IDEMPOTENT_REQUEST_PROCESSING'}}],
		['a token that means both', {status: 409, body: {reason: 'idempotency_key_in_use'}}],
		['a 422', {status: 422, body: {error: 'An idempotent request is pending'}}],
	])('in progress: %s', async (_, spec) => {
		expect(await read(spec)).toBe('in-progress');
	});

	test.each<[string, Spec]>([
		['Whop', {status: 400, body: {error: {code: 'idempotency_key_mismatch'}}}],
		['payware', {status: 422, body: {error: {code: 'ERR_IDEMPOTENCY_KEY_REUSED'}}}],
		['Square', {status: 400, body: {errors: [{category: 'INVALID_REQUEST_ERROR', code: 'IDEMPOTENCY_KEY_REUSED'}]}}],
		['TrueLayer', {status: 422, body: {title: 'Idempotency-Key Reuse'}}],
		['plain text', {status: 422, body: 'This idempotency key was sent with a different payload.'}],
		[
			'problem+json',
			{
				status: 422,
				body: '{"detail":"Idempotency key does not match the request"}',
				headers: {'content-type': 'application/problem+json'},
			},
		],
	])('another payload: %s', async (_, spec) => {
		expect(await read(spec)).toBe('mismatched');
	});

	test.each<[string, Spec]>([
		['a validation error', {status: 422, body: {detail: 'The amount is different from the request'}}],
		['an unrelated conflict', {status: 409, body: {title: 'Concurrency Conflict'}}],
		['in progress under a status that never says it', {status: 500, body: {code: 'idempotency_in_progress'}}],
		['in progress as a 400', {status: 400, body: {code: 'idempotency_in_progress'}}],
		['words of a page', {status: 409, body: 'idempotency in progress', headers: {'content-type': 'text/html'}}],
		['broken JSON', {status: 409, body: '{"code":"idempot', headers: {'content-type': 'application/json'}}],
		['JSON that is no object', {status: 409, body: [null]}],
		['words in a field that names no kind', {status: 422, body: {memo: 'idempotency key reused'}}],
	])('nothing: %s', async (_, spec) => {
		expect(await read(spec)).toBeUndefined();
	});

	test('an answer that was not read says nothing', async () => {
		const unread: Answer = {...(await answer({status: 409, body: {code: 'idempotency_reused'}})), body: undefined};
		expect(ietf().read?.(unread)).toBeUndefined();
	});

	test('only strings of the answer’s own are words, and long ones are cut', async () => {
		const body = {code: 42, title: null, detail: `idempoten${'x'.repeat(5000)}`, message: {toString: 'no'}};
		expect(wordsOf(await answer({status: 409, body}))).toHaveLength(1000);
		expect(
			wordsOf(
				await answer({
					status: 409,
					body: '{"__proto__":{"code":"reused"}}',
					headers: {'content-type': 'application/json'},
				}),
			),
		).toBe('');
	});
});
