import {expect, test} from 'vitest';
import {bestDialect, type Known} from '../../src/probe/best-dialect.ts';
import {profiles, type Profile} from '../../src/probe/profiles.ts';

function known(means: Known['means'], status: number, headers: Record<string, string> = {}, body = ''): Known {
	return {means, answer: {kind: 'answer', status, headers, body, cut: false, ms: 0}};
}

const draft = [known('replayed', 201), known('in-progress', 409), known('mismatched', 422), known('key-missing', 400)];

const stripe = [
	known('replayed', 200, {'idempotent-replayed': 'true'}),
	known('in-progress', 409, {}, '{"error":{"code":"idempotency_key_in_use","type":"invalid_request_error"}}'),
	known('mismatched', 400, {}, '{"error":{"type":"idempotency_error"}}'),
];

test('what was seen is named', () => {
	expect(bestDialect(draft, profiles, 'Idempotency-Key')).toMatchObject({name: 'ietf', differs: []});
	expect(bestDialect(stripe, profiles, 'idempotency-key')).toMatchObject({name: 'stripe', differs: []});
});

test('what differs is named too', () => {
	const seen = [...draft.filter(({means}) => means !== 'key-missing'), known('key-missing', 422)];
	expect(bestDialect(seen, profiles, 'Idempotency-Key')).toEqual({
		name: 'ietf',
		agrees: ['replayed', 'in-progress', 'mismatched'],
		differs: ['key-missing'],
	});
});

test('one dissenting answer of many is enough to differ', () => {
	const seen = [...draft, known('in-progress', 425)];
	expect(bestDialect(seen, profiles, 'Idempotency-Key')?.differs).toEqual(['in-progress']);
});

test('nothing seen is no dialect', () => {
	expect(bestDialect([], profiles, 'Idempotency-Key')).toBeUndefined();
	expect(bestDialect([], profiles, undefined)).toBeUndefined();
});

test('another header differs, and so does a key that stands in the body', () => {
	for (const header of ['X-Request-Id', undefined])
		expect(bestDialect(draft, profiles, header)).toMatchObject({name: 'ietf', differs: ['header']});
	const inBody: Profile = {...profiles[0]!, name: 'in-body', key: {}};
	expect(bestDialect(draft, [...profiles, inBody], undefined)).toMatchObject({name: 'in-body', differs: []});
});

test('rows are read as those of latchkey/dialects: classes of statuses, words, any member, lists', () => {
	const profile: Profile = {
		name: 'rows',
		key: {header: 'Idempotency-Key'},
		exchanges: [
			{means: 'mismatched', status: [400, '5xx'], body: {errors: {'*': [{code: 'reused'}]}}},
			{means: 'in-progress', status: '4xx', text: 'Still Running'},
		],
	};
	const read = (means: Known['means'], status: number, body: string) =>
		bestDialect([known(means, status, {}, body)], [profile], 'Idempotency-Key')?.agrees;
	expect(read('mismatched', 503, '{"errors":{"a":[{},{"code":"reused","b":1}]}}')).toEqual(['mismatched']);
	expect(read('mismatched', 422, '{"errors":{"a":[{"code":"reused"}]}}')).toBeUndefined();
	expect(read('mismatched', 400, '{"errors":{"a":{"code":"reused"}}}')).toBeUndefined();
	expect(read('in-progress', 409, 'It is STILL running.')).toEqual(['in-progress']);
});

test('what is explained worse than it is explained is no dialect', () => {
	const seen = [known('mismatched', 417), known('in-progress', 409)];
	expect(bestDialect(seen, profiles, 'Idempotency-Key')).toBeUndefined();
});

test('a closer match beats a general one, in any order of the profiles', () => {
	const general: Profile = {
		name: 'general',
		key: {header: 'Idempotency-Key'},
		exchanges: [{means: 'mismatched', status: 409}],
	};
	const close: Profile = {
		name: 'close',
		key: {header: 'Idempotency-Key'},
		exchanges: [{means: 'mismatched', status: 409, body: {code: 'REUSED', more: {deep: 1}}}],
	};
	const seen = [known('mismatched', 409, {}, '{"code":"REUSED","more":{"deep":1,"other":2}}')];
	for (const order of [
		[general, close],
		[close, general],
	])
		expect(bestDialect(seen, order, 'Idempotency-Key')?.name).toBe('close');
	const unlike = [known('mismatched', 409, {}, '{"code":"REUSED","more":null}')];
	expect(bestDialect(unlike, [close, general], 'Idempotency-Key')?.name).toBe('general');
});
