import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {isOpen, type OperationRecord} from '../../src/operation/record.ts';
import {isDefinitive, precedence, type State} from '../../src/operation/state.ts';
import {claimRule} from '../../src/stores/claim-rule.ts';
import {forgetRule, renewRule, settleRule, sweepRule} from '../../src/stores/rules.ts';
import {claimOf, ID} from './claim-of.ts';

const NOW = 1_800_000_000_000;

function begun(): OperationRecord {
	return claimRule(ID, undefined, claimOf(), NOW).write!;
}

const states: readonly State[] = [
	{status: 'succeeded', httpStatus: 201},
	{status: 'refused', httpStatus: 402},
	{status: 'mismatched', httpStatus: 422},
	{status: 'unknown'},
	{status: 'unknown', final: true},
];

type Step = (record: OperationRecord | undefined, now: number) => OperationRecord | undefined;

const owner = fc.constantFrom('ann', 'bob', 'cid');
const key = fc.integer({min: 1, max: 4}).map(n => `key-${n}`);
const token = fc.integer({min: 1, max: 5});

const step: fc.Arbitrary<Step> = fc.oneof(
	fc.record({owner, key, fingerprint: fc.constantFrom('print-1', 'print-2'), takeFrom: owner}).map(
		(over): Step =>
			(record, now) =>
				claimRule(ID, record, claimOf(over), now).write ?? record,
	),
	fc.record({owner, key, token, lease: fc.constant(30_000)}).map(
		(renewal): Step =>
			(record, now) =>
				renewRule(record, renewal, now).write ?? record,
	),
	fc.record({owner, key, token, state: fc.constantFrom(...states), fenced: fc.boolean(), keepAnswer: fc.boolean()}).map(
		(settlement): Step =>
			(record, now) =>
				settleRule(record, settlement, now).write ?? record,
	),
	fc.record({key, how: fc.constantFrom('complete', 'forget', 'force')}).map(
		(freeing): Step =>
			(record, now) =>
				forgetRule(record, freeing, now).write ?? record,
	),
	fc.constant<Step>((record, now) => record && sweepRule(record, now)),
);

type Rule = (before: OperationRecord, after: OperationRecord | undefined) => boolean;

/** Any steps, by anybody, in any order: those that break the rule, `null` if none do. */
function counterexample(rule: Rule) {
	const walks = fc.array(fc.tuple(step, fc.integer({min: 0, max: 40_000})), {maxLength: 40});
	const keepsTo = (walk: Array<[Step, number]>) => {
		let record: OperationRecord | undefined;
		let now = NOW;
		return walk.every(([next, pause]) => {
			now += pause;
			const before = record && Object.freeze(record);
			record = next(before, now);
			return before === undefined || rule(before, record);
		});
	};
	return fc.check(fc.property(walks, keepsTo), {numRuns: 500}).counterexample;
}

describe('whatever happens in whatever order', () => {
	test('an operation gets another key only once it was refused or freed', () => {
		const rule: Rule = (before, after) =>
			after?.key === before.key || before.freed || before.state.status === 'refused';
		expect(counterexample(rule)).toBeNull();
	});

	test('a definitive state never gives way to a weaker one under the same key', () => {
		const rule: Rule = (before, after) =>
			after?.key !== before.key || !isDefinitive(before.state) || precedence(after.state) >= precedence(before.state);
		expect(counterexample(rule)).toBeNull();
	});

	test('an open record is never dropped', () => {
		expect(counterexample((before, after) => !isOpen(before) || after !== undefined)).toBeNull();
	});

	test('no token ever comes back, and another owner has a greater one', () => {
		const rule: Rule = (before, after) =>
			after === undefined ||
			after.token > before.token ||
			(after.token === before.token && (after.owner === before.owner || after.owner === ''));
		expect(counterexample(rule)).toBeNull();
	});

	test('a key never gets any younger', () => {
		const rule: Rule = (before, after) => after?.key !== before.key || after.keyUntil === before.keyUntil;
		expect(counterexample(rule)).toBeNull();
	});

	test('an ambiguous key stays ambiguous', () => {
		const rule: Rule = (before, after) => after?.key !== before.key || !before.ambiguous || after.ambiguous;
		expect(counterexample(rule)).toBeNull();
	});

	test('a freed operation comes back only under another key', () => {
		const rule: Rule = (before, after) => after?.key !== before.key || !before.freed || after.freed;
		expect(counterexample(rule)).toBeNull();
	});
});

describe('a clock that was set back', () => {
	const HOUR = 3_600_000;

	test('shows in a claim: `now` lies before the last write', () => {
		const {result} = claimRule(ID, begun(), claimOf(), NOW - HOUR);
		expect(result).toMatchObject({status: 'claimed', now: NOW - HOUR, record: {updatedAt: NOW}});
	});

	test('does not turn back the last write of a renewal or an outcome', () => {
		const renewal = {key: 'key-1', owner: 'ann', token: 1, lease: 30_000};
		expect(renewRule(begun(), renewal, NOW - HOUR).write?.updatedAt).toBe(NOW);
		const doubt = {...renewal, state: {status: 'unknown'}, fenced: true, keepAnswer: false} as const;
		expect(settleRule(begun(), doubt, NOW - HOUR).write?.updatedAt).toBe(NOW);
	});
});

test('a second busy answer writes nothing, since the record is already awaited', () => {
	const {write} = claimRule(ID, begun(), claimOf({owner: 'bob'}), NOW);
	expect(write?.awaited).toBe(true);
	expect(claimRule(ID, write, claimOf({owner: 'cid'}), NOW)).toEqual({
		result: {status: 'busy', record: write, now: NOW},
	});
});

test('a sweep gives back the same record when there is nothing to drop', () => {
	const record = begun();
	expect(sweepRule(record, NOW)).toBe(record);
});
