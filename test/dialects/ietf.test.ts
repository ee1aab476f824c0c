import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {answer} from '../attempt/answers.ts';

const DAY = 86_400_000;

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
	])('with saved errors, %d is saved: %s; with saved successes, none is', async (status, saved) => {
		const given = await answer({status});
		expect(ietf({saves: 'errors'}).saves?.(given)).toBe(saved);
		expect(ietf({saves: 'success'}).saves?.(given)).toBe(false);
	});

	test('what is saved is declared only where it is said', () => {
		expect(ietf().saves).toBeUndefined();
		expect(ietf({retention: DAY}).saves).toBeUndefined();
	});

	test.each<[Record<string, string>, boolean]>([
		[{'idempotent-replayed': 'true'}, true],
		[{'idempotency-replayed': 'true'}, true],
		[{'x-idempotent-replayed': ' True '}, true],
		[{'idempotency-replay': 'true'}, true],
		[{'idempotent-replay': 'true'}, true],
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
