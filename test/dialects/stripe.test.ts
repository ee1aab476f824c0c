import {describe, expect, test} from 'vitest';
import {stripe} from '../../src/dialects/stripe.ts';
import {answer, doubtful, verdictOf} from '../attempt/answers.ts';

const dialect = stripe;

describe('stripe', () => {
	test('declares at least 24 h of retention', () => {
		expect(stripe).toMatchObject({header: 'Idempotency-Key', retention: 24 * 60 * 60 * 1000});
	});

	test.each([
		[402, true],
		[500, true],
		[503, true],
		[400, false],
		[401, false],
		[403, false],
		[404, false],
		[409, false],
		[422, false],
		[429, false],
	])('%d says by itself that execution had begun: %s', async (status, saved) => {
		expect(stripe.saves?.(await answer({status}))).toBe(saved);
	});

	test.each([
		[404, 'resource_missing'],
		[400, 'parameter_invalid_empty'],
		[400, 'lock_timeout'],
	])('a %d (%s) may be of the moment: after a lost answer it settles only as a marked replay', async (status, code) => {
		const spec = {status, body: {error: {type: 'invalid_request_error', code}}};
		const unsettled = {meaning: 'unsettled', next: 'end', ambiguous: true};
		expect(await verdictOf(spec, {dialect, ...doubtful})).toMatchObject(unsettled);
		const headers = {'idempotent-replayed': 'true'};
		expect(await verdictOf({...spec, headers}, {dialect, ...doubtful})).toMatchObject({
			meaning: 'refused',
			binding: true,
		});
	});

	test('a 501 of what stands in front of it settles nothing after a lost answer', async () => {
		expect(await verdictOf({status: 501}, {dialect, ...doubtful})).toMatchObject({meaning: 'unsettled'});
	});

	test.each([
		['true', true],
		['false', false],
	])('Idempotent-Replayed: %s', async (value, expected) => {
		expect(stripe.isReplay(await answer({status: 200, headers: {'idempotent-replayed': value}}))).toBe(expected);
	});

	test('a 500 is tried again until it is marked as saved; then it is final', async () => {
		expect(await verdictOf({status: 500}, {dialect})).toMatchObject({meaning: 'failed', next: 'retry'});
		const headers = {'idempotent-replayed': 'true'};
		expect(await verdictOf({status: 500, headers}, {dialect, ...doubtful})).toMatchObject({
			meaning: 'unsettled',
			next: 'end',
			final: true,
		});
	});

	test('a decline after a lost answer is believed: it is saved under the key', async () => {
		const body = {error: {type: 'card_error', code: 'card_declined'}};
		expect(await verdictOf({status: 402, body}, {dialect, ...doubtful})).toMatchObject({
			meaning: 'refused',
			binding: true,
		});
	});

	test.each([400, 422])('idempotency_error with %d is a mismatch', async status => {
		const body = {error: {type: 'idempotency_error', message: 'Keys can only be used with the same parameters'}};
		expect(await verdictOf({status, body}, {dialect})).toMatchObject({meaning: 'mismatched', next: 'end'});
		expect(await verdictOf({status, body: {error: {type: 'card_error'}}}, {dialect})).toMatchObject({
			meaning: 'refused',
		});
	});

	test('a key in use is in progress', async () => {
		const body = {error: {type: 'idempotency_error', code: 'idempotency_key_in_use'}};
		expect(await verdictOf({status: 409, body}, {dialect})).toMatchObject({meaning: 'in-progress', next: 'poll'});
		const headers = {'idempotent-replayed': 'true'};
		expect(await verdictOf({status: 409, body, headers}, {dialect})).toMatchObject({meaning: 'in-progress'});
	});

	test.each([
		[402, 'true', {next: 'retry'}],
		[500, 'false', {meaning: 'unsettled', next: 'end', final: true}],
		[429, 'false', {meaning: 'not-processed', next: 'end'}],
	])('Stripe-Should-Retry decides about %d: %s', async (status, value, expected) => {
		expect(await verdictOf({status, headers: {'stripe-should-retry': value}}, {dialect})).toMatchObject(expected);
	});
});
