import {describe, expect, test} from 'vitest';
import {replayOf} from '../../src/dialects/answers.ts';
import {defineDialect} from '../../src/dialects/define.ts';
import {fits, fitting} from '../../src/dialects/exchanges.ts';
import type {Exchange, JsonPattern} from '../../src/dialects/profile.ts';
import {gocardless, shopify} from '../../src/dialects/providers.ts';
import {stripe} from '../../src/dialects/stripe.ts';
import {answer, doubtful, first, verdictOf, type Spec} from '../attempt/answers.ts';
import {answerOf} from '../../src/attempt/answer.ts';

describe('a pattern', () => {
	test.each<[JsonPattern, unknown, boolean]>([
		['a', 'a', true],
		['1', 1, false],
		[null, null, true],
		[null, undefined, false],
		[{a: 'x'}, {a: 'x', b: 1}, true],
		[{a: 'x'}, {b: 'x'}, false],
		[{a: 'x'}, null, false],
		[{a: 'x'}, 'x', false],
		[{}, {a: 1}, true],
		[{}, null, false],
		[{a: {b: 1}}, {a: {b: 1, c: 2}}, true],
		[{a: {}}, {}, false],
		[[{code: 'x'}], [{code: 'y'}, {code: 'x', more: 1}], true],
		[[{code: 'x'}], [], false],
		[[{code: 'x'}], {0: {code: 'x'}}, false],
		[[{code: 'x'}, {code: 'y'}], [{code: 'y'}, {code: 'x'}], true],
		[{'*': {code: 'x'}}, {one: {code: 'y'}, two: {code: 'x'}}, true],
		[{'*': {code: 'x'}}, {one: {code: 'y'}}, false],
		[{'*': {code: 'x'}}, {}, false],
		[{toString: {}}, {}, false],
		[{constructor: {name: 'Object'}}, {}, false],
	])('%j of %j: %s', (pattern, value, expected) => {
		expect(fits(pattern, value)).toBe(expected);
	});
});

describe('the row that fits', () => {
	const source = 'https://bank.example';
	const rowOf = async (rows: ReadonlyArray<Omit<Exchange, 'source'>>, spec: Spec, replayed = false) => {
		const exchanges = rows.map(row => ({...row, source}));
		return fitting(exchanges, await answer(spec), replayed)?.means;
	};

	test('is the first that does', async () => {
		const rows = [
			{status: 409, body: {code: 'A'}, means: 'mismatched'},
			{status: 409, means: 'in-progress'},
			{status: '4xx', means: 'refused'},
		] as const;
		expect(await rowOf(rows, {status: 409, body: {code: 'A'}})).toBe('mismatched');
		expect(await rowOf(rows, {status: 409, body: {code: 'B'}})).toBe('in-progress');
		expect(await rowOf(rows, {status: 400})).toBe('refused');
		expect(await rowOf(rows, {status: 500})).toBeUndefined();
	});

	test('is not one of a status alone, where the answer is marked as a replay', async () => {
		expect(await rowOf([{status: 409, means: 'in-progress'}], {status: 409})).toBe('in-progress');
		expect(await rowOf([{status: 409, means: 'in-progress'}], {status: 409}, true)).toBeUndefined();
		const coded = [{status: 409, body: {code: 'A'}, means: 'in-progress'}] as const;
		expect(await rowOf(coded, {status: 409, body: {code: 'A'}}, true)).toBe('in-progress');
	});

	test('is told by its body though CORS hides its headers', async () => {
		const rows = [{status: 409, headers: {'retry-after': '1'}, body: {code: 'A'}, means: 'in-progress'}] as const;
		expect(await rowOf(rows, {status: 409, body: {code: 'A'}})).toBe('in-progress');
		expect(await rowOf(rows, {status: 409, headers: {'retry-after': '1'}, body: {code: 'B'}})).toBeUndefined();
	});

	test('is told by its headers where it has nothing else', async () => {
		const rows = [{status: ['4xx', '5xx'], headers: {'transient-error': 'true'}, means: 'in-progress'}] as const;
		expect(await rowOf(rows, {status: 422, headers: {'transient-error': ' True '}})).toBe('in-progress');
		expect(await rowOf(rows, {status: 422, headers: {'transient-error': 'false'}})).toBeUndefined();
		expect(await rowOf(rows, {status: 422})).toBeUndefined();
		expect(await rowOf(rows, {status: 200, headers: {'transient-error': 'true'}})).toBeUndefined();
	});

	test('is told by words in whatever body, but for one that nobody could read', async () => {
		const rows = [{status: '4xx', text: 'Still Running', means: 'in-progress'}] as const;
		expect(await rowOf(rows, {status: 409, body: '<pre>STILL running</pre>'})).toBe('in-progress');
		expect(await rowOf(rows, {status: 409, body: {a: [{b: 'still running'}]}})).toBe('in-progress');
		expect(await rowOf(rows, {status: 409, body: 'running'})).toBeUndefined();
		const unread = {...(await answer({status: 409})), body: undefined};
		expect(fitting([{...rows[0], source}], unread, false)).toBeUndefined();
	});

	test.each(['{"code":', '[]', 'null', '"A"', ''])('is none by its body where that is %j', async body => {
		const headers = {'content-type': 'application/json'};
		expect(await rowOf([{status: 409, body: {code: 'A'}, means: 'mismatched'}], {status: 409, headers, body})).toBe(
			undefined,
		);
	});
});

test('the same word means two things at two servers', async () => {
	const monime = defineDialect({
		name: 'monime',
		key: {header: 'Idempotency-Key'},
		methods: ['POST'],
		otherwise: 'words',
		exchanges: [
			{
				status: 409,
				text: 'idempotency_key_in_use',
				means: 'mismatched',
				source: 'https://docs.monime.io/developer-resources/api-basics/idempotency',
			},
		],
		read: '2026-11',
	});
	const spec = {status: 409, body: {error: {code: 'idempotency_key_in_use', reason: 'idempotency_key_in_use'}}};
	expect(await verdictOf(spec, {dialect: stripe, ...first})).toMatchObject({meaning: 'in-progress'});
	expect(await verdictOf(spec, {dialect: monime, ...first})).toMatchObject({meaning: 'mismatched'});
	// Without a profile, nobody knows which: it is waited for under the same key, or left open, and never refused.
	expect((await verdictOf(spec, first)).meaning).not.toMatch(/refused|mismatched/);
	expect((await verdictOf(spec, doubtful)).meaning).not.toMatch(/refused|mismatched/);
});

test('a 200 of GraphQL is read by its errors, wherever the mutation is', async () => {
	const spec = (code?: string) => ({
		status: 200,
		body: {data: {a: null, refundCreate: {userErrors: code ? [{code: 'OTHER'}, {code}] : []}}},
	});
	const context = {dialect: shopify, ...first};
	expect(await verdictOf(spec(), context)).toMatchObject({meaning: 'succeeded'});
	expect(await verdictOf(spec('IDEMPOTENCY_CONCURRENT_REQUEST'), context)).toMatchObject({meaning: 'in-progress'});
	const mismatch = spec('IDEMPOTENCY_KEY_PARAMETER_MISMATCH');
	expect(await verdictOf(mismatch, context)).toMatchObject({meaning: 'mismatched'});
	const failed = spec('IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED');
	expect(await verdictOf(failed, context)).toMatchObject({meaning: 'unsettled', ambiguous: true});
});

describe('the resource of what was done already', () => {
	const row: Exchange = {
		status: 409,
		body: {error: 'done'},
		means: 'already-done',
		resource: 'at',
		source: 'https://a.test/',
	};
	const {read} = defineDialect({...gocardless.profile, exchanges: [row]});
	const resourceAt = async (at: unknown, url = 'https://api.test/v1/payments?expand=all') => {
		const {answer: found} = await answerOf(Response.json({error: 'done', at}, {status: 409}), true);
		return read?.({...found, url}, 'key-1');
	};

	test.each<[string, unknown, string | undefined]>([
		['an id in the collection', 'PM 1/2', 'https://api.test/v1/payments/PM%201%2F2'],
		['a URL', 'https://api.test/v1/payments/1', 'https://api.test/v1/payments/1'],
		['a path', '/v1/payments/1', '/v1/payments/1'],
		['no text', 5, undefined],
		['nothing', undefined, undefined],
	])('is %s', async (_, at, resource) => {
		expect(await resourceAt(at)).toEqual({reading: 'already-done', sameKey: true, resource});
	});

	test('is what was asked for, where the request was sent to a step of it', async () => {
		const found = await resourceAt('pi_1', 'https://api.test/v1/payment_intents/pi_1/confirm');
		expect(found).toMatchObject({resource: 'https://api.test/v1/payment_intents/pi_1'});
	});

	test('is nowhere, where nobody knows where the answer came from', async () => {
		expect(await resourceAt('PM1', '')).toMatchObject({resource: undefined});
	});
});

test('a replay is the first answer with the mark, or the first answer', async () => {
	const created = () => new Response('a', {status: 201, headers: {'x-a': '1'}});
	const marked = replayOf({replayMarker: 'x-again'}, created());
	expect([marked.status, [...marked.headers], await marked.text()]).toEqual([
		201,
		[
			['content-type', 'text/plain;charset=UTF-8'],
			['x-a', '1'],
			['x-again', 'true'],
		],
		'a',
	]);
	expect([...replayOf({}, created()).headers.keys()]).toEqual(['content-type', 'x-a']);
});
