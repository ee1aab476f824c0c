import {describe, expect, test} from 'vitest';
import {shipped} from './all.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {again, doubtful, first, verdictOf, type Spec} from '../attempt/answers.ts';

/** What servers without a dialect say, as their pages have it. */
const inProgress: Array<[string, Spec]> = [
	['TrueLayer', {status: 409, body: {title: 'Idempotency-Key Concurrency Conflict', status: 409}}],
	['payware', {status: 409, body: {code: 'ERR_IDEMPOTENCY_KEY_IN_PROGRESS'}}],
	['PayMongo', {status: 409, body: {errors: [{code: 'idempotency_in_progress'}]}}],
	['Toss Payments', {status: 409, body: {code: 'IDEMPOTENT_REQUEST_PROCESSING'}}],
	[
		'BlueSnap',
		{
			status: 409,
			body: {
				message: [
					{errorName: 'x', code: '60102', description: 'REQUEST_WITH_SAME_IDEMPOTENCY_KEY_ALREADY_IN_PROGRESS'},
				],
			},
		},
	],
	['Gravity', {status: 409, body: {message: 'A transaction with the supplied idempotency-key is already in progress'}}],
	[
		'Sinch',
		{
			status: 409,
			body: {
				type: 'https://developers.sinch.com/docs/errors/registry/idempotency-conflict',
				title: 'Idempotency Conflict',
				detail: 'A request with Idempotency-Key 3fa85f64 is still being processed. Retry later with the same key.',
			},
		},
	],
	['Ripple', {status: 409, headers: {'retry-after': '1'}, body: {error: 'conflict'}}],
	[
		'Brandur’s example',
		{status: 409, body: {error: 'An API request with the same `Idempotency-Key` is already in progress.'}},
	],
];

const mismatched: Array<[string, Spec]> = [
	[
		'the draft',
		{
			status: 422,
			body: {
				title: 'Idempotency-Key is already used',
				detail: 'Idempotency Key MUST not be reused across different payloads of this operation.',
			},
		},
	],
	['payware', {status: 422, body: {code: 'ERR_IDEMPOTENCY_KEY_REUSED'}}],
	['Whop', {status: 400, body: {error: {code: 'idempotency_key_mismatch'}}}],
	[
		'Gravity',
		{
			status: 409,
			body: {message: 'A transaction with the supplied idempotency-key already exists with a conflicting payload'},
		},
	],
	[
		'BlueSnap',
		{status: 422, body: {description: 'SAME_IDEMPOTENCY_KEY_WAS_ALREADY_IN_USE_WITH_PREVIOUS_DIFFERENT_REQUEST'}},
	],
	[
		'hono',
		{
			status: 422,
			body: {detail: 'A request with the same idempotency key but different parameters was already processed'},
		},
	],
];

/** Done already, or used, in words that say no more. */
const done: Array<[string, Spec]> = [
	[
		'GoCardless',
		{
			status: 409,
			body: {
				error: {
					type: 'invalid_state',
					message: 'A resource has already been created with this idempotency key',
					errors: [{reason: 'idempotent_creation_conflict', links: {conflicting_resource_id: 'PM1'}}],
				},
			},
		},
	],
	['Increase', {status: 409, body: {type: 'idempotency_key_already_used_error', resource_id: 'transfer_1'}}],
	['Auriko', {status: 409, body: {error: {code: 'idempotency_replay_unavailable'}}}],
	[
		'Banking Circle',
		{
			status: 400,
			body: {error: {code: 400, message: 'IdempotencyKey 1 was already used at 2026-11-01 creating entity 2.'}},
		},
	],
	['Monime', {status: 409, body: {error: {reason: 'idempotency_key_in_use'}}}],
	['Auriko, of another payload', {status: 409, body: {error: {code: 'idempotency_conflict'}}}],
];

const dialect = ietf();

describe('without a dialect, in doubt', () => {
	test.each(inProgress)('%s: the first request is waited for, under the same key', async (_, spec) => {
		for (const context of [first, again, doubtful])
			expect(await verdictOf(spec, {dialect, ...context})).toMatchObject({next: 'poll'});
	});

	test.each(mismatched)(
		'%s: what names another payload is never a refusal, and no reuse of our own repeat',
		async (_, spec) => {
			const {meaning} = await verdictOf(spec, {dialect, ...first});
			expect(['mismatched', 'unsettled', 'in-progress', 'conflict']).toContain(meaning);
			for (const context of [again, doubtful])
				expect((await verdictOf(spec, {dialect, ...context})).meaning).not.toMatch(/refused|mismatched|succeeded/);
		},
	);

	test.each(done)('%s: what is done or used is neither refused nor reuse', async (_, spec) => {
		for (const context of [first, again, doubtful]) {
			const {meaning, binding} = await verdictOf(spec, {dialect, ...context});
			expect(meaning).not.toMatch(/refused|mismatched|succeeded/);
			expect(binding).toBe(false);
		}
	});

	test('a 422 without a word of the key is a validation error, and never reuse', async () => {
		const spec = {status: 422, body: {errors: {amount: ['must be positive']}}};
		expect(await verdictOf(spec, {dialect, ...first})).toMatchObject({meaning: 'refused'});
		expect(await verdictOf(spec, {dialect, ...doubtful})).toMatchObject({meaning: 'unsettled'});
	});

	test('TrueLayer’s other 409 is not of the key', async () => {
		const spec = {status: 409, body: {title: 'Concurrency Conflict', status: 409}};
		expect((await verdictOf(spec, {dialect, ...first})).meaning).not.toMatch(/mismatched|succeeded/);
	});

	test('a 503 of the server’s store of keys is tried again under the key', async () => {
		const spec = {status: 503, body: {error: {sub_type: 'IDEMPOTENCY_UNAVAILABLE'}}};
		expect(await verdictOf(spec, {dialect, ...first})).toMatchObject({meaning: 'failed', next: 'retry'});
	});

	test.each<[string, string, boolean]>([
		['idempotent-replayed', 'true', true],
		['idempotent-replayed', 'false', false],
		['idempotency-replay', 'true', true],
		['request-idempotency', 'true', true],
		['x-idempotency-cache-hit', 'true', true],
		['x-gcs-idempotence-request-timestamp', '1764150000000', true],
		['x-gcs-idempotence-request-timestamp', '', false],
		['idempotency-status', 'ignored', false],
		['idempotency-key', '8e03978e-40d5-43e8-bc93-6894a57f9324', false],
	])('%s: %s marks a replay: %s', async (name, value, replayed) => {
		const spec = {status: 503, headers: {[name]: value}};
		expect(await verdictOf(spec, {dialect, ...doubtful})).toMatchObject({replayed});
	});
});

test('a guard’s own refusal is not taken for a saved one: after a lost answer it settles nothing', async () => {
	const titles = ['Authenticated principal required', 'Idempotency key required'];
	const verdicts = await Promise.all(
		shipped
			.filter(({code}) => code === 'springStarter')
			.flatMap(one => titles.map(async title => verdictOf({status: 400, body: {title}}, {...one, ...doubtful}))),
	);
	expect(verdicts.map(({meaning}) => meaning)).toEqual(['unsettled', 'unsettled']);
});

describe('under every dialect', () => {
	test.each(shipped)('$code: a saved 5xx that is marked is never asked for again', async ({dialect: own, profile}) => {
		const marker = profile.replayMarker ?? 'idempotent-replayed';
		const {next, final} = await verdictOf({status: 500, headers: {[marker]: 'true'}}, {dialect: own, ...doubtful});
		const reads = profile.replayMarker !== undefined || profile.name === 'ietf';
		expect([next, final]).toEqual(reads ? ['end', true] : ['retry', false]);
	});

	test.each(shipped)('$code: a bare 422 is no reuse', async ({dialect: own}) => {
		const spec = {status: 422, body: {errors: {amount: ['must be positive']}}};
		expect((await verdictOf(spec, {dialect: own, ...first})).meaning).toBe('refused');
	});

	test.each(shipped)('$code: no word of another’s makes a lost answer a refusal', async ({dialect: own}) => {
		const specs = [...inProgress, ...mismatched, ...done].filter(([, {status}]) => status === 409);
		const verdicts = await Promise.all(specs.map(async ([, spec]) => verdictOf(spec, {dialect: own, ...doubtful})));
		expect(verdicts.filter(({meaning}) => meaning === 'refused')).toEqual([]);
	});

	test.each(shipped)(
		'$code: headers that CORS hides make nothing worse than unknown',
		async ({dialect: own, profile}) => {
			const rows = profile.exchanges.filter(({headers, body, text}) => headers && !body && !text);
			for (const row of rows) {
				const [status] = [row.status].flat().filter(one => typeof one === 'number' && one >= 400);
				const {meaning} = await verdictOf({status: Number(status ?? 503)}, {dialect: own, ...doubtful});
				expect(meaning).not.toMatch(/refused|mismatched|succeeded/);
			}

			expect(own.isReplay).toBeTypeOf('function');
		},
	);
});
